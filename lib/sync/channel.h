// SPDX-License-Identifier: MIT
/* What a select does with channels. */
#ifndef SYNC_CHANNEL_H
#define SYNC_CHANNEL_H

#include <coil/channel.h>

/* 0; -ESHUTDOWN; -EAGAIN: it has to wait. */
int channel_send_now(coil_channel *channel, void *value);
int channel_recv_now(coil_channel *channel, void **value);

#endif

// SPDX-License-Identifier: MIT
#include "io/retry.h"

#include <coil/poll.h>

enum { EVENTS_ALL = 0xffff }; /* above are epoll's flags, which poll(2) does not have */

int coil_poll(int fd, unsigned events)
{
    if (fd < 0)
        return -EBADF;
    return events > EVENTS_ALL ? -EINVAL : io_await_ready(fd, events);
}

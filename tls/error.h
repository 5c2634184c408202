// SPDX-License-Identifier: MIT
/*
 * OpenSSL's errors. They lie in a queue of the thread, which all its tasks share: whoever calls
 * OpenSSL empties the queue, calls, and reads it, and suspends nowhere in between.
 */
#ifndef TLS_ERROR_H
#define TLS_ERROR_H

#include <stddef.h>

enum { TLS_MESSAGE = 160 };

/* The code of what this thread's queue says: -ENOMEM, the system's, else -COIL_ETLS; and its
 * words, cut to `size`. The queue is empty then. */
int tls_queued_error(char *words, size_t size);

#endif

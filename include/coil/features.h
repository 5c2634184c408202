// SPDX-License-Identifier: MIT
/*
 * What this kernel offers to a loop.
 */
#ifndef COIL_FEATURES_H
#define COIL_FEATURES_H

#include <coil/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum coil_feature {
    COIL_HAS_SOCKET = 1,        /* coil_socket */
    COIL_HAS_BIND = 2,          /* coil_bind, coil_listen (Linux 6.11) */
    COIL_HAS_WAITID = 4,        /* coil_waitid for children of every type (6.7) */
    COIL_HAS_FUTEX = 8,         /* coil_futex_wait at all (6.7) */
    COIL_HAS_FTRUNCATE = 16,    /* coil_ftruncate (6.9) */
    COIL_HAS_PIPE = 32,         /* coil_pipe (6.16) */
    COIL_HAS_MANY_ACCEPT = 64,  /* one operation accepts many connections */
    COIL_HAS_MANY_RECV = 128,   /* one operation receives many times */
    COIL_HAS_LENT_BUFFERS = 256 /* the kernel picks the buffers */
};

/*
 * Tells which functions a loop's engine carries out by itself: a set of COIL_HAS_*. The others are
 * plain calls that do not block, or calls on a thread; where neither will do, the function's own
 * comment says so.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; 0 for NULL and error-encoded pointers.
 */
COIL_API unsigned coil_features(const coil_loop *loop);

#ifdef __cplusplus
}
#endif

#endif

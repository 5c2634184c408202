// SPDX-License-Identifier: MIT
/*
 * What newer kernels offer, by name, and which of it COIL_FEATURES in the environment masks, so
 * that the oldest supported kernel and every fall-back are tested on a new one:
 *
 *     COIL_FEATURES=6.1                         masks what is newer than Linux 6.1
 *     COIL_FEATURES=-defer_taskrun,-no_iowait   masks these
 *     COIL_FEATURES=6.12,-bind                  both
 *
 * A mask only takes away. Whether the kernel has a feature is found out by trying it, never by its
 * version: distributions port features, and bugs, back.
 */
#ifndef OS_FEATURES_H
#define OS_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

enum feature {
    FEATURE_RING_FD,       /* 5.18: a registered descriptor of the ring */
    FEATURE_SUBMIT_ALL,    /* 5.18: one bad entry does not stop the others */
    FEATURE_MSG_RING,      /* 5.18 */
    FEATURE_BUFFER_RINGS,  /* 5.19: buffers that the kernel picks from */
    FEATURE_COOP_TASKRUN,  /* 5.19: no interruption for completions, and the flag that tells */
    FEATURE_MANY_ACCEPT,   /* 5.19 */
    FEATURE_SOCKET,        /* 5.19 */
    FEATURE_MANY_RECV,     /* 6.0 */
    FEATURE_SINGLE_ISSUER, /* 6.0 */
    FEATURE_DEFER_TASKRUN, /* 6.1 */
    FEATURE_FUTEX,         /* 6.7 */
    FEATURE_WAITID,        /* 6.7 */
    FEATURE_FTRUNCATE,     /* 6.9 */
    FEATURE_BIND,          /* 6.11 */
    FEATURE_LISTEN,        /* 6.11 */
    FEATURE_GUARD_INSTALL, /* 6.13: guard pages without mappings */
    FEATURE_GUARD_MANY,    /* 6.13: and many of them by one process_madvise */
    FEATURE_NO_IOWAIT,     /* 6.15: waiting for a ring does not count as waiting for a disk */
    FEATURE_PIPE,          /* 6.16 */
    FEATURE_NOSIGNAL,      /* 6.18: writes that raise no SIGPIPE */
    FEATURES
};

/* Whether the environment does not mask it. It is read once; a value that makes no sense gives one
 * warning and masks nothing. */
bool feature_allowed(enum feature feature);

/* A bit for each feature that a value of COIL_FEATURES masks; -EINVAL, and `masked` is as before:
 * an item of it is neither a version nor -NAME. */
int features_parse(const char *text, uint32_t *masked);

/* For tests: masks these from now on, whatever the environment says; returns those before. */
uint32_t features_mask(uint32_t masked);

#endif

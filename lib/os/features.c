// SPDX-License-Identifier: MIT
#include "os/features.h"

#include "base/assert.h"
#include "base/warn.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define VERSION(major, minor) ((major)*1000u + (minor))

static const struct {
    const char *name;
    unsigned since; /* the first kernel that has it */
} features[FEATURES] = {
    [FEATURE_RING_FD] = {"ring_fd", VERSION(5, 18)},
    [FEATURE_SUBMIT_ALL] = {"submit_all", VERSION(5, 18)},
    [FEATURE_MSG_RING] = {"msg_ring", VERSION(5, 18)},
    [FEATURE_BUFFER_RINGS] = {"buffer_rings", VERSION(5, 19)},
    [FEATURE_COOP_TASKRUN] = {"coop_taskrun", VERSION(5, 19)},
    [FEATURE_MANY_ACCEPT] = {"many_accept", VERSION(5, 19)},
    [FEATURE_SOCKET] = {"socket", VERSION(5, 19)},
    [FEATURE_MANY_RECV] = {"many_recv", VERSION(6, 0)},
    [FEATURE_SINGLE_ISSUER] = {"single_issuer", VERSION(6, 0)},
    [FEATURE_DEFER_TASKRUN] = {"defer_taskrun", VERSION(6, 1)},
    [FEATURE_FUTEX] = {"futex", VERSION(6, 7)},
    [FEATURE_WAITID] = {"waitid", VERSION(6, 7)},
    [FEATURE_FTRUNCATE] = {"ftruncate", VERSION(6, 9)},
    [FEATURE_BIND] = {"bind", VERSION(6, 11)},
    [FEATURE_LISTEN] = {"listen", VERSION(6, 11)},
    [FEATURE_GUARD_INSTALL] = {"guard_install", VERSION(6, 13)},
    [FEATURE_GUARD_MANY] = {"guard_many", VERSION(6, 13)},
    [FEATURE_NO_IOWAIT] = {"no_iowait", VERSION(6, 15)},
    [FEATURE_PIPE] = {"pipe", VERSION(6, 16)},
    [FEATURE_NOSIGNAL] = {"nosignal", VERSION(6, 18)},
};

_Static_assert(FEATURES <= 32, "a bit each");

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_uint_least32_t masked_features;

/* A number of at most three digits; returns what follows it, or NULL. */
static const char *parse_number(const char *text, unsigned *number)
{
    const char *c = text;

    for (*number = 0; *c >= '0' && *c <= '9' && c - text < 3; c++)
        *number = *number * 10 + (unsigned)(*c - '0');
    return c == text ? NULL : c;
}

static int parse_version(const char *item, size_t length, uint32_t *masked)
{
    unsigned major, minor;
    const char *end = parse_number(item, &major);

    if (!end || *end != '.')
        return -EINVAL;
    end = parse_number(end + 1, &minor);
    if (end != item + length)
        return -EINVAL;
    for (unsigned i = 0; i < FEATURES; i++)
        if (features[i].since > VERSION(major, minor))
            *masked |= UINT32_C(1) << i;
    return 0;
}

static int parse_name(const char *name, size_t length, uint32_t *masked)
{
    for (unsigned i = 0; i < FEATURES; i++) {
        if (strlen(features[i].name) == length && memcmp(features[i].name, name, length) == 0) {
            *masked |= UINT32_C(1) << i;
            return 0;
        }
    }
    return -EINVAL;
}

int features_parse(const char *text, uint32_t *masked)
{
    uint32_t found = 0;

    while (*text) {
        size_t length = strcspn(text, ",");
        int rc = *text == '-' ? parse_name(text + 1, length - 1, &found)
                              : parse_version(text, length, &found);
        if (rc < 0)
            return rc;
        text += length;
        text += *text == ',';
    }
    *masked = found;
    return 0;
}

static void look(void)
{
    const char *text = secure_getenv("COIL_FEATURES");
    uint32_t masked = 0;

    if (text && features_parse(text, &masked) < 0)
        coil__warn("COIL_FEATURES=%s masks nothing: it is no list of a version such as 6.1 and of "
                   "names such as -defer_taskrun",
                   text);
    atomic_store(&masked_features, masked);
}

static uint32_t masked_now(void)
{
    int rc = pthread_once(&once, look);

    ASSERT(rc == 0);
    return atomic_load_explicit(&masked_features, memory_order_relaxed);
}

bool feature_allowed(enum feature feature)
{
    return !(masked_now() >> feature & 1);
}

uint32_t features_mask(uint32_t masked)
{
    uint32_t before = masked_now();

    atomic_store(&masked_features, masked);
    return before;
}

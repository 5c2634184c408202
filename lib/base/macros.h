// SPDX-License-Identifier: MIT
/* The few attributes and helpers that every folder uses. */
#ifndef BASE_MACROS_H
#define BASE_MACROS_H

#include <stddef.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))
#define array_length(array)                 (sizeof(array) / sizeof((array)[0]))

#define NOINLINE                   __attribute__((noinline))
#define ALWAYS_INLINE              inline __attribute__((always_inline))
#define PRINTF_LIKE(string, first) __attribute__((format(printf, string, first)))

/* A cache line of every CPU that coil has assembly for. */
#define CACHE_LINE 64

/*
 * Has a line of memory brought to the caches. The empty assembly is there for gcc: it takes a
 * function that only prefetches for one without any effect, and leaves out the calls of it.
 */
static inline void fetch_line(const void *line)
{
    __asm__ volatile("" : : "r"(line));
    __builtin_prefetch(line);
}

/* Compilers disagree on how they say which sanitizer is on. */
#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifndef WITH_ASAN
#define WITH_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__)
#define WITH_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WITH_TSAN 1
#endif
#endif
#ifndef WITH_TSAN
#define WITH_TSAN 0
#endif

#endif

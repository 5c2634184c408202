// SPDX-License-Identifier: MIT
/*
 * Memory that nobody may touch now (set), that may be touched again but holds nothing (clear), or
 * whose old content may be read (defined): ASan and Valgrind report whoever does otherwise. Nothing
 * in other builds.
 */
#ifndef BASE_POISON_H
#define BASE_POISON_H

#include "base/macros.h"

/* Whether the program runs on Valgrind, and this build can tell. */
#if COIL_VALGRIND && !WITH_ASAN
#define ON_VALGRIND unlikely(coil__on_valgrind)
#else
#define ON_VALGRIND 0
#endif

#if WITH_ASAN
#include <sanitizer/asan_interface.h>
#define poison_set(memory, size)     __asan_poison_memory_region(memory, size)
#define poison_clear(memory, size)   __asan_unpoison_memory_region(memory, size)
#define poison_defined(memory, size) __asan_unpoison_memory_region(memory, size)
#elif COIL_VALGRIND
#include <stdbool.h>
#include <valgrind/memcheck.h>
/* Asked once: a request to Valgrind costs some ns when it is not there. */
extern bool coil__on_valgrind;
#define poison_set(memory, size)                                                                   \
    (unlikely(coil__on_valgrind) ? (void)VALGRIND_MAKE_MEM_NOACCESS(memory, size) : (void)0)
#define poison_clear(memory, size)                                                                 \
    (unlikely(coil__on_valgrind) ? (void)VALGRIND_MAKE_MEM_UNDEFINED(memory, size) : (void)0)
#define poison_defined(memory, size)                                                               \
    (unlikely(coil__on_valgrind) ? (void)VALGRIND_MAKE_MEM_DEFINED(memory, size) : (void)0)
#else
#define poison_set(memory, size)     ((void)(memory), (void)(size))
#define poison_clear(memory, size)   ((void)(memory), (void)(size))
#define poison_defined(memory, size) ((void)(memory), (void)(size))
#endif

#endif

// SPDX-License-Identifier: MIT
/*
 * Tells ASan, TSan and Valgrind which stack runs. Each of them keeps its own idea of "the stack",
 * and takes a switch that it was not told of for an overflow or a race. Empty in other builds.
 *
 * ASan learns the bounds of a thread's own stack from the first switch away from it: finishing a
 * switch returns the bounds of the stack that was left, so they are stored in its context.
 */
#ifndef CTX_SANITIZE_H
#define CTX_SANITIZE_H

#include "base/macros.h"
#include "base/poison.h"

#include <stddef.h>

#if WITH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if WITH_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if COIL_VALGRIND
#include <valgrind/valgrind.h>
#endif

struct sanitize_stack {
#if WITH_ASAN
    const void *low;
    size_t size;
    void *fake;                  /* ASan's shadow frames of this stack while it does not run */
    struct sanitize_stack *left; /* whom the running switch leaves */
#endif
#if WITH_TSAN
    void *fiber;
#endif
#if COIL_VALGRIND
    unsigned id;
#endif
    char empty; /* C has no empty structs */
};

static inline void sanitize_init(struct sanitize_stack *stack, void *low, size_t size)
{
    (void)stack, (void)low, (void)size;
#if WITH_ASAN
    __asan_unpoison_memory_region(low, size); /* frames of its last user */
    stack->low = low;
    stack->size = size;
    stack->fake = NULL;
    stack->left = NULL;
#endif
#if WITH_TSAN
    stack->fiber = __tsan_create_fiber(0);
#endif
#if COIL_VALGRIND
    if (unlikely(coil__on_valgrind))
        stack->id = VALGRIND_STACK_REGISTER(low, (char *)low + size);
#endif
}

static inline void sanitize_init_thread(struct sanitize_stack *stack)
{
    (void)stack;
#if WITH_ASAN
    stack->low = NULL;
    stack->size = 0;
    stack->fake = NULL;
    stack->left = NULL;
#endif
#if WITH_TSAN
    stack->fiber = __tsan_get_current_fiber();
#endif
}

static inline void sanitize_fini(struct sanitize_stack *stack)
{
    (void)stack;
#if WITH_TSAN
    __tsan_destroy_fiber(stack->fiber);
    stack->fiber = NULL;
#endif
#if COIL_VALGRIND
    if (unlikely(coil__on_valgrind))
        VALGRIND_STACK_DEREGISTER(stack->id);
#endif
}

static ALWAYS_INLINE void sanitize_leave(struct sanitize_stack *from, struct sanitize_stack *to)
{
    (void)from, (void)to;
#if WITH_ASAN
    to->left = from;
    __sanitizer_start_switch_fiber(&from->fake, to->low, to->size);
#endif
#if WITH_TSAN
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
}

static ALWAYS_INLINE void sanitize_leave_for_good(struct sanitize_stack *from,
                                                  struct sanitize_stack *to)
{
    (void)from, (void)to;
#if WITH_ASAN
    to->left = NULL;
    __sanitizer_start_switch_fiber(NULL, to->low, to->size);
#endif
#if WITH_TSAN
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
}

static ALWAYS_INLINE void sanitize_arrive(struct sanitize_stack *stack)
{
    (void)stack;
#if WITH_ASAN
    const void *low = NULL;
    size_t size = 0;
    __sanitizer_finish_switch_fiber(stack->fake, &low, &size);
    if (stack->left) {
        stack->left->low = low;
        stack->left->size = size;
    }
#endif
}

#endif

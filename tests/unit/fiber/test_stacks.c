// SPDX-License-Identifier: MIT
#include "check.h"
#include "faults.h"

#include "fiber/stacks.h"
#include "os/os.h"

#include <pthread.h>

static int class_of_default(void)
{
    return stack_class(STACK_SIZE_DEFAULT);
}

TEST(fiber_stacks, a_thread_has_its_own_and_uses_them_again)
{
    struct stack *stack = thread_stack_take(class_of_default());

    if (!CHECK(stack))
        return;
    stack_give(stack);
    struct stack *again = thread_stack_take(class_of_default());
    CHECK_PTR(again, stack);
    if (again)
        stack_give(again);
    thread_stacks_trim();
}

TEST(fiber_stacks, what_is_in_use_is_not_trimmed)
{
    struct stack *stack = thread_stack_take(class_of_default());

    if (!CHECK(stack))
        return;
    CHECK(!thread_stacks_trim());
    *(volatile char *)stack->low = 1;
    stack_give(stack);
    thread_stacks_trim();
}

TEST(fiber_stacks, without_memory_there_is_none)
{
    if (check_walking())
        return; /* it sets faults of its own */
    thread_stacks_trim();
    for (size_t k = 1; k <= 2; k++) { /* the pool's own page, and the stacks */
        faults_fail(k, "os_reserve");
        struct stack *stack = thread_stack_take(class_of_default());
        faults_end();
        CHECK_PTR(stack, NULL);
    }
    thread_stacks_trim();
}

/* ---- the thread's end ----------------------------------------------------------------------- */

static void *take_and_give(void *low)
{
    struct stack *stack = thread_stack_take(class_of_default());

    if (stack) {
        *(char **)low = stack->low;
        stack_give(stack);
    }
    return NULL;
}

/* The pages of a thread that ended are mapped no more: nothing can be read there. */
TEST(fiber_stacks, go_with_their_thread)
{
    pthread_t thread;
    char *low = NULL, byte = 0;

    if (os_thread_start(&thread, "taker", take_and_give, &low) < 0)
        return;
    pthread_join(thread, NULL);
    FILE *memory = fopen("/proc/self/mem", "re");
    if (!CHECK(memory) || !CHECK(low)) {
        if (memory)
            fclose(memory);
        return;
    }
    setvbuf(memory, NULL, _IONBF, 0);
    CHECK(fseeko(memory, (off_t)(uintptr_t)low, SEEK_SET) == 0);
    CHECK_EQ(fread(&byte, 1, 1, memory), 0);
    fclose(memory);
}

static void note(const char *line, void *text)
{
    snprintf(text, 128, "%s", line);
}

static void *take_and_forget(void *stack)
{
    *(struct stack **)stack = thread_stack_take(class_of_default());
    return NULL;
}

TEST(fiber_stacks, in_use_at_the_end_of_their_thread_are_told_of_and_stay)
{
    pthread_t thread;
    struct stack *stack = NULL;
    char text[128] = "";

    coil_set_warning_sink(note, text);
    if (os_thread_start(&thread, "taker", take_and_forget, &stack) == 0) {
        pthread_join(thread, NULL);
        CHECK_STR(text, "a thread ended with 1 stacks of generators and fibers that nobody freed");
        if (CHECK(stack))
            *(volatile char *)stack->low = 1;
    }
    coil_set_warning_sink(NULL, NULL);
}

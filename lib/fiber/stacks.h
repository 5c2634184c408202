// SPDX-License-Identifier: MIT
/*
 * The stacks of this thread, for fibers that belong to no loop: generators and those that programs
 * make. They are pooled as a loop's are, and go at the thread's end. Memory from the kernel only,
 * so that a pool that waits for its next user holds no block of the program's allocator.
 */
#ifndef FIBER_STACKS_H
#define FIBER_STACKS_H

#include "ctx/stack.h"

#include <stdbool.h>

/* A stack of that class, which stack_give gives back. NULL: no memory. */
struct stack *thread_stack_take(int stack_class);

/* Gives what waits in the pool back to the kernel if no stack is in use; whether none is. */
bool thread_stacks_trim(void);

#endif

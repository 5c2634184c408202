// SPDX-License-Identifier: MIT
/* The two out-of-line forms: six registers pushed, the stack pointer swapped. */
#include <stddef.h>
#include <stdint.h>

struct place {
    void *sp;
};

struct runner;
void SWITCH(struct place *from, struct place *to);
void switch_call_start(void);
static void place_init(struct runner *runner, char *low, size_t size, void (*body)(void *));

static inline void place_switch(struct place *from, struct place *to)
{
    SWITCH(from, to);
}

#include "switch_bodies.h"

static void place_init(struct runner *runner, char *low, size_t size, void (*body)(void *))
{
    /* As the switch pops them: r15 r14 r13 r12 rbx rbp, the return address, and what aligns. */
    uint64_t *top = (uint64_t *)(void *)(low + size) - 8;

    for (int i = 0; i < 8; i++)
        top[i] = 0;
    top[4] = (uint64_t)(uintptr_t)body;
    top[5] = (uint64_t)(uintptr_t)runner;
    top[6] = (uint64_t)(uintptr_t)switch_call_start;
    runner->place.sp = top;
}

// SPDX-License-Identifier: MIT
#include "check.h"

#include "base/machine.h"

/* A door: locked <-> closed <-> open, and broken for good. */
enum door { LOCKED, CLOSED, OPEN, BROKEN = 7 };

static const uint8_t doors[8] = {
    [LOCKED] = MACHINE_TO(CLOSED) | MACHINE_TO(BROKEN),
    [CLOSED] = MACHINE_TO(LOCKED) | MACHINE_TO(OPEN),
    [OPEN] = MACHINE_TO(CLOSED) | MACHINE_TO(OPEN),
};

TEST(machine, a_named_move_is_made)
{
    uint8_t state = LOCKED;

    machine_move(&state, CLOSED, doors);
    CHECK_EQ(state, CLOSED);
    machine_move(&state, OPEN, doors);
    CHECK_EQ(state, OPEN);
    machine_move(&state, OPEN, doors);
    CHECK_EQ(state, OPEN);
}

TEST(machine, the_eighth_state_is_a_state)
{
    uint8_t state = LOCKED;

    machine_move(&state, BROKEN, doors);
    CHECK_EQ(state, BROKEN);
}

struct move {
    uint8_t from;
    unsigned to;
};

static void make(void *argument)
{
    struct move *move = argument;
    machine_move(&move->from, move->to, doors);
}

TEST(machine, a_move_that_is_not_named_ends_the_program)
{
    DIES(make, (&(struct move){LOCKED, OPEN}));
    DIES(make, (&(struct move){OPEN, LOCKED}));
    DIES(make, (&(struct move){CLOSED, CLOSED})); /* staying is a move, too */
    DIES(make, (&(struct move){BROKEN, CLOSED}));
}

TEST(machine, a_move_beyond_the_states_ends_the_program)
{
    DIES(make, (&(struct move){LOCKED, 8}));
    DIES(make, (&(struct move){LOCKED, 256 + CLOSED}));
}

// SPDX-License-Identifier: MIT
#include "rig.h"

#include <errno.h>

/* ---- data --------------------------------------------------------------------------------- */

TEST(flight, puts_the_data_into_the_buffer)
{
    char buffer[8] = "";
    struct op a = rig_read(3, "a", buffer, sizeof(buffer));
    RIG(r);
    world_script(r.sim,
                 (coil_sim_answer){.opcode = OP_READ, .fd = 3, .result = 6, .data = "hello"});
    PASS(rig_submit(&r, &a));
    rig_run(&r);
    CHECK_STR(r.log.text, "a=6@0");
    CHECK(memcmp(buffer, "hello", 6) == 0);
}

TEST(flight, reads_zeros_where_no_data_was_given)
{
    char buffer[4] = "abc";
    struct op a = rig_read(3, "a", buffer, sizeof(buffer));
    RIG(r);
    world_script(r.sim, (coil_sim_answer){.opcode = OP_READ, .fd = 3, .result = 4});
    PASS(rig_submit(&r, &a));
    rig_run(&r);
    CHECK(memcmp(buffer, "\0\0\0", 4) == 0);
}

TEST(flight, never_fills_more_than_the_buffer)
{
    char buffer[8] = "abcdefg";
    struct op a = rig_read(3, "a", buffer, 4);
    RIG(r);
    world_script(r.sim,
                 (coil_sim_answer){.opcode = OP_READ, .fd = 3, .result = 8, .data = "1234567"});
    PASS(rig_submit(&r, &a));
    rig_run(&r);
    CHECK_STR(buffer, "1234efg");
    CHECK_STR(r.log.text, "a=4@0");
}

/* ---- order -------------------------------------------------------------------------------- */

TEST(flight, answers_in_the_order_of_time_and_then_of_submission)
{
    struct op a = rig_op(OP_RECV, 1, "a"), b = rig_op(OP_RECV, 2, "b"), c = rig_op(OP_RECV, 3, "c");
    RIG(r);
    world_script(r.sim,
                 (coil_sim_answer){.opcode = OP_RECV, .fd = 1, .result = 1, .delay = COIL_MS(20)});
    world_script(r.sim,
                 (coil_sim_answer){.opcode = OP_RECV, .fd = 2, .result = 2, .delay = COIL_MS(10)});
    world_script(r.sim,
                 (coil_sim_answer){.opcode = OP_RECV, .fd = 3, .result = 3, .delay = COIL_MS(20)});
    PASS(rig_submit(&r, &a));
    PASS(rig_submit(&r, &b));
    PASS(rig_submit(&r, &c));
    rig_run(&r);
    CHECK_STR(r.log.text, "b=2@10 a=1@20 c=3@20");
}

TEST(flight, has_room_for_any_number_of_completions)
{
    enum { MANY = 300 };
    struct op ops[MANY];
    RIG(r);
    int in_order = 0;
    for (int i = 0; i < MANY; i++) {
        ops[i] = rig_op(OP_RECV, i, "");
        world_script(r.sim, (coil_sim_answer){.opcode = OP_RECV, .fd = i, .result = i});
        (void)rig_submit(&r, &ops[i]);
        /* Some are taken in between, so that the ring grows while it goes round its end. */
        if (i == 50)
            (void)rig_enter(&r, COIL_NEVER, false);
        struct completion completion;
        if (i > 50 && i <= 80 && r.engine && engine_reap(r.engine, &completion, 1) == 1)
            in_order += completion.result == i - 51;
    }
    (void)rig_enter(&r, COIL_NEVER, false);
    struct completion completion;
    for (int i = 30; i < MANY && r.engine && engine_reap(r.engine, &completion, 1) == 1; i++)
        in_order += completion.result == i;
    CHECK_EQ(in_order, MANY);
}

/* ---- cancellation ------------------------------------------------------------------------- */

/* An operation that would end with 5 after 50 ms, cancelled when it is on its way. */
static void cancel_on_the_way(struct rig *r, struct op *a, coil_sim_cancel cancel)
{
    world_script(
        r->sim,
        (coil_sim_answer){
            .opcode = OP_RECV, .fd = 3, .result = 5, .delay = COIL_MS(50), .cancel = cancel});
    PASS(rig_submit(r, a));
    PASS(rig_enter(r, COIL_NEVER, false));
    rig_cancel(r, a);
    rig_run(r);
}

TEST(flight, ends_at_once_by_a_cancellation_that_takes)
{
    struct op a = rig_op(OP_RECV, 3, "a");
    RIG(r);
    cancel_on_the_way(&r, &a, COIL_SIM_CANCEL_TAKES);
    CHECK_STR(r.log.text, "a=-125@0");
}

TEST(flight, ends_at_once_with_its_result_by_a_cancellation_that_loses)
{
    struct op a = rig_op(OP_RECV, 3, "a");
    RIG(r);
    cancel_on_the_way(&r, &a, COIL_SIM_CANCEL_LOSES);
    CHECK_STR(r.log.text, "a=5@0");
}

TEST(flight, goes_on_to_its_end_when_a_cancellation_is_ignored)
{
    struct op a = rig_op(OP_RECV, 3, "a");
    RIG(r);
    cancel_on_the_way(&r, &a, COIL_SIM_CANCEL_IGNORED);
    CHECK_STR(r.log.text, "a=5@50");
}

TEST(flight, ends_what_would_wait_for_ever_when_it_is_cancelled)
{
    struct op a = rig_op(OP_RECV, 3, "a");
    RIG(r);
    PASS(rig_submit(&r, &a));
    FAILS(rig_enter(&r, COIL_NEVER, true), -COIL_EDEADLOCK);
    rig_cancel(&r, &a);
    rig_run(&r);
    CHECK_STR(r.log.text, "a=-125@0");
}

TEST(flight, sends_what_was_cancelled_before_it_was_sent)
{
    struct op a = rig_op(OP_RECV, 1, "a"), b = rig_op(OP_RECV, 2, "b"), c = rig_op(OP_RECV, 3, "c");
    RIG(r);
    world_script(r.sim,
                 (coil_sim_answer){.opcode = OP_RECV, .fd = 1, .result = 1, .delay = COIL_MS(10)});
    world_script(r.sim, (coil_sim_answer){.opcode = OP_RECV,
                                          .fd = 2,
                                          .result = 2,
                                          .delay = COIL_MS(10),
                                          .cancel = COIL_SIM_CANCEL_IGNORED});
    PASS(rig_submit(&r, &a));
    PASS(rig_submit(&r, &b));
    PASS(rig_submit(&r, &c));
    rig_cancel(&r, &a);
    rig_cancel(&r, &b);
    rig_cancel(&r, &c);
    CHECK_EQ(rig_reap(&r, 8), 0); /* it takes an enter to end them */
    rig_run(&r);
    CHECK_STR(r.log.text, "a=-125@0 c=-125@0 b=2@10");
}

TEST(flight, ends_a_chain_of_answers_where_it_is_cancelled)
{
    struct op a = rig_op(OP_ACCEPT, 3, "a");
    RIG(r);
    coil_sim_answer answer = {.opcode = OP_ACCEPT, .fd = 3, .result = 7, .more = true};
    world_script(r.sim, answer);
    answer.delay = COIL_MS(10);
    answer.more = false;
    world_script(r.sim, answer);
    PASS(rig_submit(&r, &a));
    PASS(rig_enter(&r, COIL_NEVER, false));
    rig_cancel(&r, &a);
    rig_run(&r);
    CHECK_STR(r.log.text, "a=7+@0 a=-125@0");
}

TEST(flight, hears_no_cancellation_of_what_has_ended)
{
    char buffer[4];
    struct op a = rig_read(3, "a", buffer, sizeof(buffer));
    RIG(r);
    world_script(r.sim, (coil_sim_answer){.opcode = OP_READ, .fd = 3, .result = 4, .data = "abc"});
    PASS(rig_submit(&r, &a));
    PASS(rig_enter(&r, COIL_NEVER, false));
    rig_cancel(&r, &a); /* its completion is there, but nobody has taken it yet */
    PASS(rig_enter(&r, COIL_NEVER, false));
    rig_run(&r);
    CHECK_STR(r.log.text, "a=4@0");
    CHECK(memcmp(buffer, "abc", 4) == 0);
}

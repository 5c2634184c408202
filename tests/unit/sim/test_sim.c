// SPDX-License-Identifier: MIT
#include "rig.h"
#include "world.h"

#include <errno.h>

static coil_sim_options options(void)
{
    return (coil_sim_options){.size = sizeof(coil_sim_options)};
}

TEST(sim, refuses_bad_options)
{
    coil_sim_options bad = {0};
    FAILS(coil_err(coil_sim_new(&bad)), -EINVAL);
    bad = options();
    bad.start = -1;
    FAILS(coil_err(coil_sim_new(&bad)), -EINVAL);
    bad = options();
    bad.latency_max = -1;
    FAILS(coil_err(coil_sim_new(&bad)), -EINVAL);
    bad = options();
    bad.faults = 1000001;
    FAILS(coil_err(coil_sim_new(&bad)), -EINVAL);
}

TEST(sim, begins_at_one_second_or_where_it_is_told)
{
    coil_sim_options late = options();
    late.start = COIL_SEC(1000);
    coil_sim *plain = coil_sim_new(NULL), *told = coil_sim_new(&late);
    CHECK_EQ(coil_sim_time(plain), COIL_SEC(1));
    CHECK_EQ(coil_sim_time(told), COIL_SEC(1000));
    PASS(coil_sim_free(plain));
    PASS(coil_sim_free(told));
}

TEST(sim, takes_its_own_error_for_an_argument)
{
    coil_sim *none = COIL_ERR(-ENOMEM);
    coil_sim_counts counts = {.size = sizeof(counts)};
    const coil_sim_answer answer = {.size = sizeof(answer)};
    FAILS(coil_sim_time(none), -ENOMEM);
    FAILS(coil_sim_advance(none, 1), -ENOMEM);
    FAILS(coil_sim_count(none, &counts), -ENOMEM);
    FAILS(coil_sim_script(none, &answer), -ENOMEM);
    CHECK_EQ(coil_sim_free(none), 0);
    coil_loop_options with_none = {.size = sizeof(with_none), .sim = none};
    FAILS(coil_err(coil_loop_new(&with_none)), -ENOMEM);
}

TEST(sim, refuses_null)
{
    coil_sim_counts counts = {.size = sizeof(counts)};
    FAILS(coil_sim_time(NULL), -EINVAL);
    FAILS(coil_sim_advance(NULL, 1), -EINVAL);
    FAILS(coil_sim_count(NULL, &counts), -EINVAL);
    CHECK_EQ(coil_sim_free(NULL), 0);
}

TEST(sim, has_one_loop_at_a_time)
{
    WORLD(w);
    const coil_loop_options same = {.size = sizeof(same), .sim = w.sim};
    coil_loop *second = coil_loop_new(&same);
    FAILS(coil_err(second), -EBUSY);
    PASS(coil_loop_free(second));
    PASS(coil_close(w.loop));
    coil_loop *next = coil_loop_new(&same);
    PASS(coil_err(next));
    PASS(coil_loop_free(next));
}

TEST(sim, is_not_freed_under_its_loop)
{
    WORLD(w);
    if (coil_is_err(w.loop))
        return;
    FAILS(coil_sim_free(w.sim), -EBUSY);
    CHECK_EQ(world_time(&w), 0); /* it is still there */
}

static int note(void *log)
{
    record(log, "called");
    return 0;
}

TEST(sim, lets_the_user_move_the_clock)
{
    WORLD(w);
    struct record log = {""};
    FAILS(coil_sim_advance(w.sim, -1), -EINVAL);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(30), note, &log)));
    PASS(coil_sim_advance(w.sim, COIL_MS(30)));
    CHECK_EQ(coil_loop_time(w.loop), coil_sim_time(w.sim));
    CHECK_EQ(world_time(&w), COIL_MS(30));
    coil_stop(w.loop); /* one turn, which does not wait */
    PASS(coil_run_forever(w.loop));
    CHECK_STR(log.text, "called");
    CHECK_EQ(world_time(&w), COIL_MS(30));
}

TEST(sim, counts_what_it_has_seen)
{
    char buffer[4];
    struct op a = rig_read(3, "a", buffer, sizeof(buffer)), b = rig_op(OP_NOP, -1, "b");
    RIG(r);
    coil_sim_counts counts = {.size = sizeof(counts)};

    world_script(r.sim, (coil_sim_answer){.opcode = OP_READ, .fd = 3, .result = 4});
    PASS(rig_submit(&r, &a));
    PASS(rig_submit(&r, &b));
    PASS(coil_sim_count(r.sim, &counts));
    CHECK_EQ(counts.submitted, 2);
    CHECK_EQ(counts.enters, 0);
    PASS(rig_enter(&r, COIL_NEVER, false));
    CHECK_EQ(rig_reap(&r, 8), 1);
    PASS(coil_sim_count(r.sim, &counts));
    CHECK_EQ(counts.enters, 1);
    CHECK_EQ(counts.completed, 1);
    CHECK_EQ(counts.in_flight, 1);
    CHECK_EQ(counts.lent, 0);
}

TEST(sim, refuses_counts_that_it_does_not_know)
{
    RIG(r);
    coil_sim_counts counts = {.size = sizeof(counts) - 1};
    FAILS(coil_sim_count(r.sim, &counts), -EINVAL);
    FAILS(coil_sim_count(r.sim, NULL), -EINVAL);
}

TEST(sim, the_clock_has_an_end)
{
    WORLD(w);
    coil_time before = coil_sim_time(w.sim);
    FAILS(coil_sim_advance(w.sim, COIL_NEVER), -EINVAL);
    CHECK_EQ(coil_sim_time(w.sim), before);
}

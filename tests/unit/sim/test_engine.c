// SPDX-License-Identifier: MIT
#include "rig.h"

#include "sim/sim.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

/* ---- time --------------------------------------------------------------------------------- */

TEST(sim_engine, jumps_to_the_next_answer)
{
    struct op a = rig_op(OP_NOP, -1, "a");
    RIG(r);
    world_script(r.sim, (coil_sim_answer){.fd = -1, .result = 1, .delay = COIL_MS(10)});
    PASS(rig_submit(&r, &a));
    PASS(rig_enter(&r, coil_sim_time(r.sim) + COIL_MS(20), true));
    CHECK_EQ(rig_time(&r), COIL_MS(10));
    CHECK_EQ(rig_news(&r), ENGINE_CAME | ENGINE_TIME);
}

TEST(sim_engine, jumps_to_the_deadline_when_that_is_earlier)
{
    struct op a = rig_op(OP_NOP, -1, "a");
    RIG(r);
    world_script(r.sim, (coil_sim_answer){.fd = -1, .result = 1, .delay = COIL_MS(30)});
    PASS(rig_submit(&r, &a));
    PASS(rig_enter(&r, coil_sim_time(r.sim) + COIL_MS(20), true));
    CHECK_EQ(rig_time(&r), COIL_MS(20));
    CHECK_EQ(rig_news(&r), ENGINE_TIME);
}

TEST(sim_engine, does_not_wait_unless_it_is_to_block)
{
    struct op a = rig_op(OP_NOP, -1, "a");
    RIG(r);
    world_script(r.sim, (coil_sim_answer){.fd = -1, .result = 1, .delay = COIL_MS(10)});
    PASS(rig_submit(&r, &a));
    PASS(rig_enter(&r, coil_sim_time(r.sim) + COIL_MS(5), false));
    CHECK_EQ(rig_time(&r), 0);
    CHECK_EQ(rig_news(&r), 0);
}

TEST(sim_engine, does_not_wait_when_something_has_come)
{
    struct op a = rig_op(OP_NOP, -1, "a");
    RIG(r);
    world_script(r.sim, (coil_sim_answer){.fd = -1, .result = 1});
    PASS(rig_submit(&r, &a));
    PASS(rig_enter(&r, coil_sim_time(r.sim) + COIL_MS(5), true));
    CHECK_EQ(rig_time(&r), 0);
    CHECK_EQ(rig_news(&r), ENGINE_CAME);
}

static void *wake_engine(void *engine)
{
    engine_wake(engine);
    return NULL;
}

TEST(sim_engine, its_clock_stands_while_threads_work_for_it)
{
    RIG(r);
    pthread_t thread;
    if (!r.engine)
        return;
    r.engine->owed_by_threads = 1;
    CHECK(pthread_create(&thread, NULL, wake_engine, r.engine) == 0);
    PASS(rig_enter(&r, coil_sim_time(r.sim) + COIL_MS(5), true));
    pthread_join(thread, NULL);
    CHECK_EQ(rig_time(&r), 0);
    coil_time deadline = coil_sim_time(r.sim) + COIL_MS(5);
    PASS(coil_sim_advance(r.sim, COIL_MS(7)));
    PASS(rig_enter(&r, deadline, true)); /* it has passed: nobody is waited for */
    CHECK_EQ(rig_time(&r), COIL_MS(7));
    r.engine->owed_by_threads = 0;
}

TEST(sim_engine, says_so_when_nothing_can_come)
{
    RIG(r);
    FAILS(rig_enter(&r, COIL_NEVER, true), -COIL_EDEADLOCK);
    PASS(rig_enter(&r, COIL_NEVER, false)); /* nobody waits: nobody is stuck */
}

TEST(sim_engine, tells_once_that_time_has_passed)
{
    RIG(r);
    PASS(rig_enter(&r, coil_sim_time(r.sim) + 1, true));
    CHECK_EQ(rig_news(&r), ENGINE_TIME);
    CHECK_EQ(rig_news(&r), 0);
}

/* ---- what an enter costs ------------------------------------------------------------------ */

static uint64_t enters(const struct rig *r)
{
    coil_sim_counts counts = {.size = sizeof(counts)};
    PASS(coil_sim_count(r->sim, &counts));
    return counts.enters;
}

TEST(sim_engine, counts_an_enter_only_when_there_is_something_to_do)
{
    struct op a = rig_op(OP_NOP, -1, "a");
    RIG(r);
    PASS(rig_enter(&r, COIL_NEVER, false));
    CHECK_EQ(enters(&r), 0);
    PASS(rig_submit(&r, &a));
    PASS(rig_enter(&r, COIL_NEVER, false));
    CHECK_EQ(enters(&r), 1); /* it sent */
    PASS(rig_enter(&r, COIL_NEVER, false));
    CHECK_EQ(enters(&r), 1);
    rig_cancel(&r, &a);
    PASS(rig_enter(&r, COIL_NEVER, false));
    CHECK_EQ(enters(&r), 2); /* it asked for the cancellation */
    (void)rig_reap(&r, 8);
    PASS(rig_enter(&r, coil_sim_time(r.sim) + 1, true));
    CHECK_EQ(enters(&r), 3); /* it waited */
}

static bool quiet(const struct rig *r)
{
    return !r->engine || engine_quiet(r->engine);
}

TEST(sim_engine, is_quiet_while_an_enter_would_change_nothing)
{
    struct op a = rig_op(OP_NOP, -1, "a");
    RIG(r);
    CHECK(quiet(&r));
    PASS(rig_submit(&r, &a));
    CHECK(!quiet(&r)); /* it has something to send */
    PASS(rig_enter(&r, COIL_NEVER, false));
    CHECK(quiet(&r));
    rig_cancel(&r, &a);
    CHECK(!quiet(&r)); /* and a cancellation to ask for */
    PASS(rig_enter(&r, COIL_NEVER, false));
    CHECK(!quiet(&r)); /* a completion is there */
    CHECK_EQ(rig_reap(&r, 8), 1);
    CHECK(quiet(&r));
    PASS(coil_sim_advance(r.sim, 1));
    CHECK(!quiet(&r)); /* time has passed, which it must tell */
    CHECK_EQ(rig_news(&r), ENGINE_TIME);
    CHECK(quiet(&r));
}

/* ---- completions -------------------------------------------------------------------------- */

TEST(sim_engine, hands_over_no_more_than_it_is_asked_for)
{
    struct op ops[] = {rig_op(OP_NOP, -1, "a"), rig_op(OP_NOP, -1, "b"), rig_op(OP_NOP, -1, "c")};
    RIG(r);
    for (int i = 0; i < 3; i++) {
        world_script(r.sim, (coil_sim_answer){.fd = -1, .result = i});
        PASS(rig_submit(&r, &ops[i]));
    }
    PASS(rig_enter(&r, COIL_NEVER, false));
    CHECK_EQ(rig_reap(&r, 2), 2);
    CHECK_STR(r.log.text, "a=0@0 b=1@0");
    CHECK_EQ(ops[1].state, OP_IDLE);
    CHECK_EQ(ops[2].state, OP_IN_FLIGHT); /* until it is handed over */
    CHECK_EQ(rig_news(&r), ENGINE_CAME);
    CHECK_EQ(rig_reap(&r, 2), 1);
    CHECK_STR(r.log.text, "a=0@0 b=1@0 c=2@0");
    CHECK_EQ(rig_reap(&r, 2), 0);
    CHECK_EQ(rig_news(&r), 0);
}

/* ---- the hostile kernel ------------------------------------------------------------------- */

TEST(sim_engine, overwrites_what_is_being_read_at_each_enter)
{
    char buffer[8] = "mine";
    struct op a = rig_read(3, "a", buffer, sizeof(buffer));
    RIG(r);
    world_script(r.sim, (coil_sim_answer){
                            .opcode = OP_READ, .fd = 3, .result = 5, .delay = 10, .data = "data"});
    PASS(rig_submit(&r, &a));
    PASS(rig_enter(&r, COIL_NEVER, false));
    strcpy(buffer, "mine"); /* as if it had been given away too early */
    PASS(rig_enter(&r, COIL_NEVER, false));
    CHECK(memchr(buffer, 'm', sizeof(buffer)) == NULL);
    strcpy(buffer, "mine");
    PASS(rig_enter(&r, COIL_NEVER, false));
    CHECK(memchr(buffer, 'm', sizeof(buffer)) == NULL);
    rig_run(&r);
    CHECK_STR(buffer, "data");
}

TEST(sim_engine, leaves_the_buffer_alone_after_the_last_completion)
{
    char buffer[8] = "mine";
    struct op a = rig_read(3, "a", buffer, sizeof(buffer));
    RIG(r);
    PASS(rig_submit(&r, &a));
    CHECK_STR(buffer, "mine"); /* nor before it was sent */
    PASS(rig_enter(&r, COIL_NEVER, false));
    rig_cancel(&r, &a);
    rig_run(&r);
    strcpy(buffer, "mine");
    PASS(rig_enter(&r, COIL_NEVER, false));
    CHECK_STR(buffer, "mine");
}

TEST(sim_engine, does_not_touch_what_is_being_written)
{
    char buffer[8] = "mine";
    struct op a = rig_read(3, "a", buffer, sizeof(buffer));
    RIG(r);
    a.opcode = OP_WRITE;
    PASS(rig_submit(&r, &a));
    PASS(rig_enter(&r, COIL_NEVER, false));
    PASS(rig_enter(&r, COIL_NEVER, false));
    CHECK_STR(buffer, "mine");
}

/* ---- the wake ----------------------------------------------------------------------------- */

TEST(sim_engine, remembers_one_wake_for_the_next_enter_that_blocks)
{
    RIG(r);
    if (!r.engine)
        return;
    engine_wake(r.engine);
    engine_wake(r.engine);
    PASS(rig_enter(&r, COIL_NEVER, false));
    PASS(rig_enter(&r, coil_sim_time(r.sim) + 10, true));
    CHECK_EQ(rig_time(&r), 0);
    FAILS(rig_enter(&r, COIL_NEVER, true), -COIL_EDEADLOCK);
}

static void *wake(void *engine)
{
    engine_wake(engine);
    return NULL;
}

TEST(sim_engine, waits_for_other_threads_when_told_of_them)
{
    const coil_sim_options options = {.size = sizeof(options), .foreign_threads = true};
    RIG_WITH(r, &options);
    pthread_t thread;
    if (!r.engine || pthread_create(&thread, NULL, wake, r.engine) != 0)
        return;
    PASS(rig_enter(&r, COIL_NEVER, true)); /* no deadlock, and it returns */
    CHECK_EQ(rig_time(&r), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

/* ---- the end ------------------------------------------------------------------------------ */

TEST(sim_engine, can_have_another_loop_after_it_was_left)
{
    coil_sim *sim = coil_sim_new(NULL);
    struct engine *engine = NULL;
    if (coil_is_err(sim))
        return;
    PASS(sim_attach(sim, &engine));
    FAILS(sim_attach(sim, &engine), -EBUSY);
    engine_detach(engine);
    PASS(sim_attach(sim, &engine));
    engine_detach(engine);
    PASS(coil_sim_free(sim));
}

// SPDX-License-Identifier: MIT
#include "rig.h"

#include <errno.h>

/* ---- the script --------------------------------------------------------------------------- */

TEST(answer, is_the_first_one_that_fits)
{
    struct op send = rig_op(OP_SEND, 3, "send"), four = rig_op(OP_RECV, 4, "four"),
              three = rig_op(OP_RECV, 3, "three");
    RIG(r);
    world_script(r.sim, (coil_sim_answer){.opcode = OP_RECV, .fd = 3, .result = 1});
    world_script(r.sim, (coil_sim_answer){.opcode = OP_RECV, .fd = 4, .result = 2});
    world_script(r.sim, (coil_sim_answer){.opcode = OP_SEND, .fd = 3, .result = 3});
    PASS(rig_submit(&r, &send));
    PASS(rig_submit(&r, &four));
    PASS(rig_submit(&r, &three));
    rig_run(&r);
    CHECK_STR(r.log.text, "send=3@0 four=2@0 three=1@0");
}

TEST(answer, may_fit_any_opcode_or_descriptor)
{
    struct op a = rig_op(OP_SEND, 3, "a"), b = rig_op(OP_RECV, 9, "b"), c = rig_op(OP_NOP, 1, "c");
    RIG(r);
    world_script(r.sim, (coil_sim_answer){.opcode = COIL_SIM_ANY, .fd = 9, .result = 1});
    world_script(r.sim, (coil_sim_answer){.opcode = OP_SEND, .fd = COIL_SIM_ANY, .result = 2});
    world_script(r.sim, (coil_sim_answer){.opcode = COIL_SIM_ANY, .fd = COIL_SIM_ANY, .result = 3});
    PASS(rig_submit(&r, &a));
    PASS(rig_submit(&r, &b));
    PASS(rig_submit(&r, &c));
    rig_run(&r);
    CHECK_STR(r.log.text, "a=2@0 b=1@0 c=3@0");
}

TEST(answer, is_used_once_and_without_one_an_operation_waits_for_ever)
{
    struct op a = rig_op(OP_RECV, 3, "a"), b = rig_op(OP_RECV, 3, "b"), c = rig_op(OP_RECV, 3, "c");
    RIG(r);
    world_script(r.sim, (coil_sim_answer){.opcode = OP_RECV, .fd = 3, .result = 1});
    world_script(r.sim, (coil_sim_answer){.opcode = OP_RECV, .fd = 3, .result = 2});
    PASS(rig_submit(&r, &a));
    PASS(rig_submit(&r, &b));
    PASS(rig_submit(&r, &c));
    rig_run(&r);
    CHECK_STR(r.log.text, "a=1@0 b=2@0");
    CHECK_EQ(c.state, OP_IN_FLIGHT);
    FAILS(rig_enter(&r, COIL_NEVER, true), -COIL_EDEADLOCK);
}

TEST(answer, with_more_goes_on_for_the_same_operation)
{
    struct op a = rig_op(OP_ACCEPT, 3, "a"), b = rig_op(OP_ACCEPT, 3, "b");
    RIG(r);
    coil_sim_answer answer = {.opcode = OP_ACCEPT, .fd = 3, .result = 7, .more = true};
    a.flags = OP_MANY;
    world_script(r.sim, answer);
    answer.result = 8;
    answer.delay = COIL_MS(20);
    world_script(r.sim, answer);
    answer.result = -EMFILE;
    answer.more = false;
    answer.delay = COIL_MS(30); /* counted from the answer before */
    world_script(r.sim, answer);
    answer.result = 9;
    world_script(r.sim, answer);
    PASS(rig_submit(&r, &a));
    PASS(rig_submit(&r, &b));
    rig_run(&r);
    CHECK_STR(r.log.text, "a=7+@0 a=8+@20 b=9@30 a=-24@50");
    CHECK_EQ(a.state, OP_IDLE);
}

TEST(answer, with_more_at_the_end_of_the_script_is_the_last)
{
    struct op a = rig_op(OP_ACCEPT, 3, "a");
    RIG(r);
    world_script(r.sim, (coil_sim_answer){.opcode = OP_ACCEPT, .fd = 3, .result = 7, .more = true});
    PASS(rig_submit(&r, &a));
    rig_run(&r);
    CHECK_STR(r.log.text, "a=7@0");
}

TEST(answer, is_refused_when_it_makes_no_sense)
{
    RIG(r);
    coil_sim_answer answer = {.size = sizeof(answer), .delay = -1};
    FAILS(coil_sim_script(r.sim, &answer), -EINVAL);
    answer = (coil_sim_answer){.size = sizeof(answer) + 1};
    FAILS(coil_sim_script(r.sim, &answer), -EINVAL);
    FAILS(coil_sim_script(r.sim, NULL), -EINVAL);
    FAILS(coil_sim_script(NULL, &answer), -EINVAL);
}

/* ---- the seed ----------------------------------------------------------------------------- */

enum { OPS = 200, LENGTH = 100, CERTAIN = 1000000 };

static coil_sim_options seeded(uint64_t seed, uint32_t faults)
{
    return (coil_sim_options){.size = sizeof(coil_sim_options), .seed = seed, .faults = faults};
}

/* What a seed makes of many writes, one after the other. */
struct outcome {
    int whole, cut, failed;
    coil_time slowest;
    uint64_t hash;
};

static struct outcome write_much(const coil_sim_options *options)
{
    static const char data[LENGTH];
    struct outcome outcome = {0};
    struct op op = rig_op(OP_WRITE, 3, "w");
    struct completion completion;
    RIG_WITH(r, options);

    op.address = data;
    op.length = LENGTH;
    for (int i = 0; i < OPS; i++) {
        coil_time before = rig_time(&r);
        if (rig_submit(&r, &op) < 0 || rig_enter(&r, COIL_NEVER, true) < 0 ||
            engine_reap(r.engine, &completion, 1) != 1)
            return outcome;
        outcome.whole += completion.result == LENGTH;
        outcome.cut += completion.result > 0 && completion.result < LENGTH;
        outcome.failed += completion.result < 0;
        coil_time took = rig_time(&r) - before;
        outcome.slowest = took > outcome.slowest ? took : outcome.slowest;
    }
    coil_sim_counts counts = {.size = sizeof(counts)};
    PASS(coil_sim_count(r.sim, &counts));
    outcome.hash = counts.hash;
    return outcome;
}

TEST(seed, gives_the_same_run_again)
{
    const coil_sim_options options = seeded(42, CERTAIN / 4);
    struct outcome first = write_much(&options), second = write_much(&options);
    CHECK(first.hash == second.hash);
    CHECK_EQ(first.cut, second.cut);
    CHECK_EQ(first.failed, second.failed);
}

TEST(seed, of_another_value_gives_another_run)
{
    const coil_sim_options one = seeded(42, 0), other = seeded(43, 0);
    CHECK(write_much(&one).hash != write_much(&other).hash);
}

TEST(seed, without_faults_carries_every_byte)
{
    const coil_sim_options options = seeded(42, 0);
    CHECK_EQ(write_much(&options).whole, OPS);
}

TEST(seed, with_faults_gives_errors_and_short_counts)
{
    const coil_sim_options some = seeded(42, CERTAIN / 4), all = seeded(42, CERTAIN);
    struct outcome outcome = write_much(&some);
    CHECK(outcome.whole > 0 && outcome.cut > 0 && outcome.failed > 0);
    outcome = write_much(&all);
    CHECK_EQ(outcome.whole, 0);
    CHECK(outcome.cut > 0 && outcome.failed > 0);
}

TEST(seed, answers_within_the_latency_that_was_asked_for)
{
    coil_sim_options options = seeded(42, 0);
    coil_time slowest = write_much(&options).slowest;
    CHECK(slowest > 0 && slowest <= COIL_MS(1));
    options.latency_max = COIL_SEC(10);
    slowest = write_much(&options).slowest;
    CHECK(slowest > COIL_SEC(1) && slowest <= COIL_SEC(10));
}

TEST(seed, gives_each_new_descriptor_a_number_of_its_own)
{
    struct op a = rig_op(OP_SOCKET, -1, "a"), b = rig_op(OP_ACCEPT, 3, "b"),
              c = rig_op(OP_OPENAT, -100, "c");
    coil_sim_options options = seeded(1, 0);
    RIG_WITH(r, &options);
    PASS(rig_submit(&r, &a));
    rig_run(&r);
    PASS(rig_submit(&r, &b));
    rig_run(&r);
    PASS(rig_submit(&r, &c));
    rig_run(&r);
    CHECK(strstr(r.log.text, "a=1000@"));
    CHECK(strstr(r.log.text, "b=1001@"));
    CHECK(strstr(r.log.text, "c=1002@"));
}

TEST(seed, makes_a_descriptor_ready_for_all_that_is_polled)
{
    struct op op = rig_op(OP_POLL, 3, "a");
    coil_sim_options options = seeded(1, 0);
    RIG_WITH(r, &options);
    op.mask = 5;
    PASS(rig_submit(&r, &op));
    rig_run(&r);
    CHECK(strstr(r.log.text, "a=5@"));
}

TEST(seed, comes_after_the_script)
{
    struct op a = rig_op(OP_WRITE, 3, "a"), b = rig_op(OP_WRITE, 3, "b");
    coil_sim_options options = seeded(1, 0);
    RIG_WITH(r, &options);
    a.length = b.length = LENGTH;
    world_script(r.sim, (coil_sim_answer){.opcode = OP_WRITE, .fd = 3, .result = 17});
    PASS(rig_submit(&r, &a));
    rig_run(&r);
    PASS(rig_submit(&r, &b));
    rig_run(&r);
    CHECK(strstr(r.log.text, "a=17@"));
    CHECK(strstr(r.log.text, "b=100@"));
}

// SPDX-License-Identifier: MIT
#include "rig.h"

#include <errno.h>

enum { GROUP = 7 };

static struct op lending(int fd, const char *name)
{
    struct op op = rig_op(OP_RECV, fd, name);

    op.flags = OP_LEND;
    op.group = GROUP;
    return op;
}

static void answer(struct rig *r, int fd, int result, const char *data)
{
    world_script(r->sim,
                 (coil_sim_answer){.opcode = OP_RECV, .fd = fd, .result = result, .data = data});
}

static uint64_t lent(const struct rig *r)
{
    coil_sim_counts counts = {.size = sizeof(counts)};
    PASS(coil_sim_count(r->sim, &counts));
    return counts.lent;
}

TEST(lend, puts_the_data_into_a_buffer_of_the_group)
{
    struct op a = lending(3, "a");
    RIG(r);
    PASS(rig_lend(&r, GROUP, 2, 16));
    answer(&r, 3, 6, "hello");
    PASS(rig_submit(&r, &a));
    rig_run(&r);
    CHECK_STR(r.log.text, "a=6#0@0");
    CHECK(memcmp(rig_lent(&r), "hello", 6) == 0);
    CHECK_EQ(lent(&r), 1);
    rig_give_back(&r, GROUP, 0);
    CHECK_EQ(lent(&r), 0);
}

TEST(lend, gives_a_result_without_data_no_buffer)
{
    struct op a = lending(3, "a"), b = lending(4, "b");
    RIG(r);
    PASS(rig_lend(&r, GROUP, 1, 16));
    answer(&r, 3, 0, NULL);
    answer(&r, 4, -ECONNRESET, NULL);
    PASS(rig_submit(&r, &a));
    PASS(rig_submit(&r, &b));
    rig_run(&r);
    CHECK_STR(r.log.text, "a=0@0 b=-104@0");
    CHECK_EQ(lent(&r), 0);
}

TEST(lend, has_an_error_when_no_buffer_is_left)
{
    struct op a = lending(3, "a"), b = lending(4, "b");
    RIG(r);
    PASS(rig_lend(&r, GROUP, 1, 16));
    answer(&r, 3, 1, "a");
    answer(&r, 4, 1, "b");
    PASS(rig_submit(&r, &a));
    PASS(rig_submit(&r, &b));
    rig_run(&r);
    CHECK_STR(r.log.text, "a=1#0@0 b=-105@0");
    CHECK_EQ(lent(&r), 1);
}

TEST(lend, has_an_error_for_a_group_that_is_not_there)
{
    struct op a = lending(3, "a");
    RIG(r);
    answer(&r, 3, 1, "a");
    PASS(rig_submit(&r, &a));
    rig_run(&r);
    CHECK_STR(r.log.text, "a=-105@0");
}

TEST(lend, ends_a_chain_when_no_buffer_is_left)
{
    struct op a = lending(3, "a");
    RIG(r);
    coil_sim_answer more = {
        .opcode = OP_RECV, .fd = 3, .result = 1, .data = "x", .delay = COIL_MS(1), .more = true};
    a.flags |= OP_MANY;
    PASS(rig_lend(&r, GROUP, 2, 16));
    for (int i = 0; i < 4; i++)
        world_script(r.sim, more);
    PASS(rig_submit(&r, &a));
    rig_run(&r);
    CHECK_STR(r.log.text, "a=1#0+@1 a=1#1+@2 a=-105@3");
    CHECK_EQ(a.state, OP_IDLE);
}

TEST(lend, lends_again_what_was_given_back)
{
    struct op a = lending(3, "a");
    RIG(r);
    PASS(rig_lend(&r, GROUP, 3, 16));
    for (int i = 0; i < 3; i++) {
        answer(&r, 3, 1, "a");
        PASS(rig_submit(&r, &a));
        rig_run(&r);
    }
    CHECK_STR(r.log.text, "a=1#0@0 a=1#1@0 a=1#2@0");
    rig_give_back(&r, GROUP, 1);
    answer(&r, 3, 2, "b");
    PASS(rig_submit(&r, &a));
    rig_run(&r);
    CHECK_STR(r.log.text, "a=1#0@0 a=1#1@0 a=1#2@0 a=2#1@0");
    CHECK(memcmp(rig_lent(&r), "b", 2) == 0);
}

TEST(lend, has_buffers_that_do_not_overlap)
{
    struct op a = lending(3, "a");
    RIG(r);
    const char *first = NULL, *second = NULL;
    PASS(rig_lend(&r, GROUP, 2, 4));
    answer(&r, 3, 4, "one");
    answer(&r, 3, 4, "two");
    PASS(rig_submit(&r, &a));
    rig_run(&r);
    first = rig_lent(&r);
    PASS(rig_submit(&r, &a));
    rig_run(&r);
    second = rig_lent(&r);
    if (r.lent_count == 2) {
        CHECK_STR(first, "one");
        CHECK_STR(second, "two");
    }
    CHECK_EQ(r.lent_count, 2);
}

TEST(lend, never_fills_more_than_the_buffer)
{
    struct op a = lending(3, "a");
    RIG(r);
    PASS(rig_lend(&r, GROUP, 1, 4));
    answer(&r, 3, 8, "1234567");
    PASS(rig_submit(&r, &a));
    rig_run(&r);
    CHECK_STR(r.log.text, "a=4#0@0");
    CHECK(memcmp(rig_lent(&r), "1234", 4) == 0);
}

TEST(lend, refuses_groups_that_make_no_sense)
{
    RIG(r);
    FAILS(rig_lend(&r, GROUP, 0, 16), -EINVAL);
    FAILS(rig_lend(&r, GROUP, 65536, 16), -EINVAL);
    FAILS(rig_lend(&r, GROUP, 1, 0), -EINVAL);
    PASS(rig_lend(&r, GROUP, 1, 16));
    FAILS(rig_lend(&r, GROUP, 1, 16), -EEXIST);
    PASS(rig_lend(&r, GROUP + 1, 1, 16));
}

/* ---- what is lent must come back, once ---------------------------------------------------- */

/* What dies here would also die when the rig was taken down: these leave it standing. */
static struct rig lend_two(struct op *a)
{
    struct rig r = rig_new(NULL);

    (void)rig_lend(&r, GROUP, 3, 16);
    for (int i = 0; i < 2; i++) {
        answer(&r, 3, 1, "a");
        (void)rig_submit(&r, a);
        rig_run(&r);
    }
    return r;
}

static void give_back_twice(void *unused)
{
    struct op a = lending(3, "a");
    struct rig r = lend_two(&a);
    (void)unused;
    engine_give_back(r.engine, GROUP, 0);
    engine_give_back(r.engine, GROUP, 0);
}

static void give_back_what_was_not_lent(void *unused)
{
    struct op a = lending(3, "a");
    struct rig r = lend_two(&a);
    (void)unused;
    engine_give_back(r.engine, GROUP, 2);
}

static void give_back_what_is_not_there(void *unused)
{
    struct op a = lending(3, "a");
    struct rig r = lend_two(&a);
    (void)unused;
    engine_give_back(r.engine, GROUP, 3);
}

static void keep_one(void *unused)
{
    struct op a = lending(3, "a");
    struct rig r = lend_two(&a);
    (void)unused;
    engine_give_back(r.engine, GROUP, 0);
    engine_detach(r.engine);
}

static void keep_none(void *unused)
{
    struct op a = lending(3, "a");
    struct rig r = lend_two(&a);
    (void)unused;
    engine_give_back(r.engine, GROUP, 1);
    engine_give_back(r.engine, GROUP, 0);
    engine_detach(r.engine);
}

TEST(lend, dies_of_a_buffer_given_back_wrongly)
{
    DIES(give_back_twice, NULL);
    DIES(give_back_what_was_not_lent, NULL);
    DIES(give_back_what_is_not_there, NULL);
}

TEST(lend, dies_of_a_buffer_that_was_not_given_back)
{
    DIES(keep_one, NULL);
    CHECK(!check_dies(keep_none, NULL) || check_walking());
}

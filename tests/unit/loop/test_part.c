// SPDX-License-Identifier: MIT
#include "loop/part.h"

#include "world.h"

/* Writes down what becomes of it; one that works has something to do at its end. */
struct piece {
    struct loop_part part;
    struct op op;
    struct record *log;
    const char *name;
    bool works;
};

static void done(struct op *op, const struct completion *completion)
{
    struct piece *piece = container_of(op, struct piece, op);
    record(piece->log, "%s-done(%d)", piece->name, completion->result);
}

static void end(struct loop_part *part, coil_loop *loop)
{
    struct piece *piece = container_of(part, struct piece, part);

    record(piece->log, "%s-ends", piece->name);
    if (!piece->works)
        return;
    op_init(&piece->op, OP_NOP, -1, done);
    PASS(engine_submit(loop->engine, &piece->op));
}

static void free_piece(struct loop_part *part, coil_loop *loop)
{
    const struct piece *piece = container_of(part, struct piece, part);

    record(piece->log, "%s-goes", piece->name);
    CHECK(engine_now(loop->engine) > 0); /* the engine still stands */
    CHECK_EQ(loop->engine->in_flight_count, 0);
}

static const struct loop_part_class first_class = {.end = end, .free = free_piece};
static const struct loop_part_class second_class = {.end = end, .free = free_piece};
static const struct loop_part_class mute_class = {.free = free_piece};

static void add(struct world *w, struct piece *piece, const struct loop_part_class *class)
{
    piece->part.class = class;
    if (!coil_is_err(w->loop))
        part_add(w->loop, &piece->part);
}

TEST(part, is_found_by_its_class)
{
    struct record log = {""};
    struct piece a = {.log = &log, .name = "a"}, b = {.log = &log, .name = "b"};
    WORLD(w);
    if (coil_is_err(w.loop))
        return;
    CHECK_PTR(part_of(w.loop, &first_class), NULL);
    add(&w, &a, &first_class);
    add(&w, &b, &second_class);
    CHECK_PTR(part_of(w.loop, &first_class), &a.part);
    CHECK_PTR(part_of(w.loop, &second_class), &b.part);
    CHECK_PTR(part_of(w.loop, &mute_class), NULL);
}

/* All end before the first one goes: one may use another until then. */
TEST(part, the_newest_ends_first)
{
    struct record log = {""};
    struct piece a = {.log = &log, .name = "a"}, b = {.log = &log, .name = "b"},
                 c = {.log = &log, .name = "c"};
    {
        WORLD(w);
        add(&w, &a, &first_class);
        add(&w, &b, &mute_class);
        add(&w, &c, &second_class);
        PASS(coil_close(w.loop));
        CHECK_STR(log.text, coil_is_err(w.loop) ? "" : "c-ends a-ends c-goes b-goes a-goes");
        log.text[0] = '\0';
    }
    CHECK_STR(log.text, ""); /* once */
}

TEST(part, goes_after_what_it_has_begun_at_its_end)
{
    struct record log = {""};
    struct piece a = {.log = &log, .name = "a", .works = true}, b = {.log = &log, .name = "b"};
    WORLD(w);
    add(&w, &a, &first_class);
    add(&w, &b, &second_class);
    world_answer(&w, OP_NOP, 7, COIL_SEC(1));
    PASS(coil_close(w.loop));
    CHECK_STR(log.text, "b-ends a-ends a-done(7) b-goes a-goes");
}

static void *cleans_up(void *log)
{
    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED);
    record(log, "task");
    return NULL;
}

TEST(part, ends_when_no_task_is_left)
{
    struct record log = {""};
    struct piece a = {.log = &log, .name = "a"};
    WORLD(w);
    add(&w, &a, &first_class);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, cleans_up, &log, NULL);
    PASS(world_turn(&w));
    PASS(coil_close(w.loop));
    CHECK_STR(log.text, "task a-ends a-goes");
}

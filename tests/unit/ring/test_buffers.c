// SPDX-License-Identifier: MIT
#include "kernel.h"

#include <sys/socket.h>
#include <unistd.h>

enum { GROUP = 7, COUNT = 4, LARGE_COUNT = 200, SIZE = 8, ROUNDS = 1000 };

/* A ring without a loop, a group of its buffers, and a socketpair to receive on. */
struct lender {
    struct engine *engine;
    int fd[2];
    struct op op;
    struct record log;
    uint16_t lent[LARGE_COUNT];
    size_t lent_count;
    uint16_t last;
    bool keep; /* what is lent, instead of giving it back at once */
};

static void note(struct op *op, const struct completion *completion)
{
    struct lender *lender = op->submitter;
    const char *more = completion->flags & COMPLETION_MORE ? "+" : "";

    if (!(completion->flags & COMPLETION_BUFFER)) {
        record(&lender->log, "%d%s", completion->result, more);
        return;
    }
    record(&lender->log, "%.*s%s", completion->result,
           (const char *)engine_lent(lender->engine, op->group, completion->buffer), more);
    lender->last = completion->buffer;
    if (lender->keep)
        lender->lent[lender->lent_count++] = completion->buffer;
    else
        engine_give_back(lender->engine, op->group, completion->buffer);
}

static void give_back(struct lender *lender)
{
    while (lender->lent_count)
        engine_give_back(lender->engine, lender->op.group, lender->lent[--lender->lent_count]);
}

/* Enters and takes what came; with `block`, waits for something, if anything can come. */
static void turn_once(struct lender *lender, bool block)
{
    struct completion completions[8];
    size_t n;

    PASS(engine_enter(lender->engine, INT64_MAX, block && lender->op.state != OP_IDLE));
    while ((n = engine_reap(lender->engine, completions, 8)) > 0)
        for (size_t i = 0; i < n; i++)
            completions[i].op->complete(completions[i].op, &completions[i]);
}

static void lender_free(struct lender *lender)
{
    if (lender->fd[0] >= 0) {
        close(lender->fd[0]);
        close(lender->fd[1]);
    }
    if (!lender->engine)
        return;
    if (lender->op.state == OP_IN_FLIGHT)
        engine_cancel(lender->engine, &lender->op);
    while (lender->op.state != OP_IDLE)
        turn_once(lender, true);
    give_back(lender);
    engine_detach(lender->engine);
}

/* Whether everything is there; lending may be masked, and then there is nothing to test. */
static bool lender_init(struct lender *lender)
{
    *lender = (struct lender){.fd = {-1, -1}};
    if (!CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, lender->fd) == 0))
        return false;
    op_init(&lender->op, OP_RECV, lender->fd[0], note);
    lender->op.flags = OP_LEND;
    lender->op.group = GROUP;
    lender->op.submitter = lender;
    if (PASS(ring_new(&lender->engine)) == false) {
        lender->engine = NULL;
        return false;
    }
    return lender->engine->capabilities & ENGINE_LEND &&
           PASS(engine_lend(lender->engine, GROUP, COUNT, SIZE));
}

#define LENDER(name)                                                                               \
    __attribute__((cleanup(lender_free))) struct lender name;                                      \
    if (!lender_init(&name))                                                                       \
    return

static bool many(struct lender *lender)
{
    lender->op.flags |= OP_MANY;
    return lender->engine->capabilities & ENGINE_MANY_RECV;
}

static void say(struct lender *lender, const char *text)
{
    CHECK(send(lender->fd[1], text, strlen(text), 0) == (ssize_t)strlen(text));
}

TEST(ring_buffers, carry_what_one_receive_got)
{
    LENDER(l);
    say(&l, "one");
    PASS(engine_submit(l.engine, &l.op));
    turn_once(&l, true);
    if (l.op.state == OP_IDLE)
        CHECK(check_walking() || strcmp(l.log.text, "one") == 0);
}

TEST(ring_buffers, a_message_longer_than_a_buffer_fills_it)
{
    LENDER(l);
    say(&l, "0123456789");
    PASS(engine_submit(l.engine, &l.op));
    while (l.op.state != OP_IDLE)
        turn_once(&l, true);
    CHECK_STR(l.log.text, "01234567");
}

TEST(ring_buffers, carry_what_many_receives_got)
{
    LENDER(l);
    if (!many(&l))
        return;
    PASS(engine_submit(l.engine, &l.op));
    say(&l, "one");
    say(&l, "two");
    for (int i = 0; i < 10 && !strstr(l.log.text, "two"); i++)
        turn_once(&l, false);
    CHECK_STR(l.log.text, "one+ two+");
    say(&l, "three");
    for (int i = 0; i < 10 && !strstr(l.log.text, "three"); i++)
        turn_once(&l, false);
    CHECK_STR(l.log.text, "one+ two+ three+");
}

TEST(ring_buffers, are_lent_again_and_again)
{
    LENDER(l);
    if (!many(&l) || check_walking())
        return;
    for (int i = 0; i < ROUNDS; i++) {
        if (l.op.state == OP_IDLE)
            PASS(engine_submit(l.engine, &l.op));
        l.log.text[0] = '\0';
        say(&l, "x");
        while (!l.log.text[0])
            turn_once(&l, true);
        CHECK_STR(l.log.text, "x+");
    }
}

/* One message after the other, each in a buffer of a large group; in how many of them they came. */
static int exchange(struct lender *lender, int messages)
{
    bool seen[LARGE_COUNT] = {false};
    int n = 0;

    if (!PASS(engine_lend(lender->engine, GROUP + 1, LARGE_COUNT, SIZE)))
        return -1;
    lender->op.group = GROUP + 1;
    for (int i = 0; i < messages; i++) {
        lender->log.text[0] = '\0';
        say(lender, "x");
        while (!strchr(lender->log.text, 'x')) {
            if (lender->op.state == OP_IDLE && !PASS(engine_submit(lender->engine, &lender->op)))
                return -1;
            turn_once(lender, true);
        }
        n += !seen[lender->last];
        seen[lender->last] = true;
    }
    return n;
}

/* So that they stay in the caches. */
TEST(ring_buffers, few_are_used_where_few_are_needed)
{
    LENDER(l);
    if (!many(&l) || check_walking())
        return;
    CHECK(exchange(&l, ROUNDS) < LARGE_COUNT / 2);
}

TEST(ring_buffers, all_are_used_where_all_are_needed)
{
    LENDER(l);
    if (!many(&l) || check_walking())
        return;
    l.keep = true;
    CHECK_EQ(exchange(&l, LARGE_COUNT), LARGE_COUNT);
}

/* More come at once than are on offer. */
TEST(ring_buffers, more_are_offered_when_they_did_not_suffice)
{
    LENDER(l);
    if (!many(&l) || check_walking() || !PASS(engine_lend(l.engine, GROUP + 1, LARGE_COUNT, SIZE)))
        return;
    l.op.group = GROUP + 1;
    l.keep = true;
    for (int i = 0; i < LARGE_COUNT; i++)
        say(&l, "x");
    int receives = 0;
    for (int i = 0; i < LARGE_COUNT && l.lent_count < LARGE_COUNT; i++) {
        if (l.op.state == OP_IDLE) {
            receives++;
            PASS(engine_submit(l.engine, &l.op));
        }
        turn_once(&l, true);
    }
    CHECK_EQ(l.lent_count, LARGE_COUNT);
    CHECK(receives < 4); /* each that found too few has doubled what is on offer */
}

TEST(ring_buffers, end_the_receive_when_there_are_none)
{
    LENDER(l);
    if (!many(&l))
        return;
    l.keep = true;
    for (int i = 0; i <= COUNT; i++)
        say(&l, "x");
    PASS(engine_submit(l.engine, &l.op));
    while (l.op.state != OP_IDLE)
        turn_once(&l, true);
    CHECK_STR(l.log.text, "x+ x+ x+ x+ -105"); /* -ENOBUFS */
    give_back(&l);
    PASS(engine_submit(l.engine, &l.op)); /* the message was not lost */
    for (int i = 0; i < 10 && l.lent_count == 0; i++)
        turn_once(&l, false);
    CHECK_STR(l.log.text, "x+ x+ x+ x+ -105 x+");
}

TEST(ring_buffers, are_not_lent_by_the_end_of_the_stream_or_by_a_cancellation)
{
    LENDER(l);
    for (int i = 0; i < 3 * COUNT; i++) { /* more often than there are buffers */
        PASS(engine_submit(l.engine, &l.op));
        if (l.op.state == OP_IDLE)
            continue;
        turn_once(&l, false);
        engine_cancel(l.engine, &l.op);
        while (l.op.state != OP_IDLE)
            turn_once(&l, true);
    }
    shutdown(l.fd[1], SHUT_WR);
    for (int i = 0; i < 3 * COUNT; i++) {
        PASS(engine_submit(l.engine, &l.op));
        while (l.op.state != OP_IDLE)
            turn_once(&l, true);
    }
    CHECK_EQ(l.lent_count, 0);
    CHECK(!strstr(l.log.text, "105"));
}

/* Some kernels took a buffer for a receive that was cancelled. */
TEST(ring_buffers, that_were_taken_for_nothing_go_back_at_once)
{
    _Alignas(struct io_uring_cqe) char memory[sizeof(struct io_uring_cqe)] = "";
    struct io_uring_cqe *said = (struct io_uring_cqe *)(void *)memory;
    struct completion completion;

    LENDER(l);
    if (!PASS(engine_submit(l.engine, &l.op)))
        return;
    struct ring *ring = ring_of(l.engine);
    ring->uring.sq.sqe_tail = ring->uring.sq.sqe_head; /* the kernel's part is played here */
    said->user_data = (uintptr_t)&l.op | RING_OP;
    said->res = -ECANCELED;
    said->flags = IORING_CQE_F_BUFFER | 2 << IORING_CQE_BUFFER_SHIFT;
    ring->stash = said;
    ring->stash_first = 0;
    ring->stash_count = 1;
    CHECK_EQ(engine_reap(l.engine, &completion, 1), 1);
    CHECK_EQ(completion.result, -ECANCELED);
    CHECK_EQ(completion.flags & COMPLETION_BUFFER, 0);
    ring->stash = NULL;
}

TEST(ring_buffers, groups_that_make_no_sense_are_refused)
{
    LENDER(l);
    FAILS(engine_lend(l.engine, GROUP, COUNT, SIZE), -EEXIST);
    FAILS(engine_lend(l.engine, GROUP + 1, 0, SIZE), -EINVAL);
    FAILS(engine_lend(l.engine, GROUP + 1, COUNT, 0), -EINVAL);
    FAILS(engine_lend(l.engine, GROUP + 1, 32769, SIZE), -EINVAL);
    PASS(engine_lend(l.engine, GROUP + 1, 3, SIZE)); /* no power of two */
}

TEST(ring_buffers, where_they_are_masked_nothing_is_lent)
{
    struct engine *engine;
    uint32_t before = features_mask(UINT32_C(1) << FEATURE_BUFFER_RINGS);

    if (PASS(ring_new(&engine))) {
        struct op op;
        op_init(&op, OP_RECV, 0, note);
        op.flags = OP_LEND;
        CHECK_EQ(engine->capabilities & (ENGINE_LEND | ENGINE_MANY_RECV), 0);
        FAILS(engine_lend(engine, GROUP, COUNT, SIZE), -EOPNOTSUPP);
        FAILS(engine_submit(engine, &op), -EOPNOTSUPP);
        engine_detach(engine);
    }
    features_mask(before);
}

/* ---- what is lent must come back, once ------------------------------------------------------ */

static void misuse(void *how)
{
    LENDER(l);
    l.keep = true;
    say(&l, "x");
    (void)engine_submit(l.engine, &l.op);
    while (l.op.state != OP_IDLE)
        turn_once(&l, true);
    if (strcmp(how, "keep") == 0)
        l.lent_count = 0;
    else if (strcmp(how, "twice") == 0)
        engine_give_back(l.engine, GROUP, l.lent[0]);
    else
        engine_give_back(l.engine, GROUP, (uint16_t)(l.lent[0] + 1) % COUNT);
}

TEST(ring_buffers, die_of_being_given_back_wrongly)
{
    LENDER(l);
    DIES(misuse, "keep");
    DIES(misuse, "twice");
    DIES(misuse, "another");
}

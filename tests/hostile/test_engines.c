// SPDX-License-Identifier: MIT
/*
 * The same coroutines on the simulated engine and on the kernel's: what is above the engine must
 * not tell them apart. Orders are compared, never durations, but that nothing comes too early.
 */
#include "ends.h"
#include "kernel.h"
#include "loop/await.h"
#include "loop/descriptor.h"

#include <errno.h>
#include <pthread.h>

struct stage {
    struct record log;
    struct ends pipe, sockets;
    coil_sim *sim; /* NULL: the kernel */
    coil_loop *loop;
    coil_future *future;
};

/* What the kernel would answer, for the simulated one. */
static void answer(struct stage *stage, int opcode, int result, const char *data)
{
    if (stage->sim)
        world_script(stage->sim, (coil_sim_answer){.opcode = opcode,
                                                   .fd = COIL_SIM_ANY,
                                                   .result = result,
                                                   .delay = data ? COIL_MS(1) : 0,
                                                   .data = data});
}

static void run_on(bool kernel, void (*script)(struct stage *), coil_fn fn, const char *expected)
{
    const coil_sim_options sim_options = {.size = sizeof(sim_options), .foreign_threads = true};
    struct stage stage = {.pipe = ends_pipe(0), .sockets = ends_sockets(SOCK_STREAM)};
    coil_loop_options options = {.size = sizeof(options)};

    if (!kernel)
        options.sim = stage.sim = coil_sim_new(&sim_options);
    stage.loop = coil_loop_new(&options);
    PASS(coil_err(stage.loop));
    if (script)
        script(&stage);
    PASS(kernel_run(stage.loop, fn, &stage));
    PASS(coil_loop_free(stage.loop));
    if (!CHECK_STR(stage.log.text, expected))
        fprintf(stderr, "on %s\n", kernel ? "the kernel's engine" : "the simulated engine");
    PASS(coil_sim_free(stage.sim));
    ends_free(&stage.pipe);
    ends_free(&stage.sockets);
}

static void on_both(void (*script)(struct stage *), coil_fn fn, const char *expected)
{
    run_on(false, script, fn, expected);
    run_on(true, script, fn, expected);
}

/* ---- tasks ------------------------------------------------------------------------------------
 */

static void *says_a(void *argument)
{
    struct stage *stage = argument;
    for (int i = 0; i < 3; i++) {
        record(&stage->log, "a%d", i);
        PASS(coil_yield_now());
    }
    return argument;
}

static void *says_b(void *argument)
{
    struct stage *stage = argument;
    for (int i = 0; i < 3; i++) {
        record(&stage->log, "b%d", i);
        PASS(coil_yield_now());
    }
    return COIL_ERR(-ENOTDIR);
}

static void *awaits_two(void *argument)
{
    struct stage *stage = argument;
    void *result = NULL;
    COIL_AUTO coil_task *a = coil_create_task(says_a, stage), *b = coil_create_task(says_b, stage);

    record(&stage->log, "main");
    CHECK_EQ(coil_await(a, &result), 0);
    CHECK_PTR(result, stage);
    FAILS(coil_await(b, &result), -ENOTDIR);
    record(&stage->log, "end");
    return NULL;
}

TEST(engines, tasks_take_turns)
{
    on_both(NULL, awaits_two, "main a0 b0 a1 b1 a2 b2 end");
}

static void *gathers(void *argument)
{
    struct stage *stage = argument;
    const coil_coro coroutines[] = {{says_a, stage}, {says_b, stage}};
    size_t n = 0;

    COIL_AUTO coil_future *all = coil_gather(coroutines, 2, COIL_RETURN_ERRORS);
    PASS(coil_await(all, NULL));
    void *const *results = coil_gather_results(all, &n);
    if (CHECK_EQ(n, 2))
        record(&stage->log, "%d %d", coil_err(results[0]), coil_err(results[1]));
    COIL_AUTO coil_future *first = coil_gather(coroutines, 2, 0);
    record(&stage->log, "%d", coil_await(first, NULL));
    return NULL;
}

TEST(engines, a_gather_has_results_or_the_first_error)
{
    on_both(NULL, gathers, "a0 b0 a1 b1 a2 b2 0 -20 a0 b0 a1 b1 a2 b2 -20");
}

/* ---- time -------------------------------------------------------------------------------------
 */

static void *sleeps_ms(void *argument, int ms)
{
    struct stage *stage = argument;
    coil_time start = coil_loop_time(stage->loop);
    int rc = coil_sleep(COIL_MS(ms));

    record(&stage->log, "%d", rc ? rc : ms);
    CHECK(rc || coil_loop_time(stage->loop) - start >= COIL_MS(ms)); /* never too early */
    return NULL;
}

static void *sleeps_1(void *argument)
{
    return sleeps_ms(argument, 1);
}

static void *sleeps_2(void *argument)
{
    return sleeps_ms(argument, 2);
}

static void *sleeps_3(void *argument)
{
    return sleeps_ms(argument, 3);
}

static int one(void *argument)
{
    record(argument, "one");
    return 0;
}

static int two(void *argument)
{
    record(argument, "two");
    return 0;
}

static int three(void *argument)
{
    record(argument, "three");
    return 0;
}

static void *times(void *argument)
{
    struct stage *stage = argument;
    const coil_coro sleepers[] = {{sleeps_1, stage}, {sleeps_2, stage}, {sleeps_3, stage}};

    COIL_AUTO coil_future *all = coil_gather(sleepers, 3, 0);
    PASS(coil_await(all, NULL));
    coil_time base = coil_loop_time(stage->loop);
    PASS(coil_handle_error(coil_call_at(stage->loop, base + COIL_MS(3), three, &stage->log)));
    PASS(coil_handle_error(coil_call_at(stage->loop, base + COIL_MS(1), one, &stage->log)));
    PASS(coil_handle_error(coil_call_at(stage->loop, base + COIL_MS(2), two, &stage->log)));
    coil_handle none = coil_call_at(stage->loop, base + COIL_MS(2), one, &stage->log);
    CHECK(coil_handle_cancel(stage->loop, none));
    PASS(coil_sleep(COIL_MS(4)));
    CHECK(coil_loop_time(stage->loop) - base >= COIL_MS(4));
    return NULL;
}

TEST(engines, deadlines_come_in_their_order)
{
    on_both(NULL, times, "1 2 3 one two three");
}

static void *awaits_it(void *future)
{
    int rc = coil_await(future, NULL);
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

static void *waits_for(void *argument)
{
    struct stage *stage = argument;
    COIL_AUTO coil_future *never = coil_create_future(NULL);
    COIL_AUTO coil_task *soon = coil_create_task(sleeps_1, stage);
    COIL_AUTO coil_task *late = coil_create_task(awaits_it, never);
    coil_future *futures[] = {late, soon};

    int done = coil_wait(futures, 2, COIL_NEVER, COIL_FIRST_COMPLETED);
    record(&stage->log, "%s", done == 1 && futures[0] == soon ? "first" : "wrong");
    record(&stage->log, "%d", coil_wait(&futures[1], 1, COIL_MS(1), COIL_ALL_COMPLETED));
    record(&stage->log, "%d", coil_wait_for(never, COIL_MS(1), NULL));
    PASS(coil_wait(futures, 2, COIL_NEVER, COIL_ALL_COMPLETED));
    record(&stage->log, "%d", coil_cancelled(late));
    return NULL;
}

TEST(engines, a_wait_ends_with_the_first_or_in_time)
{
    on_both(NULL, waits_for, "1 first 0 -110 1");
}

static void *cancels(void *argument)
{
    struct stage *stage = argument;
    COIL_AUTO coil_task *sleeper = coil_create_task(sleeps_3, stage);
    COIL_AUTO coil_task *early = coil_create_task(sleeps_2, stage);

    coil_cancel(early); /* before its first step */
    PASS(coil_yield_now());
    coil_cancel(sleeper);
    record(&stage->log, "asked");
    kernel_await(sleeper);
    record(&stage->log, "%d %d", coil_cancelled(early), coil_done(sleeper));
    return NULL;
}

TEST(engines, a_cancelled_sleep_ends_at_once)
{
    on_both(NULL, cancels, "asked -125 1 1");
}

/* ---- other threads ----------------------------------------------------------------------------
 */

static int wake_up(void *argument)
{
    struct stage *stage = argument;
    record(&stage->log, "future");
    return coil_set_result(stage->future, NULL);
}

static void *posts(void *argument)
{
    struct stage *stage = argument;

    PASS(coil_handle_error(coil_call_soon_threadsafe(stage->loop, one, &stage->log)));
    PASS(coil_handle_error(coil_call_soon_threadsafe(stage->loop, two, &stage->log)));
    PASS(coil_handle_error(coil_call_soon_threadsafe(stage->loop, three, &stage->log)));
    PASS(coil_handle_error(coil_call_soon_threadsafe(stage->loop, wake_up, stage)));
    return NULL;
}

static void *listens(void *argument)
{
    struct stage *stage = argument;

    for (int i = 0; i < 2; i++) {
        pthread_t thread;
        stage->future = coil_create_future(NULL);
        if (!CHECK_EQ(pthread_create(&thread, NULL, posts, stage), 0))
            return NULL;
        PASS(coil_await(stage->future, NULL)); /* nothing else is there: the loop sleeps */
        coil_unref(stage->future);
        CHECK_EQ(pthread_join(thread, NULL), 0);
    }
    return NULL;
}

TEST(engines, posts_of_another_thread_come_in_their_order)
{
    on_both(NULL, listens, "one two three future one two three future");
}

/* ---- operations -------------------------------------------------------------------------------
 */

static void *reads(void *argument)
{
    struct stage *stage = argument;
    char text[8] = "";
    int rc = world_op(OP_READ, stage->pipe.fd[0], text, 7);

    record(&stage->log, "read:%d:%.*s", rc, rc > 0 ? rc : 0, text);
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

static void *writes(void *argument)
{
    struct stage *stage = argument;
    char text[] = "hello";

    record(&stage->log, "wrote:%d", world_op(OP_WRITE, stage->pipe.fd[1], text, 5));
    return NULL;
}

static void *pipes(void *argument)
{
    const coil_coro ends[] = {{reads, argument}, {writes, argument}};
    COIL_AUTO coil_future *all = coil_gather(ends, 2, 0);

    PASS(coil_await(all, NULL));
    return NULL;
}

static void pipe_answers(struct stage *stage)
{
    answer(stage, OP_READ, 5, "hello");
    answer(stage, OP_WRITE, 5, NULL);
}

TEST(engines, bytes_go_through_a_pipe)
{
    on_both(pipe_answers, pipes, "wrote:5 read:5:hello");
}

static void *ping_pong(void *argument)
{
    struct stage *stage = argument;

    for (int i = 0; i < 3; i++) {
        char byte = (char)('a' + i), got[2] = "";
        CHECK_EQ(world_op(OP_SEND, stage->sockets.fd[i % 2], &byte, 1), 1);
        CHECK_EQ(world_op(OP_RECV, stage->sockets.fd[1 - i % 2], got, 1), 1);
        record(&stage->log, "%s", got);
    }
    return NULL;
}

static void ping_pong_answers(struct stage *stage)
{
    static const char *const letters[] = {"a", "b", "c"};

    for (int i = 0; i < 3; i++) {
        answer(stage, OP_SEND, 1, NULL);
        answer(stage, OP_RECV, 1, letters[i]);
    }
}

TEST(engines, bytes_go_to_and_fro_between_sockets)
{
    on_both(ping_pong_answers, ping_pong, "a b c");
}

static void *cancels_a_read(void *argument)
{
    struct stage *stage = argument;
    COIL_AUTO coil_task *reader = coil_create_task(reads, stage);

    PASS(coil_sleep(COIL_MS(1)));
    CHECK(coil_cancel(reader));
    kernel_await(reader);
    COIL_AUTO coil_task *other = coil_create_task(reads, stage);
    record(&stage->log, "%d", coil_wait_for(other, COIL_MS(1), NULL));
    return NULL;
}

TEST(engines, a_read_is_cancelled_or_timed_out)
{
    on_both(NULL, cancels_a_read, "read:-125: read:-125: -110");
}

static void *closes_under_a_reader(void *argument)
{
    struct stage *stage = argument;
    COIL_AUTO coil_task *reader = coil_create_task(reads, stage);
    COIL_AUTO coil_task *other = coil_create_task(reads, stage);

    PASS(coil_sleep(COIL_MS(1)));
    int fd = stage->pipe.fd[0];
    record(&stage->log, "closed:%d", descriptor_close(fd));
    stage->pipe.fd[0] = stage->sim ? fd : -1;
    kernel_await(reader);
    kernel_await(other);
    return NULL;
}

static void close_answers(struct stage *stage)
{
    answer(stage, OP_CLOSE, 0, NULL);
}

TEST(engines, a_close_wakes_whoever_reads)
{
    on_both(close_answers, closes_under_a_reader, "read:-3003: read:-3003: closed:0");
}

static void *awaits_for_ever(void *argument)
{
    struct stage *stage = argument;
    COIL_AUTO coil_future *never = coil_create_future(NULL);

    record(&stage->log, "ever:%d", coil_await(never, NULL));
    return NULL;
}

static void *leaves_much(void *argument)
{
    PASS(coil_go(reads, argument));
    PASS(coil_go(sleeps_3, argument));
    PASS(coil_go(awaits_for_ever, argument));
    PASS(coil_yield_now());
    return NULL;
}

TEST(engines, what_is_left_ends_with_its_loop)
{
    on_both(NULL, leaves_much, "-125 ever:-125 read:-125:");
}

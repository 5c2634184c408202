// SPDX-License-Identifier: MIT
/* CPython's test_events.py: executors, descriptors that are watched. */
#include "kernel.h"
#include "visitor.h"

#include <fcntl.h>
#include <poll.h>

/* ---- executors ------------------------------------------------------------------------------ */

static void *runs_two(void *visitors)
{
    struct visitor *visitor = visitors;
    void *result = NULL;
    COIL_AUTO coil_future *future = coil_run_in_executor(NULL, NULL, visit, visitor);

    PASS(coil_await(future, &result));
    CHECK_PTR(result, visitor);
    CHECK(!pthread_equal(visitor->thread, pthread_self()));
    return NULL;
}

TEST(EventLoopTestsMixin, test_run_in_executor)
{
    VISITOR(visitor);
    WORLD(w);
    PASS(world_run(&w, runs_two, &visitor));
}

TEST(EventLoopTestsMixin, test_run_in_executor_cancel)
{
    VISITOR(visitor);
    EXECUTOR(executor);
    {
        WORLD(w);
        PASS(coil_set_default_executor(w.loop, executor));
        COIL_AUTO coil_future *future =
            coil_run_in_executor(w.loop, NULL, visit_and_wait, &visitor);
        sem_wait(&visitor.here);
        CHECK(coil_cancel(future));
        PASS(coil_executor_shutdown(executor, 0));
        PASS(coil_close(w.loop));
        sem_post(&visitor.go);
    }
    CHECK_EQ(atomic_load(&visitor.visits), 1);
}

/* ---- descriptors that are watched ----------------------------------------------------------- */

struct pipe_ends {
    coil_loop *loop;
    int fds[2];
    char bytes[8192];
    size_t count;
};

static void pipe_close(struct pipe_ends *ends)
{
    for (int i = 0; i < 2; i++)
        if (ends->fds[i] >= 0)
            close(ends->fds[i]);
}

#define PIPE(name)                                                                                 \
    __attribute__((cleanup(pipe_close))) struct pipe_ends name = {.fds = {-1, -1}};                \
    CHECK(pipe2(name.fds, O_CLOEXEC | O_NONBLOCK) == 0)

static int reads(void *arg)
{
    struct pipe_ends *ends = arg;
    ssize_t n = read(ends->fds[0], ends->bytes + ends->count, 32);

    if (n > 0) {
        ends->count += (size_t)n;
    } else {
        CHECK_EQ(n, 0);
        CHECK(coil_remove_reader(ends->loop, ends->fds[0]));
        coil_stop(ends->loop);
    }
    return 0;
}

static int writes(void *arg)
{
    const struct pipe_ends *ends = arg;

    CHECK_EQ(write(ends->fds[1], "abc", 3), 3);
    return 0;
}

static int ends_writing(void *arg)
{
    struct pipe_ends *ends = arg;

    close(ends->fds[1]);
    ends->fds[1] = -1;
    return 0;
}

TEST(EventLoopTestsMixin, test_reader_callback)
{
    PIPE(ends);
    KERNEL(loop);
    ends.loop = loop;
    PASS(coil_add_reader(loop, ends.fds[0], reads, &ends));
    PASS(coil_handle_error(coil_call_soon(loop, writes, &ends)));
    PASS(coil_handle_error(coil_call_soon(loop, writes, &ends)));
    PASS(coil_handle_error(coil_call_soon(loop, ends_writing, &ends)));
    PASS(coil_run_forever(loop));
    CHECK_EQ(ends.count, 6);
    CHECK(memcmp(ends.bytes, "abcabc", 6) == 0);
}

static int writes_and_stops(void *arg)
{
    struct pipe_ends *ends = arg;

    CHECK_EQ(write(ends->fds[1], ends->bytes, 1024), 1024);
    coil_stop(ends->loop);
    return 0;
}

TEST(EventLoopTestsMixin, test_writer_callback)
{
    PIPE(ends);
    KERNEL(loop);
    ends.loop = loop;
    PASS(coil_add_writer(loop, ends.fds[1], writes_and_stops, &ends));
    PASS(coil_run_forever(loop));
    CHECK(coil_remove_writer(loop, ends.fds[1]));
    CHECK(!coil_remove_writer(loop, ends.fds[1]));
    CHECK_EQ(read(ends.fds[0], ends.bytes, sizeof(ends.bytes)), 1024);
}

static int nothing(void *unused)
{
    (void)unused;
    return 0;
}

TEST(EventLoopTestsMixin, test_remove_fds_after_closing)
{
    WORLD(w);
    PASS(coil_close(w.loop));
    CHECK(!coil_remove_reader(w.loop, 3));
    CHECK(!coil_remove_writer(w.loop, 3));
}

TEST(EventLoopTestsMixin, test_add_fds_after_closing)
{
    WORLD(w);
    PASS(coil_close(w.loop));
    FAILS(coil_add_reader(w.loop, 3, nothing, NULL), -COIL_ECLOSED);
    FAILS(coil_add_writer(w.loop, 3, nothing, NULL), -COIL_ECLOSED);
}

/* ---- an operation that is cancelled --------------------------------------------------------- */

static void *receives(void *arg)
{
    struct pipe_ends *ends = arg;
    return COIL_ERR((int)coil_read(ends->fds[0], ends->bytes, sizeof(ends->bytes)));
}

static int cancels(void *task)
{
    CHECK(coil_cancel(task));
    return 0;
}

TEST(EventLoopTestsMixin, test_prompt_cancellation)
{
    PIPE(ends);
    KERNEL(loop);
    COIL_AUTO coil_task *task = coil_create_task_with(loop, receives, &ends, NULL);
    PASS(coil_handle_error(coil_call_later(loop, COIL_MS(1), cancels, task)));
    FAILS(coil_run_until_complete(loop, task, NULL), -ECANCELED);
    CHECK(coil_cancelled(task));
    CHECK_EQ(loop->engine->in_flight_count, 0);
}

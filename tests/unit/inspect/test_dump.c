// SPDX-License-Identifier: MIT
#include "ends.h"
#include "world.h"

#include <errno.h>

static void *sleeps(void *arg)
{
    (void)arg;
    return COIL_ERR(coil_sleep(COIL_SEC(1)));
}

static void *awaits(void *future)
{
    return COIL_ERR(coil_await(future, NULL));
}

/* Dumps into a pipe. */
static void dumps(coil_loop *loop, int count, const char *text)
{
    ENDS pipe = ends_pipe(0);
    char buffer[4096] = "";

    CHECK_EQ(coil_dump(loop, pipe.fd[1]), count);
    ends_close(&pipe, 1);
    ssize_t n = read(pipe.fd[0], buffer, sizeof(buffer) - 1);
    CHECK(n >= 0);
    CHECK_STR(buffer, text);
}

TEST(dump, nothing_of_an_empty_loop)
{
    WORLD(w);

    dumps(w.loop, 0, "");
}

TEST(dump, each_task_under_the_one_that_awaits_it)
{
    WORLD(w);
    COIL_AUTO coil_task *one = coil_create_task_with(w.loop, sleeps, NULL, NULL);
    COIL_AUTO coil_task *two = coil_create_task_with(w.loop, awaits, one, NULL);
    COIL_AUTO coil_task *three = coil_create_task_with(w.loop, sleeps, NULL, NULL);
    COIL_AUTO coil_task *four = coil_create_task_with(w.loop, awaits, two, NULL);

    PASS(world_turn(&w));
    CHECK(coil_done(three) || one);
    dumps(w.loop, 4,
          "<task 'task-3' pending coro=sleeps wait=sleep 1s>\n"
          "<task 'task-4' pending coro=awaits wait=task 'task-2'>\n"
          "  <task 'task-2' pending coro=awaits wait=task 'task-1'>\n"
          "    <task 'task-1' pending coro=sleeps wait=sleep 1s>\n");
    PASS(coil_run_until_complete(w.loop, four, NULL));
    dumps(w.loop, 0, "");
}

TEST(dump, the_children_of_a_gather)
{
    WORLD(w);
    COIL_AUTO coil_task *one = coil_create_task_with(w.loop, sleeps, NULL, NULL);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_future *all = coil_gather_futures((coil_future *[]){one, future, one}, 3, 0);
    COIL_AUTO coil_task *two = coil_create_task_with(w.loop, awaits, all, NULL);

    PASS(world_turn(&w));
    CHECK(!coil_is_err(two));
    dumps(w.loop, 2,
          "<task 'task-2' pending coro=awaits wait=gather>\n"
          "  <gather pending children=3 done=0>\n"
          "    <task 'task-1' pending coro=sleeps wait=sleep 1s>\n");
}

TEST(dump, two_that_await_the_same)
{
    WORLD(w);
    COIL_AUTO coil_task *one = coil_create_task_with(w.loop, sleeps, NULL, NULL);
    COIL_AUTO coil_task *two = coil_create_task_with(w.loop, awaits, one, NULL);
    COIL_AUTO coil_task *three = coil_create_task_with(w.loop, awaits, one, NULL);

    PASS(world_turn(&w));
    CHECK(two != three);
    for (int i = 0; i < 2; i++) /* it leaves no trace */
        dumps(w.loop, 3,
              "<task 'task-2' pending coro=awaits wait=task 'task-1'>\n"
              "  <task 'task-1' pending coro=sleeps wait=sleep 1s>\n"
              "<task 'task-3' pending coro=awaits wait=task 'task-1'>\n");
}

static void *awaits_the_other(void *arg)
{
    coil_task **other = arg;
    return COIL_ERR(coil_await(*other, NULL));
}

TEST(dump, a_ring_has_a_line_for_each)
{
    coil_task *one = NULL, *two = NULL;
    WORLD(w);

    one = coil_create_task_with(w.loop, awaits_the_other, &two, NULL);
    two = coil_create_task_with(w.loop, awaits_the_other, &one, NULL);
    PASS(world_turn(&w));
    dumps(w.loop, 2,
          "<task 'task-1' pending coro=awaits_the_other wait=task 'task-2'>\n"
          "  <task 'task-2' pending coro=awaits_the_other wait=task 'task-1'>\n");
    coil_unref(one);
    coil_unref(two);
}

/* As wide as the screen of nobody: what lies too deep stays where it is. */
TEST(dump, a_long_chain_and_gathers_in_gathers)
{
    enum { DEPTH = 200 };
    static coil_future *nest[DEPTH + 1];
    struct record log = {""};
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    WORLD(w);

    (void)log;
    nest[0] = coil_create_task_with(w.loop, sleeps, NULL, NULL);
    for (int i = 1; i <= DEPTH; i++) {
        coil_future *inner = coil_gather_futures(&nest[i - 1], 1, 0);
        nest[i] = coil_create_task_with(w.loop, awaits, inner, NULL);
        coil_unref(nest[i - 1]);
        nest[i - 1] = inner;
    }
    PASS(world_turn(&w));
    CHECK_EQ(coil_dump(w.loop, fd), DEPTH + 1);
    for (int i = 0; i <= DEPTH; i++)
        coil_unref(nest[i]);
    CHECK_EQ(close(fd), 0);
}

TEST(dump, refuses_what_is_no_loop_and_tells_of_a_write_that_fails)
{
    WORLD(w);
    COIL_AUTO coil_task *one = coil_create_task_with(w.loop, sleeps, NULL, NULL);

    FAILS(coil_dump(NULL, 1), -EINVAL);
    FAILS(coil_dump(COIL_ERR(-EIO), 1), -EIO);
    FAILS(coil_dump(w.loop, -1), -EBADF);
    CHECK(!coil_is_err(one));
}

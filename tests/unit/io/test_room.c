// SPDX-License-Identifier: MIT
/* The engine is simulated; the descriptors are the kernel's, which is asked for their kind. */
#include <coil/pipe.h>

#include "ends.h"
#include "io/retry.h"
#include "world.h"

#include <poll.h>

enum { SPLICED = 1000 }; /* a descriptor of the simulation */

static void *waits(void *fd)
{
    coil__descriptors_are_real = true;
    int rc = io_await_room(*(const int *)fd);
    coil__descriptors_are_real = false;

    return COIL_ERR(rc < 0 ? rc : 0);
}

TEST(room, is_waited_for)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    WORLD(w);
    world_answer(&w, OP_POLL, POLLOUT, COIL_MS(500));
    PASS(world_run(&w, waits, &ends.fd[0]));
    CHECK_TIME(world_time(&w), COIL_MS(500));
    CHECK_EQ(world_counts(&w).submitted, 1);
}

/* Two polls find nothing: who has ended his reading shows by a send of nothing. */
TEST(room, will_not_come_where_a_unix_peer_has_ended_its_reading)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    WORLD(w);
    world_answer(&w, OP_SEND, 0, 0);
    world_answer(&w, OP_SEND, -EPIPE, 0);
    FAILS(world_run(&w, waits, &ends.fd[0]), -EPIPE);
    CHECK_TIME(world_time(&w), COIL_SEC(2));
    CHECK_EQ(world_counts(&w).submitted, 4);
}

/* Nothing sent would be a message; others tell by their polls. */
TEST(room, is_asked_for_only_where_nothing_is_sent_by_that)
{
    int types[] = {SOCK_DGRAM, SOCK_SEQPACKET};

    for (size_t i = 0; i < array_length(types); i++) {
        ENDS ends = ends_sockets(types[i]);
        WORLD(w);
        world_answer(&w, OP_POLL, POLLOUT, COIL_SEC(5));
        PASS(world_run(&w, waits, &ends.fd[0]));
        CHECK_EQ(world_counts(&w).submitted, 1);
    }
}

static void *waits_in_a_simulation(void *fd)
{
    int rc = io_await_room(*(const int *)fd);

    return COIL_ERR(rc < 0 ? rc : 0);
}

/* Its numbers are not the kernel's. */
TEST(room, of_a_simulated_descriptor_is_not_asked_for)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    WORLD(w);
    world_answer(&w, OP_POLL, POLLOUT, COIL_SEC(5));
    PASS(world_run(&w, waits_in_a_simulation, &ends.fd[0]));
    CHECK_EQ(world_counts(&w).submitted, 1);
}

static void *splices(void *fd)
{
    coil__descriptors_are_real = true;
    ssize_t rc = coil_splice(SPLICED, NULL, *(const int *)fd, NULL, 1, 0);
    coil__descriptors_are_real = false;
    return COIL_ERR(rc < 0 ? (int)rc : 0);
}

TEST(room, will_not_come_for_a_splice_either)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    WORLD(w);
    world_answer(&w, OP_SPLICE, -EAGAIN, 0);
    world_answer(&w, OP_POLL, POLLIN, 0); /* there is something to be moved */
    world_answer(&w, OP_SEND, -EPIPE, 0);
    FAILS(world_run(&w, splices, &ends.fd[0]), -EPIPE);
    CHECK_TIME(world_time(&w), COIL_SEC(1));
}

static void *is_cancelled(void *argument)
{
    COIL_AUTO coil_task *task = coil_create_task(waits, argument);

    PASS(coil_sleep(COIL_MS(1500)));
    (void)coil_cancel(task);
    FAILS(coil_await(task, NULL), -ECANCELED);
    return NULL;
}

TEST(room, is_waited_for_until_a_cancellation)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    WORLD(w);
    world_answer(&w, OP_SEND, 0, 0);
    PASS(world_run(&w, is_cancelled, &ends.fd[0]));
    CHECK_TIME(world_time(&w), COIL_MS(1500));
}

static void *closes(void *argument)
{
    const int *fd = argument;
    COIL_AUTO coil_task *task = coil_create_task(waits, argument);

    PASS(coil_sleep(COIL_MS(500)));
    PASS(coil_close_fd(*fd));
    FAILS(coil_await(task, NULL), -COIL_ECLOSED);
    return NULL;
}

TEST(room, is_waited_for_until_the_descriptor_closes)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    WORLD(w);
    world_answer(&w, OP_CLOSE, 0, 0);
    PASS(world_run(&w, closes, &ends.fd[0]));
}

TEST(room, is_waited_for_until_the_loop_closes)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    coil_task *task;
    {
        WORLD(w);
        task = coil_create_task_with(w.loop, waits, &ends.fd[0], NULL);
        PASS(world_turn(&w));
        PASS(world_turn(&w));
    }
    CHECK(coil_is_err(task) || coil_cancelled(task) || check_walking());
    coil_unref(task);
}

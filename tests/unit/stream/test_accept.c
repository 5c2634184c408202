// SPDX-License-Identifier: MIT
#include "stream/accept.h"

#include "base/poison.h"
#include "ends.h"
#include "faults.h"
#include "kernel.h"
#include "loop/descriptor.h"

#include <netinet/in.h>
#include <sys/resource.h>

enum { FD = 2001, FIRST = 3000 };

/* Takes so many connections, writes down what it gets and when, and ends. */
struct scene {
    struct acceptor acceptor;
    struct record log;
    int fd;
    int n;
    coil_time rest; /* before the end */
};

static void note(struct record *log, int rc)
{
    record(log, "%d@%d", rc, (int)(world_now() / COIL_MS(1)));
}

static void *accepts(void *argument)
{
    struct scene *scene = argument;
    int rc = 0;

    acceptor_init(&scene->acceptor, scene->fd);
    for (int i = 0; i < scene->n && rc != -ECANCELED; i++) {
        rc = acceptor_next(&scene->acceptor);
        note(&scene->log, rc);
    }
    if (rc != -ECANCELED)
        rc = coil_sleep(scene->rest);
    acceptor_fini(&scene->acceptor);
    return COIL_ERR(rc < 0 ? rc : 0);
}

static void connection(const struct world *w, int result, coil_time delay, bool more)
{
    world_script(
        w->sim, (coil_sim_answer){
                    .opcode = OP_ACCEPT, .fd = FD, .result = result, .delay = delay, .more = more});
}

static void closable(const struct world *w, int fd)
{
    world_script(w->sim, (coil_sim_answer){.opcode = OP_CLOSE, .fd = fd});
}

/* An engine that does not carry one operation for all connections. */
static void one_by_one(const struct world *w)
{
    if (!err_is(w->loop))
        w->loop->engine->capabilities &= ~(uint32_t)ENGINE_MANY_ACCEPT;
}

/* ---- on the simulated engine ---------------------------------------------------------------- */

TEST(accept, takes_many_connections_by_one_operation)
{
    struct scene scene = {.fd = FD, .n = 3};
    WORLD(w);
    connection(&w, FIRST, COIL_MS(1), true);
    connection(&w, FIRST + 1, COIL_MS(1), true);
    connection(&w, FIRST + 2, COIL_MS(1), true);
    connection(&w, FIRST + 3, COIL_SEC(9), false);
    PASS(world_run(&w, accepts, &scene));
    CHECK_STR(scene.log.text, "3000@1 3001@2 3002@3");
    CHECK_EQ(world_counts(&w).submitted, 1);
    CHECK_EQ(world_counts(&w).in_flight, 0);
}

TEST(accept, takes_them_one_by_one_where_the_engine_has_no_more)
{
    struct scene scene = {.fd = FD, .n = 3};
    WORLD(w);
    one_by_one(&w);
    for (int i = 0; i < 3; i++)
        connection(&w, FIRST + i, COIL_MS(1), false);
    PASS(world_run(&w, accepts, &scene));
    CHECK_STR(scene.log.text, "3000@1 3001@2 3002@3");
    CHECK_EQ(world_counts(&w).submitted, 3);
}

TEST(accept, goes_on_when_the_operation_ends)
{
    struct scene scene = {.fd = FD, .n = 3};
    WORLD(w);
    connection(&w, FIRST, COIL_MS(1), true);
    connection(&w, FIRST + 1, COIL_MS(1), false);
    connection(&w, FIRST + 2, COIL_MS(1), false);
    PASS(world_run(&w, accepts, &scene));
    CHECK_STR(scene.log.text, "3000@1 3001@2 3002@3");
}

/* What came before the error is given out before it. */
TEST(accept, gives_errors_and_goes_on)
{
    struct scene scene = {.fd = FD, .n = 4};
    WORLD(w);
    connection(&w, FIRST, COIL_MS(1), true);
    connection(&w, FIRST + 1, 0, true);
    connection(&w, -EMFILE, 0, false);
    connection(&w, FIRST + 2, COIL_MS(1), false);
    PASS(world_run(&w, accepts, &scene));
    CHECK_STR(scene.log.text, "3000@1 3001@1 -24@1 3002@2");
}

TEST(accept, waits_where_the_descriptor_does_not)
{
    struct scene scene = {.fd = FD, .n = 1};
    WORLD(w);
    connection(&w, -EAGAIN, 0, false);
    world_answer(&w, OP_POLL, 1, COIL_MS(5));
    connection(&w, FIRST, COIL_MS(1), false);
    PASS(world_run(&w, accepts, &scene));
    CHECK_STR(scene.log.text, "3000@6");
}

TEST(accept, closes_what_nobody_took)
{
    struct scene scene = {.fd = FD, .n = 1, .rest = COIL_MS(5)};
    WORLD(w);
    for (int i = 0; i < 20; i++)
        connection(&w, FIRST + i, i == 0 ? 1 : 0, i < 19);
    for (int i = 1; i < 20; i++)
        closable(&w, FIRST + i);
    PASS(world_run(&w, accepts, &scene));
    CHECK_STR(scene.log.text, "3000@0");
    CHECK_EQ(world_counts(&w).submitted, 1 + 19);
}

static int runs_out_of_memory(void *argument)
{
    (void)argument;
    faults_fail_all("alloc");
    return 0;
}

static void *has_no_memory_for_one(void *argument)
{
    struct scene *scene = argument;

    acceptor_init(&scene->acceptor, FD);
    CHECK_EQ(acceptor_next(&scene->acceptor), FIRST);
    PASS(coil_handle_error(
        coil_call_later(coil_get_running_loop(), COIL_MS(0.5), runs_out_of_memory, NULL)));
    PASS(coil_sleep(COIL_MS(2)));
    faults_end();
    for (int i = 1; i < ACCEPTOR_FEW; i++)
        CHECK_EQ(acceptor_next(&scene->acceptor), FIRST + i);
    FAILS(acceptor_next(&scene->acceptor), -ENOMEM);
    acceptor_fini(&scene->acceptor);
    return NULL;
}

/* A simulated connection is no descriptor of the kernel's, where its number is somebody else's. */
TEST(accept, closes_for_want_of_memory_nothing_that_the_engine_does_not_own)
{
    if (check_walking())
        return; /* it is a walk of its own */
    struct scene scene = {.fd = FD};
    ENDS ends = ends_pipe(0);
    WORLD(w);
    for (int i = 0; i < ACCEPTOR_FEW; i++)
        connection(&w, FIRST + i, i < 2 ? COIL_MS(1) : 0, true);
    connection(&w, ends.fd[0], 0, false);
    PASS(world_run(&w, has_no_memory_for_one, &scene));
    CHECK(fcntl(ends.fd[0], F_GETFD) >= 0);
}

TEST(accept, closes_what_comes_after_the_end)
{
    struct scene scene = {.fd = FD, .n = 1};
    WORLD(w);
    connection(&w, FIRST, COIL_MS(1), true);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_ACCEPT,
                                          .fd = FD,
                                          .result = FIRST + 1,
                                          .delay = COIL_SEC(9),
                                          .cancel = COIL_SIM_CANCEL_LOSES});
    closable(&w, FIRST + 1);
    PASS(world_run(&w, accepts, &scene));
    CHECK_STR(scene.log.text, "3000@1");
    CHECK_EQ(world_counts(&w).submitted, 2);
    CHECK_EQ(world_counts(&w).in_flight, 0);
}

/* The cancellation of the wait does not end the operation: what it brings is not lost. */
static void *is_cancelled_and_takes_on(void *argument)
{
    struct scene *scene = argument;

    acceptor_init(&scene->acceptor, FD);
    for (int i = 0; i < 2; i++) {
        note(&scene->log, acceptor_next(&scene->acceptor));
        PASS(coil_uncancel(coil_current_task()));
    }
    acceptor_fini(&scene->acceptor);
    return NULL;
}

TEST(accept, loses_nothing_when_it_is_cancelled)
{
    struct scene scene = {.fd = FD};
    WORLD(w);
    connection(&w, FIRST, COIL_MS(10), false);
    COIL_AUTO coil_task *task =
        coil_create_task_with(w.loop, is_cancelled_and_takes_on, &scene, NULL);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(5), world_cancel, task)));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(scene.log.text, "-125@5 3000@10");
    CHECK_EQ(world_counts(&w).submitted, 1);
}

TEST(accept, is_cancelled)
{
    struct scene scene = {.fd = FD, .n = 1};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, accepts, &scene, NULL);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(5), world_cancel, task)));
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK_STR(scene.log.text, "-125@5");
    CHECK_EQ(world_counts(&w).in_flight, 0);
}

static void *closes(void *argument)
{
    (void)argument;
    PASS(coil_sleep(COIL_MS(5)));
    PASS(descriptor_close(FD));
    return NULL;
}

TEST(accept, hears_that_its_descriptor_was_closed)
{
    struct scene scene = {.fd = FD, .n = 1};
    WORLD(w);
    closable(&w, FD);
    COIL_AUTO coil_task *closer = coil_create_task_with(w.loop, closes, NULL, NULL);
    PASS(world_run(&w, accepts, &scene));
    CHECK_EQ(scene.acceptor.error, 0);
    char expected[16];
    snprintf(expected, sizeof(expected), "%d@5", -COIL_ECLOSED);
    CHECK_STR(scene.log.text, expected);
    PASS(coil_run_until_complete(w.loop, closer, NULL));
}

TEST(accept, ends_with_its_loop)
{
    struct scene scene = {.fd = FD, .n = 2};
    {
        WORLD(w);
        connection(&w, FIRST, COIL_MS(1), true);
        connection(&w, FIRST + 1, COIL_SEC(9), false);
        COIL_AUTO coil_task *task = coil_create_task_with(w.loop, accepts, &scene, NULL);
        for (int i = 0; i < 6; i++)
            PASS(world_turn(&w));
        CHECK(!coil_done(task) || check_walking());
    }
    CHECK_EQ(scene.acceptor.op.state, OP_IDLE);
}

TEST(accept, is_for_tasks)
{
    struct acceptor acceptor;
    acceptor_init(&acceptor, FD);
    FAILS(acceptor_next(&acceptor), -COIL_ENOLOOP);
}

TEST(accept, knows_what_goes_on_and_what_does_not)
{
    CHECK_EQ(acceptor_advice(-ECONNABORTED), ACCEPT_ON);
    CHECK_EQ(acceptor_advice(-EINTR), ACCEPT_ON);
    CHECK_EQ(acceptor_advice(-EMFILE), ACCEPT_LATER);
    CHECK_EQ(acceptor_advice(-ENFILE), ACCEPT_LATER);
    CHECK_EQ(acceptor_advice(-ENOBUFS), ACCEPT_LATER);
    CHECK_EQ(acceptor_advice(-ENOMEM), ACCEPT_LATER);
    CHECK_EQ(acceptor_advice(-EPERM), ACCEPT_LATER);
    CHECK_EQ(acceptor_advice(-EBADF), ACCEPT_NEVER);
    CHECK_EQ(acceptor_advice(-COIL_ECLOSED), ACCEPT_NEVER);
    CHECK_EQ(acceptor_advice(-ECANCELED), ACCEPT_NEVER);
}

/* ---- on the ring ---------------------------------------------------------------------------- */

struct listener {
    int fd;
    struct sockaddr_in address;
};

static void listener_free(struct listener *listener)
{
    close(listener->fd);
}

#define LISTENER(name) __attribute__((cleanup(listener_free))) struct listener name = listener_new()

static struct listener listener_new(void)
{
    struct listener listener = {
        .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
        .address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
    };
    struct sockaddr *any = (struct sockaddr *)&listener.address;
    socklen_t size = sizeof(listener.address);

    CHECK_EQ(bind(listener.fd, any, size), 0);
    CHECK_EQ(listen(listener.fd, 64), 0);
    CHECK_EQ(getsockname(listener.fd, any, &size), 0);
    return listener;
}

/* A client's descriptor; the kernel completes its connection before anybody accepts it. */
static int client(const struct listener *listener)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK_EQ(connect(fd, (const struct sockaddr *)&listener->address, sizeof(listener->address)),
             0);
    return fd;
}

struct crowd {
    const struct listener *listener;
    int accepted[20];
    int n;
    int flags;
};

static void *accept_a_crowd(void *argument)
{
    struct crowd *crowd = argument;
    struct acceptor acceptor;
    int rc = 0;

    acceptor_init(&acceptor, crowd->listener->fd);
    while (rc >= 0 && crowd->n < 10) {
        rc = acceptor_next(&acceptor);
        if (PASS(rc))
            crowd->accepted[crowd->n++] = rc;
    }
    acceptor_fini(&acceptor);
    return COIL_ERR(rc < 0 ? rc : 0);
}

/* The sockets of 20 clients: 10 are accepted, and the others are not left open by anybody: their
 * clients hear the end once the listener is closed. */
static void take_half_of_a_crowd(int flags)
{
    LISTENER(listener);
    struct crowd crowd = {.listener = &listener};
    int clients[20];

    CHECK_EQ(fcntl(listener.fd, F_SETFL, flags), 0);
    for (size_t i = 0; i < array_length(clients); i++)
        clients[i] = client(&listener);
    {
        KERNEL(loop);
        PASS(kernel_run(loop, accept_a_crowd, &crowd));
    }
    CHECK_EQ(crowd.n, 10);
    for (int i = 0; i < crowd.n; i++) {
        CHECK_EQ(fcntl(crowd.accepted[i], F_GETFD), FD_CLOEXEC);
        CHECK_EQ(write(crowd.accepted[i], "x", 1), 1);
        close(crowd.accepted[i]);
    }
    shutdown(listener.fd, SHUT_RD); /* drops those that were not accepted */
    for (int i = 0; i < 20; i++) {
        char byte;
        CHECK_EQ(read(clients[i], &byte, 1) == 1, i < crowd.n);
        close(clients[i]);
    }
}

TEST(accept, gives_out_or_closes_each_connection_of_the_kernel)
{
    if (!kernel_has_rings())
        return;
    take_half_of_a_crowd(0);
}

TEST(accept, takes_descriptors_that_do_not_wait)
{
    if (!kernel_has_rings())
        return;
    take_half_of_a_crowd(O_NONBLOCK);
}

static void *accept_without_descriptors(void *argument)
{
    const struct listener *listener = argument;
    struct rlimit limit, none;
    struct acceptor acceptor;

    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){0, limit.rlim_max};
    acceptor_init(&acceptor, listener->fd);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    int fd = acceptor_next(&acceptor);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (FAILS(fd, -EMFILE))
        fd = acceptor_next(&acceptor); /* the connection was waiting */
    if (PASS(fd))
        close(fd);
    acceptor_fini(&acceptor);
    return NULL;
}

TEST(accept, finds_the_connection_when_there_are_descriptors_again)
{
    if (!kernel_has_rings())
        return;
    if (ON_VALGRIND)
        return; /* the kernel, which accepts, hears nothing of the limits that it keeps itself */
    LISTENER(listener);
    int fd = client(&listener);
    KERNEL(loop);
    PASS(kernel_run(loop, accept_without_descriptors, &listener));
    close(fd);
}

// SPDX-License-Identifier: MIT
/* Accepting, on the simulated engine: the descriptors are real, what happens to them is scripted.
 */
#include "base/poison.h"
#include "serving.h"

#include <netdb.h>
#include <sys/resource.h>

struct scene {
    struct record log;
    coil_server *server;
    int fd;
    coil_time span; /* how long it serves */
};

static void scene_free(struct scene *scene)
{
    coil_server_unref(scene->server);
    close(scene->fd);
}

#define SCENE_WITH(name, the_span)                                                                 \
    __attribute__((cleanup(scene_free))) struct scene name = {.span = the_span};                   \
    (name).fd = net_bound(SOCK_STREAM)

static void note(struct record *log, const char *what)
{
    record(log, "%s@%d", what, (int)(world_now() / COIL_MS(1)));
}

static void hear(coil_loop *loop, const coil_exception_context *context, void *userdata)
{
    char what[16];

    (void)loop;
    snprintf(what, sizeof(what), "%d", context->code);
    note(userdata, what);
}

static void *serves(void *stream)
{
    note(coil_stream_userdata(stream), "client");
    PASS(coil_stream_abort(stream));
    return NULL;
}

static void *runs(void *argument)
{
    struct scene *scene = argument;

    scene->server =
        coil_start_server(serves, &scene->log, NULL, -1, SERVER_OPTIONS(.fd = scene->fd));
    if (!PASS(err_code(scene->server)))
        return COIL_ERR(err_code(scene->server));
    PASS(coil_sleep(scene->span));
    PASS(coil_server_close(scene->server));
    PASS(coil_server_wait_closed(scene->server));
    note(&scene->log, "closed");
    return NULL;
}

static void accepted(const struct world *w, const struct scene *scene, int result, coil_time delay)
{
    world_script(
        w->sim,
        (coil_sim_answer){.opcode = OP_ACCEPT, .fd = scene->fd, .result = result, .delay = delay});
    if (result >= 0)
        world_script(w->sim, (coil_sim_answer){.opcode = OP_CLOSE, .fd = result});
}

/* Everything but what is accepted. */
static void answer_the_rest(const struct world *w, const struct scene *scene)
{
    world_script(w->sim, (coil_sim_answer){.opcode = OP_LISTEN, .fd = scene->fd});
    world_script(w->sim, (coil_sim_answer){.opcode = OP_CLOSE, .fd = scene->fd});
    PASS(coil_set_exception_handler(w->loop, hear, (void *)(uintptr_t)&scene->log));
}

/* ---- accepting ------------------------------------------------------------------------------ */

static void pause_after(int code)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    SCENE_WITH(scene, COIL_SEC(3));
    WORLD(w);
    answer_the_rest(&w, &scene);
    accepted(&w, &scene, code, 0);
    accepted(&w, &scene, code, 0);
    accepted(&w, &scene, ends.fd[0], COIL_MS(1));
    PASS(world_run(&w, runs, &scene));
    char expected[64];
    snprintf(expected, sizeof(expected), "%d@0 %d@1000 client@2001 closed@3000", code, code);
    CHECK_STR(scene.log.text, expected);
}

/* No spinning: one operation a second. */
TEST(listener, pauses_when_the_system_has_no_more_and_goes_on)
{
    pause_after(-EMFILE);
    pause_after(-ENFILE);
    pause_after(-ENOBUFS);
    pause_after(-ENOMEM);
}

TEST(listener, goes_on_after_a_connection_that_nobody_has_seen)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    SCENE_WITH(scene, COIL_SEC(3));
    WORLD(w);
    answer_the_rest(&w, &scene);
    accepted(&w, &scene, -ECONNABORTED, 0);
    accepted(&w, &scene, -EPROTO, 0);
    accepted(&w, &scene, ends.fd[0], COIL_MS(1));
    PASS(world_run(&w, runs, &scene));
    CHECK_STR(scene.log.text, "client@1 closed@3000");
}

TEST(listener, ends_with_a_descriptor_that_is_of_no_use)
{
    SCENE_WITH(scene, COIL_SEC(3));
    WORLD(w);
    answer_the_rest(&w, &scene);
    accepted(&w, &scene, -EINVAL, COIL_MS(5));
    PASS(world_run(&w, runs, &scene));
    CHECK_STR(scene.log.text, "-22@5 closed@3000");
    CHECK(!coil_server_is_serving(scene.server));
    CHECK_EQ(coil_server_sockets(scene.server, NULL, 0), 0);
}

TEST(listener, can_be_closed_while_it_pauses)
{
    SCENE_WITH(scene, COIL_MS(500));
    WORLD(w);
    answer_the_rest(&w, &scene);
    accepted(&w, &scene, -EMFILE, 0);
    PASS(world_run(&w, runs, &scene));
    CHECK_STR(scene.log.text, "-24@0 closed@500");
}

/* A connection that comes when the server is closed finds nobody, and is not left open. */
TEST(listener, closes_what_comes_with_the_end)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    SCENE_WITH(scene, COIL_MS(500));
    WORLD(w);
    answer_the_rest(&w, &scene);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_ACCEPT,
                                          .fd = scene.fd,
                                          .result = ends.fd[0],
                                          .delay = COIL_SEC(9),
                                          .cancel = COIL_SIM_CANCEL_LOSES});
    world_script(w.sim, (coil_sim_answer){.opcode = OP_CLOSE, .fd = ends.fd[0]});
    PASS(world_run(&w, runs, &scene));
    CHECK_STR(scene.log.text, "closed@500");
    CHECK_EQ(world_counts(&w).submitted, 4); /* listen, accept, two closes */
    CHECK_EQ(world_counts(&w).in_flight, 0);
}

static void *starts_only(void *argument)
{
    struct scene *scene = argument;

    scene->server =
        coil_start_server(serves, &scene->log, NULL, -1, SERVER_OPTIONS(.fd = scene->fd));
    return COIL_ERR(err_code(scene->server));
}

TEST(listener, ends_with_its_loop)
{
    SCENE_WITH(scene, 0);
    {
        WORLD(w);
        answer_the_rest(&w, &scene);
        PASS(world_run(&w, starts_only, &scene));
        CHECK(coil_server_is_serving(scene.server) || check_walking());
    }
    CHECK_STR(scene.log.text, ""); /* nothing to report */
    CHECK(!coil_server_is_serving(scene.server));
    CHECK_PTR(coil_server_loop(scene.server), NULL);
    if (!err_is(scene.server))
        PASS(coil_server_close(scene.server));
}

/* ---- binding, on the ring ------------------------------------------------------------------- */

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof(value);

    return getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

static void *looks_at_options(void *argument)
{
    coil_server *plain = coil_start_server(serving_echo, NULL, "127.0.0.1", 0, NULL);
    coil_server *other = coil_start_server(
        serving_echo, NULL, "127.0.0.1", 0,
        SERVER_OPTIONS(.reuse_port = true, .no_reuse_address = true, .backlog = 7));
    int fd = -1;

    if (CHECK_EQ(coil_server_sockets(plain, &fd, 1), 1)) {
        CHECK_EQ(option_of(fd, SOL_SOCKET, SO_REUSEADDR), 1);
        CHECK_EQ(option_of(fd, SOL_SOCKET, SO_REUSEPORT), 0);
        CHECK_EQ(option_of(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
        CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    }
    if (CHECK_EQ(coil_server_sockets(other, &fd, 1), 1)) {
        CHECK_EQ(option_of(fd, SOL_SOCKET, SO_REUSEADDR), 0);
        CHECK_EQ(option_of(fd, SOL_SOCKET, SO_REUSEPORT), 1);
    }
    (void)coil_server_close(plain);
    (void)coil_server_close(other);
    coil_server_unref(plain);
    coil_server_unref(other);
    return argument;
}

TEST(listener, sets_what_a_socket_needs)
{
    if (!kernel_has_rings())
        return;
    KERNEL(loop);
    PASS(kernel_run(loop, looks_at_options, NULL));
}

static void *uses_up_descriptors(void *argument)
{
    struct record *log = argument;
    struct rlimit limit, none;
    coil_server *server = coil_start_server(serving_echo, NULL, "127.0.0.1", 0, NULL);
    int port = serving_port(server);

    if (err_is(server))
        return server;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){0, limit.rlim_max};
    int client = net_client(port);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    while (!log->text[0]) /* until the handler of errors was told */
        PASS(coil_sleep(COIL_MS(1)));
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    close(client);
    CHECK(serving_answers(port));
    PASS(coil_server_close(server));
    PASS(coil_server_wait_closed(server));
    coil_server_unref(server);
    return NULL;
}

TEST(listener, goes_on_when_there_are_descriptors_again)
{
    if (!kernel_has_rings())
        return;
    /* It would wait for an error that a fault took away; and for Valgrind, which keeps limits to
     * itself, the kernel goes on accepting. */
    if (check_walking() || ON_VALGRIND)
        return;
    KERNEL(loop);
    SERVING_EAR(log, loop);
    PASS(kernel_run(loop, uses_up_descriptors, &log));
    CHECK_STR(log.text, "[a connection could not be accepted -24]");
}

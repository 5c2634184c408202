// SPDX-License-Identifier: MIT
#include "serving.h"

#include "faults.h"

struct scene {
    coil_fn handler;
    bool silent; /* the client says nothing: what is not read would reset the connection */
    struct record log;
    coil_stream *kept;
    coil_task *task;
    ssize_t heard; /* what the client read in the end */
};

/* A client that may say hello, and waits for the end. */
static void *runs(void *argument)
{
    struct scene *scene = argument;
    coil_server *server = coil_start_server(scene->handler, scene, "127.0.0.1", 0, NULL);
    coil_stream *stream = coil_open_connection("127.0.0.1", serving_port(server), NULL);
    char text[64];

    if (!err_is(server) && (scene->silent || PASS(coil_stream_send(stream, "hello\n", 6))))
        while ((scene->heard = coil_stream_read(stream, text, sizeof(text))) > 0)
            record(&scene->log, "%.*s", (int)scene->heard, text);
    (void)coil_stream_close(stream);
    coil_stream_unref(stream);
    (void)coil_server_close(server);
    if (!err_is(server))
        (void)!coil_server_wait_closed(server);
    coil_server_unref(server);
    return COIL_ERR(err_code(server));
}

static struct record run(struct scene *scene)
{
    KERNEL(loop);
    SERVING_EAR(log, loop);
    PASS(kernel_run(loop, runs, scene));
    return log;
}

static void *answers(void *stream)
{
    struct scene *scene = coil_stream_userdata(stream);
    char line[16];

    record(&scene->log, "called");
    if (PASS(coil_stream_readline(stream, line, sizeof(line))))
        PASS(coil_stream_write(stream, "bye", 3));
    PASS(coil_stream_close(stream));
    return scene; /* a result is nobody's */
}

TEST(client, is_served_with_the_userdata_of_the_server)
{
    struct scene scene = {.handler = answers};
    struct record log = run(&scene);
    CHECK_STR(scene.log.text, "called bye");
    CHECK_STR(log.text, "");
    CHECK_EQ(scene.heard, 0);
}

static void *fails(void *stream)
{
    (void)coil_stream_write(stream, "bye", 3);
    return COIL_ERR(-EBADMSG);
}

TEST(client, is_closed_and_reported_when_its_handler_fails)
{
    struct scene scene = {.handler = fails, .silent = true};
    struct record log = run(&scene);
    CHECK_STR(log.text, "[a client's handler failed -74]");
    CHECK_EQ(scene.heard, 0); /* the stream is not aborted: what was written arrives */
    CHECK_STR(scene.log.text, "bye");
}

static void *is_cancelled(void *stream)
{
    (void)stream;
    (void)coil_cancel(coil_current_task());
    return COIL_ERR(coil_sleep(COIL_SEC(9)));
}

TEST(client, is_closed_and_not_reported_when_its_handler_is_cancelled)
{
    struct scene scene = {.handler = is_cancelled, .silent = true};
    struct record log = run(&scene);
    CHECK_STR(log.text, "");
    CHECK_EQ(scene.heard, 0);
}

static void *forgets(void *stream)
{
    (void)stream;
    return NULL;
}

TEST(client, is_reported_when_nobody_closed_it)
{
    struct scene scene = {.handler = forgets, .silent = true};
    struct record log = run(&scene);
    CHECK(strstr(log.text, "stream") != NULL);
    CHECK_EQ(scene.heard, 0);
}

static void *keeps(void *stream)
{
    struct scene *scene = coil_stream_userdata(stream);

    scene->kept = coil_stream_ref(stream);
    return NULL;
}

static void *waits_for_the_end(void *server)
{
    return COIL_ERR(coil_server_wait_closed(server));
}

static void *serves_on(void *argument)
{
    struct scene *scene = argument;
    coil_server *server = coil_start_server(keeps, scene, "127.0.0.1", 0, NULL);
    coil_stream *stream = coil_open_connection("127.0.0.1", serving_port(server), NULL);

    for (int i = 0; i < 1000 && !scene->kept && !err_is(stream); i++)
        PASS(coil_sleep(COIL_MS(1)));
    (void)coil_server_close(server);
    /* The handler has ended, its connection has not. */
    coil_task *waiter = coil_create_task(waits_for_the_end, server);
    PASS(coil_sleep(COIL_MS(1)));
    CHECK(!coil_done(waiter) || check_walking());
    (void)coil_stream_close(scene->kept);
    coil_stream_unref(scene->kept);
    kernel_await(waiter);
    coil_unref(waiter);
    (void)coil_stream_close(stream);
    coil_stream_unref(stream);
    coil_server_unref(server);
    return NULL;
}

TEST(client, counts_as_long_as_its_connection_lasts)
{
    struct scene scene = {.handler = keeps};
    KERNEL(loop);
    SERVING_EAR(log, loop);
    PASS(kernel_run(loop, serves_on, &scene));
    CHECK_STR(log.text, "");
}

/* No memory for the client: its connection is closed, and the server goes on. */
static void *has_no_memory_for_a_client(void *argument)
{
    coil_server *server = coil_start_server(serving_echo, NULL, "127.0.0.1", 0, NULL);
    int port = serving_port(server);
    int client = net_client(port);
    char byte;

    faults_fail(1, "alloc");
    while (faults_met() == 0 && coil_yield_now() == 0) {
    }
    faults_end();
    CHECK_EQ(read(client, &byte, 1), 0);
    close(client);
    CHECK(serving_answers(port));
    PASS(coil_server_close(server));
    PASS(coil_server_wait_closed(server));
    coil_server_unref(server);
    return argument;
}

TEST(client, is_closed_where_there_is_no_memory_for_it)
{
    if (check_walking())
        return; /* it is a walk of its own */
    KERNEL(loop);
    SERVING_EAR(log, loop);
    PASS(kernel_run(loop, has_no_memory_for_a_client, NULL));
    CHECK_STR(log.text, "[a client could not be served -12]");
}

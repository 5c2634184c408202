// SPDX-License-Identifier: MIT
/*
 * A server's client: a connection and the task that serves it. Either may end first. The server
 * counts the connection, so that coil_server_wait_closed waits for what is still to be sent.
 */
#include "base/alloc.h"
#include "loop/descriptor.h"
#include "loop/exception.h"
#include "stream/server.h"
#include "stream/stream.h"
#include "task/error.h"

struct client {
    struct list_node link; /* in the server's, until the connection is gone */
    coil_server *server;
    coil_stream *stream; /* the handler's reference */
    coil_task *task;     /* the handler; NULL: it has ended */
    struct watcher watcher;
    struct call call;
};

static void settle(struct client *client)
{
    coil_server *server = client->server;

    if (client->task || list_linked(&client->link))
        return;
    coil__free(client);
    server_settle(server);
    coil_server_unref(server);
}

static void lost(coil_stream *stream, void *arg)
{
    struct client *client = arg;

    (void)stream;
    list_remove(&client->link);
    settle(client);
}

/* As asyncio has it: what failed or was cancelled is closed, what has ended well did that itself.
 */
static void handled(struct call *call, bool drop)
{
    struct client *client = container_of(call, struct client, call);
    coil_task *task = client->task;

    (void)drop;
    if (task->state == COIL_FINISHED && err_is(task->result)) {
        error_retrieved(task);
        sched_report(task->sched, "a client's handler failed", err_code(task->result), task);
    }
    if (err_is(task->result))
        (void)coil_stream_close(client->stream);
    client->task = NULL;
    future_unref(task);
    coil_stream_unref(client->stream);
    settle(client);
}

static void queue_handled(struct watcher *watcher, struct coil_future *task)
{
    sched_queue(task->sched, &container_of(watcher, struct client, watcher)->call.item);
}

/* After an error the client, if there is one, goes with its connection. */
static int serve(coil_server *server, coil_stream *stream)
{
    struct client *client = coil__alloc_zeroed(sizeof(*client));

    if (!client)
        return -ENOMEM;
    client->server = coil_server_ref(server);
    client->stream = stream;
    list_append(&server->clients, &client->link);
    stream_on_lost(stream, lost, client);
    (void)coil_stream_set_userdata(stream, server->userdata);
    coil_task *task = task_new(task_current()->sched, server->handler, stream, NULL);
    if (err_is(task))
        return err_code(task);
    client->task = task;
    client->watcher.notify = queue_handled;
    call_init(&client->call, handled);
    if (future_done(task)) /* an eager one */
        queue_handled(&client->watcher, task);
    else
        future_watch(task, &client->watcher);
    return 0;
}

void client_begin(coil_server *server, int fd)
{
    coil_stream *stream = coil_stream_new(fd, &server->stream);
    int rc = err_code(stream);

    if (rc < 0) {
        (void)descriptor_discard(fd);
    } else if ((rc = serve(server, stream)) < 0) {
        (void)coil_stream_abort(stream);
        coil_stream_unref(stream);
    }
    if (rc < 0)
        exception_report(server_loop(server),
                         &(coil_exception_context){.size = sizeof(coil_exception_context),
                                                   .message = "a client could not be served",
                                                   .code = rc});
}

void clients_each(const coil_server *server, int (*act)(coil_stream *stream))
{
    list_for_each (node, &server->clients) {
        (void)act(list_entry(node, struct client, link)->stream);
    }
}

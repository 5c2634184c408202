// SPDX-License-Identifier: MIT
/*
 * echo_client: connections to an echo server, each with one message to and fro at a time, on a ring
 * of its own that does less for each message than any server has to: it is not what is measured.
 * Prints how many messages there were and in how many seconds.
 *
 * With --each a connection ends after so many messages, by a reset, which leaves nothing behind in
 * the kernel, and a new one takes its place.
 */
#include "client.h"
#include "ring.h"

#include <argp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ENTRIES = 4096,
    COMPLETIONS = 8192,
    BUFFERS = 4096,
    SIZE_MAX_ = 4096,
    NUMBER_MAX = 1000000000
};

struct settings {
    unsigned long port, connections, messages, each, size;
    bool waits;
};

struct connection {
    int fd;
    unsigned generation; /* of the completions that are still its own */
    unsigned long left;  /* messages until it is replaced */
    unsigned long got;   /* bytes of the message under way */
};

struct client {
    struct settings settings;
    struct ring ring;
    char message[SIZE_MAX_];
    struct connection *connections;
    unsigned long begun, done, opened;
};

static uint64_t named(const struct client *client, unsigned long index)
{
    return (uint64_t)client->connections[index].generation << 32 | (uint32_t)index;
}

static struct io_uring_sqe *entry(struct client *client, unsigned long index)
{
    return ring_entry(&client->ring, client->connections[index].fd, named(client, index));
}

static void arm_recv(struct client *client, unsigned long index)
{
    ring_recv(&client->ring, client->connections[index].fd, named(client, index));
}

/* The next message of a connection, if there are to be more. */
static void send_next(struct client *client, unsigned long index)
{
    if (client->begun == client->settings.messages)
        return;
    struct io_uring_sqe *sqe = entry(client, index);
    client->begun++;
    client->connections[index].got = 0;
    sqe->opcode = IORING_OP_SEND;
    sqe->addr = (uint64_t)(uintptr_t)client->message;
    sqe->len = (unsigned)client->settings.size;
    sqe->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
    sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
}

/* The source address changes now and then, so that it has ports for all of them. */
static void open_one(struct client *client, unsigned long index)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((in_port_t)client->settings.port)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    const struct linger reset = {.l_onoff = 1};
    const int yes = 1;
    struct connection *connection = &client->connections[index];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        fail("socket", errno);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(client->opened++ / 10000 % 100));
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
    if (bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
        connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        fail("connect", errno);
    connection->fd = fd;
    connection->generation = (connection->generation + 1) & 0x7fffffff;
    connection->left = client->settings.each;
    arm_recv(client, index);
}

static void replace(struct client *client, unsigned long index)
{
    struct connection *connection = &client->connections[index];
    struct io_uring_sqe *sqe = entry(client, index);

    /* The receive holds the socket, so that closing it alone would reset nothing. */
    sqe->opcode = IORING_OP_ASYNC_CANCEL;
    sqe->cancel_flags = IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_ALL;
    sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
    sqe->user_data = UINT64_MAX;
    io_uring_submit_and_get_events(&client->ring.uring);
    close(connection->fd);
    open_one(client, index);
}

static void answered(struct client *client, unsigned long index)
{
    struct connection *connection = &client->connections[index];

    client->done++;
    if (client->settings.each && --connection->left == 0)
        replace(client, index);
    send_next(client, index);
}

static void completed(struct client *client, const struct io_uring_cqe *cqe)
{
    unsigned long index = (uint32_t)cqe->user_data;
    bool many = cqe->flags & IORING_CQE_F_MORE;

    if (cqe->flags & IORING_CQE_F_BUFFER) {
        ring_give_back(&client->ring, cqe->flags >> IORING_CQE_BUFFER_SHIFT);
        ring_publish(&client->ring);
    }
    if (cqe->user_data == UINT64_MAX ||
        cqe->user_data >> 32 != client->connections[index].generation)
        return;
    if (cqe->res <= 0)
        fail("a connection", cqe->res ? -cqe->res : ECONNRESET);
    client->connections[index].got += (unsigned)cqe->res;
    if (!many)
        arm_recv(client, index);
    if (client->connections[index].got == client->settings.size)
        answered(client, index);
}

static void run(struct client *client)
{
    struct io_uring_cqe *cqe;

    while (client->done < client->settings.messages) {
        ring_enter(&client->ring);
        /* One at a time: what is answered may enter the kernel itself. */
        while (io_uring_peek_cqe(&client->ring.uring, &cqe) == 0) {
            struct io_uring_cqe one = *cqe;
            io_uring_cqe_seen(&client->ring.uring, cqe);
            completed(client, &one);
        }
    }
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct settings *settings = state->input;
    unsigned long most = key == 'p' ? UINT16_MAX : key == 's' ? SIZE_MAX_ : NUMBER_MAX;
    char *end = NULL;

    if (key == ARGP_KEY_END) {
        if (!settings->port)
            argp_failure(state, 2, 0, "give it the server's --port");
        if (settings->connections > BUFFERS)
            argp_failure(state, 2, 0, "at most %d connections", BUFFERS);
        return 0;
    }
    if (key == 'i') {
        settings->waits = true;
        return 0;
    }
    if (!text || !strchr("pcnes", key))
        return ARGP_ERR_UNKNOWN;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end || *text == '-' || value < 1 || value > most)
        argp_failure(state, 2, 0, "'%s' is no number from 1 to %lu", text, most);
    *(key == 'p'   ? &settings->port
      : key == 'c' ? &settings->connections
      : key == 'n' ? &settings->messages
      : key == 'e' ? &settings->each
                   : &settings->size) = value;
    return 0;
}

static const struct argp_option options[] = {
    {"port", 'p', "N", 0, "of the server on 127.0.0.1", 0},
    {"connections", 'c', "N", 0, "at a time (64)", 0},
    {"messages", 'n', "N", 0, "in all (100000)", 0},
    {"each", 'e', "N", 0, "messages of a connection, then a new one takes its place", 0},
    {"size", 's', "N", 0, "of a message in bytes (64)", 0},
    {"wait", 'i', NULL, 0, "for a line before the first message, and for one before the end", 0},
    {0},
};

int main(int argc, char **argv)
{
    static const struct argp argp = {options, parse, NULL, "Messages to an echo server and back.",
                                     NULL,    NULL,  NULL};
    static struct client client = {.settings = {.connections = 64, .messages = 100000, .size = 64}};

    argp_parse(&argp, argc, argv, 0, NULL, &client.settings);
    ring_make(&client.ring, ENTRIES, COMPLETIONS);
    ring_make_buffers(&client.ring, BUFFERS, SIZE_MAX_);
    client.connections = calloc(client.settings.connections, sizeof(*client.connections));
    if (!client.connections)
        fail("memory", ENOMEM);
    for (unsigned long i = 0; i < client.settings.connections; i++)
        open_one(&client, i);
    stop(client.settings.waits, "open");
    double start = now();
    for (unsigned long i = 0; i < client.settings.connections; i++)
        send_next(&client, i);
    run(&client);
    report(client.done, now() - start);
    stop(client.settings.waits, "done");
    return 0;
}

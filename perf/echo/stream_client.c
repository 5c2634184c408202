// SPDX-License-Identifier: MIT
/*
 * echo_stream_client: connections to an echo server on which data is always under way: a piece is
 * sent as soon as the one before has left and no more than a window is on its way to the server and
 * back. What comes back is counted by the kernel and thrown away uncopied (MSG_TRUNC), so the
 * client has half of a server's copying to do. Prints how many pieces came back and in how many
 * seconds.
 */
#include "client.h"
#include "ring.h"

#include <argp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum { ENTRIES = 256, COMPLETIONS = 512, CONNECTIONS = 64, SIZE = 1024 * 1024 };
enum { NUMBER_MAX = 1000000000 };
enum kind { RECV, SEND };

struct settings {
    unsigned long port, connections, pieces, size, window;
    bool waits;
};

struct connection {
    int fd;
    bool sending;
    uint64_t sent, received; /* bytes */
};

struct client {
    struct settings settings;
    struct ring ring;
    struct connection connections[CONNECTIONS];
    char piece[SIZE];
    unsigned long begun;
    uint64_t received;
};

static struct io_uring_sqe *entry(struct client *client, enum kind kind, unsigned long index)
{
    return ring_entry(&client->ring, client->connections[index].fd, (uint64_t)kind << 32 | index);
}

static void arm_recv(struct client *client, unsigned long index)
{
    struct io_uring_sqe *sqe = entry(client, RECV, index);

    sqe->opcode = IORING_OP_RECV;
    sqe->addr = (uint64_t)(uintptr_t)client->piece; /* untouched */
    sqe->len = SIZE;
    sqe->msg_flags = MSG_TRUNC;
}

/* The next piece, if it is time for it and there are to be more. */
static void send_next(struct client *client, unsigned long index)
{
    struct connection *connection = &client->connections[index];
    const struct settings *settings = &client->settings;
    uint64_t under_way = connection->sent - connection->received;

    if (connection->sending || client->begun == settings->pieces ||
        under_way + settings->size > settings->window * settings->size)
        return;
    struct io_uring_sqe *sqe = entry(client, SEND, index);
    client->begun++;
    connection->sending = true;
    connection->sent += settings->size;
    sqe->opcode = IORING_OP_SEND;
    sqe->addr = (uint64_t)(uintptr_t)client->piece;
    sqe->len = (unsigned)settings->size;
    sqe->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
}

static void completed(struct client *client, const struct io_uring_cqe *cqe)
{
    unsigned long index = (uint32_t)cqe->user_data;
    struct connection *connection = &client->connections[index];

    if (cqe->res <= 0)
        fail("a connection", cqe->res ? -cqe->res : ECONNRESET);
    if ((enum kind)(cqe->user_data >> 32) == SEND) {
        connection->sending = false;
    } else {
        connection->received += (unsigned)cqe->res;
        client->received += (unsigned)cqe->res;
        arm_recv(client, index);
    }
    send_next(client, index);
}

static void open_one(struct client *client, unsigned long index)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((in_port_t)client->settings.port)};
    const int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        fail("connect", errno);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    client->connections[index].fd = fd;
    arm_recv(client, index);
}

static void run(struct client *client)
{
    const struct settings *settings = &client->settings;
    struct io_uring_cqe *cqe;
    unsigned head, seen;

    for (unsigned long i = 0; i < settings->connections; i++)
        send_next(client, i);
    while (client->received < (uint64_t)settings->pieces * settings->size) {
        ring_enter(&client->ring);
        seen = 0;
        io_uring_for_each_cqe(&client->ring.uring, head, cqe)
        {
            completed(client, cqe);
            seen++;
        }
        io_uring_cq_advance(&client->ring.uring, seen);
    }
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct settings *settings = state->input;
    unsigned long most = key == 'p'   ? UINT16_MAX
                         : key == 's' ? SIZE
                         : key == 'c' ? CONNECTIONS
                                      : NUMBER_MAX;
    char *end = NULL;

    if (key == ARGP_KEY_END && !settings->port)
        argp_failure(state, 2, 0, "give it the server's --port");
    if (key == 'i') {
        settings->waits = true;
        return 0;
    }
    if (!text || !strchr("pcnsw", key))
        return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end || *text == '-' || value < 1 || value > most)
        argp_failure(state, 2, 0, "'%s' is no number from 1 to %lu", text, most);
    *(key == 'p'   ? &settings->port
      : key == 'c' ? &settings->connections
      : key == 'n' ? &settings->pieces
      : key == 's' ? &settings->size
                   : &settings->window) = value;
    return 0;
}

static const struct argp_option options[] = {
    {"port", 'p', "N", 0, "of the server on 127.0.0.1", 0},
    {"connections", 'c', "N", 0, "at a time (4)", 0},
    {"messages", 'n', "N", 0, "pieces in all (10000)", 0},
    {"size", 's', "N", 0, "of a piece in bytes (65536)", 0},
    {"window", 'w', "N", 0, "pieces that are under way on a connection (4)", 0},
    {"wait", 'i', NULL, 0, "for a line before the first message, and for one before the end", 0},
    {0},
};

int main(int argc, char **argv)
{
    static const struct argp argp = {options, parse, NULL, "Streams to an echo server and back.",
                                     NULL,    NULL,  NULL};
    static struct client client = {
        .settings = {.connections = 4, .pieces = 10000, .size = 65536, .window = 4}};

    argp_parse(&argp, argc, argv, 0, NULL, &client.settings);
    ring_make(&client.ring, ENTRIES, COMPLETIONS);
    for (unsigned long i = 0; i < client.settings.connections; i++)
        open_one(&client, i);
    stop(client.settings.waits, "open");
    double start = now();
    run(&client);
    report(client.settings.pieces, now() - start);
    stop(client.settings.waits, "done");
    return 0;
}

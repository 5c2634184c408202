// SPDX-License-Identifier: MIT
/* CPython's test_sock_lowlevel.py. coil's calls take descriptors in blocking mode, which do not
 * block the loop, and such with O_NONBLOCK alike. */
#include "folder.h"
#include "serving.h"

#include <stdlib.h>

enum { HUGE = 1 << 20 };

/* A connected pair over the loopback, or of AF_UNIX. */
static struct ends connected(void)
{
    int listener = net_bound(SOCK_STREAM);
    struct ends ends = {{net_client(net_port(listener)), -1}};

    ends.fd[1] = accept(listener, NULL, NULL);
    close(listener);
    return ends;
}

static int send_all(int fd, const char *data, size_t n)
{
    while (n) {
        ssize_t sent = coil_send(fd, data, n, 0);
        if (sent < 0)
            return (int)sent;
        data += sent;
        n -= (size_t)sent;
    }
    return 0;
}

/* ---- clients --------------------------------------------------------------------------------- */

static int finish_connect(int fd, const union net_address *address, socklen_t length)
{
    int rc = coil_connect(fd, &address->any, length);
    char text[8] = "";

    if (rc < 0)
        return rc;
    PASS(send_all(fd, "hello", 5));
    CHECK_EQ(coil_recv(fd, text, 2, 0), 2);
    CHECK_EQ(coil_recv(fd, text + 2, 3, MSG_WAITALL), 3);
    CHECK_STR(text, "hello");
    return 0;
}

static void *is_a_client(void *argument)
{
    coil_server *server = coil_start_server(serving_echo, NULL, "127.0.0.1", 0, NULL);
    union net_address address = net_loopback(serving_port(server));

    for (int flags = 0; flags <= SOCK_NONBLOCK; flags += SOCK_NONBLOCK) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
        PASS(finish_connect(fd, &address, sizeof(address.in)));
        PASS(coil_close_fd(fd));
    }
    serving_end(server);
    return argument;
}

TEST(BaseSockTestsMixin, test_sock_client_ops)
{
    ON_THE_RING(is_a_client, NULL);
}

static void *is_a_unix_client(void *path)
{
    coil_server *server = coil_start_unix_server(serving_echo, NULL, path, NULL);
    union net_address address = {.un.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)!snprintf(address.un.sun_path, sizeof(address.un.sun_path), "%s", (const char *)path);
    PASS(finish_connect(fd, &address, sizeof(address.un)));
    PASS(coil_close_fd(fd));
    serving_end(server);
    return NULL;
}

TEST(BaseSockTestsMixin, test_unix_sock_client_ops)
{
    FOLDER(folder);
    char path[96];
    snprintf(path, sizeof(path), "%s/socket", folder.path);
    ON_THE_RING(is_a_unix_client, path);
}

static void *finds_nobody(void *argument)
{
    union net_address address = net_loopback(net_free_port(SOCK_STREAM));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    FAILS(coil_connect(fd, &address.any, sizeof(address.in)), -ECONNREFUSED);
    PASS(coil_close_fd(fd));
    return argument;
}

TEST(BaseSockTestsMixin, test_sock_client_fail)
{
    ON_THE_RING(finds_nobody, NULL);
}

/* ---- races ----------------------------------------------------------------------------------- */

struct receiver {
    int fd;
    char text[8];
    ssize_t n;
};

static void *receives(void *argument)
{
    struct receiver *receiver = argument;

    receiver->n = coil_recv(receiver->fd, receiver->text, sizeof(receiver->text) - 1, 0);
    return receiver->n < 0 ? COIL_ERR((int)receiver->n) : NULL;
}

static void *sends_hello(void *argument)
{
    const struct ends *ends = argument;
    return COIL_ERR(send_all(ends->fd[1], "late", 4));
}

static void *races(void *argument)
{
    struct ends *ends = argument;
    struct receiver cancelled = {.fd = ends->fd[0]}, next = {.fd = ends->fd[0]};

    coil_task *first = coil_create_task(receives, &cancelled);
    PASS(coil_yield_now());
    coil_cancel(first);
    coil_task *second = coil_create_task(receives, &next);
    FAILS(coil_await(first, NULL), -ECANCELED);
    CHECK_EQ(write(ends->fd[1], "hello", 5), 5);
    PASS(coil_await(second, NULL));
    CHECK_STR(next.text, "hello");
    coil_unref(first);
    coil_unref(second);

    /* The socket is full: a send waits, is cancelled, and leaves nothing behind. */
    ends_fill(ends);
    first = coil_create_task(sends_hello, ends);
    PASS(coil_sleep(COIL_MS(1)));
    coil_cancel(first);
    FAILS(coil_await(first, NULL), -ECANCELED);
    coil_unref(first);
    ends_empty(ends);
    PASS(send_all(ends->fd[1], "next", 4));
    memset(next.text, 0, sizeof(next.text));
    CHECK_EQ(coil_recv(ends->fd[0], next.text, 7, 0), 4);
    CHECK_STR(next.text, "next");
    return NULL;
}

TEST(BaseSockTestsMixin, test_sock_client_racing)
{
    ENDS ends = ends_sockets(SOCK_STREAM);
    ON_THE_RING(races, &ends);
}

struct connecter {
    int fd;
    union net_address address;
};

static void *connects(void *argument)
{
    const struct connecter *connecter = argument;
    return COIL_ERR(
        coil_connect(connecter->fd, &connecter->address.any, sizeof(connecter->address.in)));
}

static void *repeats_a_connect(void *argument)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct connecter connecter = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                                  .address = net_loopback(0)};

    CHECK_EQ(bind(listener, &connecter.address.any, sizeof(connecter.address.in)), 0);
    connecter.address = net_loopback(net_port(listener));
    coil_task *task = coil_create_task(connects, &connecter);
    PASS(coil_yield_now());
    coil_cancel(task);
    int rc = coil_await(task, NULL); /* it may have heard already that nobody listens */
    CHECK(rc == -ECANCELED || rc == -ECONNREFUSED);
    coil_unref(task);
    CHECK_EQ(listen(listener, 1), 0);
    rc = coil_connect(connecter.fd, &connecter.address.any, sizeof(connecter.address.in));
    /* Linux tells the error of the one before to a socket that was refused, once. */
    if (rc < 0)
        rc = coil_connect(connecter.fd, &connecter.address.any, sizeof(connecter.address.in));
    PASS(rc);
    PASS(coil_close_fd(connecter.fd));
    PASS(coil_close_fd(listener));
    return argument;
}

TEST(BaseSockTestsMixin, test_sock_client_connect_racing)
{
    ON_THE_RING(repeats_a_connect, NULL);
}

/* ---- a megabyte ------------------------------------------------------------------------------ */

struct huge {
    struct ends ends;
    char *sent, *received;
    bool into_one; /* buffer, as large as all of it */
};

static void *sends_all_of_it(void *argument)
{
    const struct huge *huge = argument;
    int rc = send_all(huge->ends.fd[0], huge->sent, HUGE);

    PASS(coil_shutdown(huge->ends.fd[0], SHUT_WR));
    return COIL_ERR(rc);
}

static void *sends_and_receives(void *argument)
{
    struct huge *huge = argument;
    size_t length = 0;
    ssize_t n = 1;

    coil_task *sender = coil_create_task(sends_all_of_it, huge);
    while (n > 0 && length < HUGE) {
        size_t room = huge->into_one ? HUGE - length : 65536;
        n = coil_recv(huge->ends.fd[1], huge->received + length,
                      room < HUGE - length ? room : HUGE - length, 0);
        length += n > 0 ? (size_t)n : 0;
    }
    PASS(coil_await(sender, NULL));
    coil_unref(sender);
    CHECK_EQ(length, HUGE);
    CHECK(memcmp(huge->sent, huge->received, HUGE) == 0);
    return NULL;
}

static void exchange_a_megabyte(bool into_one)
{
    struct huge huge = {.ends = connected(),
                        .sent = malloc(HUGE),
                        .received = calloc(1, HUGE),
                        .into_one = into_one};
    if (CHECK(huge.sent && huge.received)) {
        for (size_t i = 0; i < HUGE; i++)
            huge.sent[i] = (char)(i * 31 + i / 253);
        ON_THE_RING(sends_and_receives, &huge);
    }
    ends_free(&huge.ends);
    free(huge.sent);
    free(huge.received);
}

TEST(BaseSockTestsMixin, test_huge_content)
{
    exchange_a_megabyte(false);
}

TEST(BaseSockTestsMixin, test_huge_content_recvinto)
{
    exchange_a_megabyte(true);
}

/* ---- datagrams ------------------------------------------------------------------------------- */

struct post {
    int here, there; /* bound */
    size_t room;
};

static void *writes_and_gets_an_answer(void *argument)
{
    const struct post *post = argument;
    union net_address to = net_loopback(net_port(post->there)), from = net_loopback(0);
    socklen_t length = sizeof(from);
    char text[64] = "";

    CHECK_EQ(coil_sendto(post->here, "ask", 3, 0, &to.any, sizeof(to.in)), 3);
    CHECK_EQ(coil_recvfrom(post->there, text, post->room, 0, &from.any, &length), 3);
    CHECK_EQ(net_port_of(&from), net_port(post->here));
    CHECK_EQ(coil_sendto(post->there, "answer", 6, 0, &from.any, length), 6);
    length = sizeof(from);
    CHECK_EQ(coil_recvfrom(post->here, text, post->room, 0, &from.any, &length), 6);
    CHECK_EQ(net_port_of(&from), net_port(post->there));
    CHECK_STR(text, "answer");
    return NULL;
}

static void exchange_letters(size_t room)
{
    struct post post = {net_bound(SOCK_DGRAM), net_bound(SOCK_DGRAM), room};
    ON_THE_RING(writes_and_gets_an_answer, &post);
    close(post.here);
    close(post.there);
}

TEST(BaseSockTestsMixin, test_recvfrom)
{
    exchange_letters(6);
}

TEST(BaseSockTestsMixin, test_recvfrom_into)
{
    exchange_letters(63);
}

static void *sends_one_more(void *argument)
{
    const struct ends *ends = argument;
    return COIL_ERR(coil_sendto(ends->fd[1], "more", 4, 0, NULL, 0) == 4 ? 0 : -EIO);
}

static void *waits_to_send(void *argument)
{
    struct ends *ends = argument;
    static char text[8192];
    int flags = fcntl(ends->fd[0], F_GETFL);
    ssize_t n;

    ends_fill(ends);
    coil_task *task = coil_create_task(sends_one_more, ends);
    PASS(coil_sleep(COIL_MS(1)));
    CHECK(!coil_done(task));
    do
        n = coil_recv(ends->fd[0], text, sizeof(text), 0);
    while (n > 4);
    PASS(coil_await(task, NULL));
    coil_unref(task);
    CHECK_EQ(n, 4);
    CHECK(memcmp(text, "more", 4) == 0);
    CHECK_EQ(fcntl(ends->fd[0], F_SETFL, flags | O_NONBLOCK), 0);
    CHECK(read(ends->fd[0], text, sizeof(text)) < 0); /* it went out once */
    return NULL;
}

TEST(BaseSockTestsMixin, test_sendto_blocking)
{
    ENDS ends = ends_sockets(SOCK_DGRAM);
    ON_THE_RING(waits_to_send, &ends);
}

static void writes_to_nobody(const struct post *post)
{
    union net_address nobody = net_loopback(net_free_port(SOCK_DGRAM));

    CHECK_EQ(coil_sendto(post->here, "x", 1, 0, &nobody.any, sizeof(nobody.in)), 1);
}

static void *writes_to_nobody_before(void *argument)
{
    struct post *post = argument;

    writes_to_nobody(post);
    return writes_and_gets_an_answer(post);
}

static void exchange_letters_after_a_refusal(size_t room)
{
    struct post post = {net_bound(SOCK_DGRAM), net_bound(SOCK_DGRAM), room};
    ON_THE_RING(writes_to_nobody_before, &post);
    close(post.here);
    close(post.there);
}

TEST(ProactorEventLoopTests, test_datagram_send_to_non_listening_address_recvfrom)
{
    exchange_letters_after_a_refusal(6);
}

TEST(ProactorEventLoopTests, test_datagram_send_to_non_listening_address_recvfrom_into)
{
    exchange_letters_after_a_refusal(63);
}

/* ---- accepting ------------------------------------------------------------------------------- */

static void *accepts(void *argument)
{
    int listener = net_bound(SOCK_STREAM), client = net_client(net_port(listener));
    union net_address address = net_loopback(0);
    socklen_t length = sizeof(address);
    char byte;

    int fd = coil_accept(listener, &address.any, &length);
    PASS(fd);
    CHECK_EQ(net_port_of(&address), net_port(client));
    CHECK_EQ(write(client, "x", 1), 1);
    CHECK_EQ(coil_recv(fd, &byte, 1, 0), 1);
    PASS(coil_close_fd(fd));
    PASS(coil_close_fd(listener));
    close(client);
    return argument;
}

TEST(BaseSockTestsMixin, test_sock_accept)
{
    ON_THE_RING(accepts, NULL);
}

static void *accepts_nobody(void *listener)
{
    return COIL_ERR(coil_accept(*(int *)listener, NULL, NULL));
}

static void *accepts_for_a_while(void *argument)
{
    int listener = net_bound(SOCK_STREAM), port = net_port(listener);
    coil_task *task = coil_create_task(accepts_nobody, &listener);

    FAILS(coil_wait_for(task, COIL_MS(1), NULL), -ETIMEDOUT);
    coil_unref(task);
    PASS(coil_close_fd(listener));
    FAILS(net_client(port), -ECONNREFUSED);
    return argument;
}

TEST(BaseSockTestsMixin, test_cancel_sock_accept)
{
    ON_THE_RING(accepts_for_a_while, NULL);
}

static void *makes_a_stream(void *argument)
{
    coil_server *server = coil_start_server(serving_echo, NULL, "127.0.0.1", 0, NULL);
    const coil_connection_options options = {.size = sizeof(options),
                                             .fd = net_client(serving_port(server))};
    coil_stream *stream = coil_open_connection(NULL, 0, &options);
    char text[8] = "";

    PASS(coil_stream_send(stream, "hello", 5));
    CHECK_EQ(coil_stream_readexactly(stream, text, 5, NULL), 5);
    serving_hang_up(stream);
    serving_end(server);
    return argument;
}

TEST(BaseSockTestsMixin, test_create_connection_sock)
{
    ON_THE_RING(makes_a_stream, NULL);
}

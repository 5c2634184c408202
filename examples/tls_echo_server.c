// SPDX-License-Identifier: MIT
/* Sends back lines through TLS, and answers browsers: openssl s_client or curl may talk to it. */
#include <coil/coil.h>
#include <coil/tls.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static coil_tls_context *context;

/* What a browser gets: how well it is protected. */
static int answer(coil_stream *stream)
{
    char page[256], text[512];

    int length =
        snprintf(page, sizeof(page), "%s %s\n", coil_tls_version(stream), coil_tls_cipher(stream));
    int n = snprintf(text, sizeof(text),
                     "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
                     "Connection: close\r\n\r\n%s",
                     length, page);
    return coil_stream_send(stream, text, (size_t)n);
}

static int talk(coil_stream *stream)
{
    char line[4096];
    ssize_t n;
    bool browser = false;

    while ((n = coil_stream_readline(stream, line, sizeof(line))) > 0) {
        browser |= n > 4 && memcmp(line, "GET ", 4) == 0;
        int rc = 0;
        if (!browser)
            rc = coil_stream_send(stream, line, (size_t)n);
        else if (n <= 2) /* the end of the request */
            return answer(stream);
        if (rc < 0)
            return rc;
    }
    return (int)n;
}

static void *serve(void *argument)
{
    coil_stream *stream = argument;
    int rc = coil_start_tls(stream, context, NULL);

    if (rc == 0)
        rc = talk(stream);
    if (rc < 0)
        fprintf(stderr, "a client: %s %s\n", coil_strerror(rc), coil_tls_message(stream));
    coil_stream_close(stream);
    coil_stream_unref(stream);
    return NULL;
}

/* A socket that listens on 127.0.0.1, and on which port. */
static int listen_on(in_port_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
    struct sockaddr *name = (struct sockaddr *)&address;
    socklen_t length = sizeof(address);
    const int yes = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = coil_socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return fd;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    int rc = coil_bind(fd, name, length);
    if (rc == 0)
        rc = coil_listen(fd, 1024);
    if (rc == 0 && getsockname(fd, name, &length) == 0)
        *port = ntohs(address.sin_port);
    if (rc < 0)
        coil_close_fd(fd);
    return rc < 0 ? rc : fd;
}

static void welcome(int fd)
{
    coil_stream *stream = coil_stream_new(fd, NULL);

    if (coil_is_err(stream)) {
        coil_close_fd(fd);
    } else if (coil_go(serve, stream) < 0) {
        coil_stream_abort(stream);
        coil_stream_unref(stream);
    }
}

/* Too many connections, or one that has gone already: the next one may be better. */
static bool passes(int rc)
{
    return rc == -EMFILE || rc == -ENFILE || rc == -ENOBUFS || rc == -ENOMEM || rc == -ECONNABORTED;
}

static void *accept_all(void *argument)
{
    in_port_t *port = argument;
    int listener = listen_on(port), fd, rc = 0;

    if (listener < 0)
        return COIL_ERR(listener);
    printf("listening on 127.0.0.1:%u\n", (unsigned)*port);
    fflush(stdout);
    while (rc == 0 && ((fd = coil_accept(listener, NULL, NULL)) >= 0 || passes(fd))) {
        if (fd >= 0)
            welcome(fd);
        else
            rc = coil_sleep(COIL_MS(10));
    }
    return NULL; /* the listener is closed */
}

int main(int argc, char **argv)
{
    char message[160] = "";
    in_port_t port = argc > 1 ? (in_port_t)strtoul(argv[1], NULL, 10) : 0;

    if (argc != 4) {
        fprintf(stderr, "usage: tls_echo_server PORT CERTIFICATE.pem KEY.pem\n");
        return 2;
    }
    const coil_tls_options options = {.size = sizeof(options),
                                      .server = true,
                                      .certificate = argv[2],
                                      .key = argv[3],
                                      .message = message,
                                      .message_size = sizeof(message)};
    context = coil_tls_context_new(&options);
    if (coil_is_err(context)) {
        fprintf(stderr, "tls_echo_server: %s: %s\n", argv[2], message);
        return 1;
    }
    int rc = coil_run(accept_all, &port, NULL);
    if (rc < 0)
        fprintf(stderr, "tls_echo_server: %s\n", coil_strerror(rc));
    coil_tls_context_unref(context);
    return rc < 0;
}

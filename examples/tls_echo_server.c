// SPDX-License-Identifier: MIT
/* Sends back lines through TLS, and answers browsers: openssl s_client or curl may talk to it. */
#include <coil/coil.h>
#include <coil/tls.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* For each connection, after the handshake. */
static void *serve(void *argument)
{
    coil_stream *stream = argument;
    int rc = talk(stream);

    if (rc < 0 && rc != -ECANCELED)
        fprintf(stderr, "a client: %s %s\n", coil_strerror(rc), coil_tls_message(stream));
    coil_stream_close(stream);
    return rc == -ECANCELED ? COIL_ERR(rc) : NULL;
}

struct place {
    coil_tls_service service;
    int port;
};

static void *listen_and_serve(void *argument)
{
    struct place *place = argument;
    struct sockaddr_in name;
    socklen_t length = sizeof(name);
    int fd = -1;
    coil_server *server =
        coil_start_server(coil_tls_serve, &place->service, "127.0.0.1", place->port, NULL);

    if (coil_server_sockets(server, &fd, 1) == 1 &&
        getsockname(fd, (struct sockaddr *)&name, &length) == 0) {
        printf("listening on 127.0.0.1:%u\n", (unsigned)ntohs(name.sin_port));
        fflush(stdout);
    }
    int rc = coil_server_serve_forever(server);
    coil_server_unref(server);
    return COIL_ERR(rc);
}

int main(int argc, char **argv)
{
    char message[160] = "", *end = NULL;
    unsigned long port = argc == 4 ? strtoul(argv[1], &end, 10) : 0;

    if (!end || end == argv[1] || *end || argv[1][0] == '-' || port > UINT16_MAX) {
        fprintf(stderr, "tls_echo_server: give it a port, and files of a certificate and its key: "
                        "tls_echo_server PORT CERTIFICATE.pem KEY.pem\n");
        return 2;
    }
    const coil_tls_options options = {.size = sizeof(options),
                                      .server = true,
                                      .certificate = argv[2],
                                      .key = argv[3],
                                      .message = message,
                                      .message_size = sizeof(message)};
    coil_tls_context *context = coil_tls_context_new(&options);
    if (coil_is_err(context)) {
        fprintf(stderr, "tls_echo_server: %s, %s: %s\n", argv[2], argv[3], message);
        return 1;
    }
    struct place place = {
        .service = {.size = sizeof(place.service), .context = context, .handler = serve},
        .port = (int)port,
    };
    int rc = coil_run(listen_and_serve, &place, NULL);
    if (rc < 0)
        fprintf(stderr, "tls_echo_server: port %lu: %s\n", port, coil_strerror(rc));
    coil_tls_context_unref(context);
    return rc < 0;
}

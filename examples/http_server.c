// SPDX-License-Identifier: MIT
/* Serves the files below a folder by HTTP/1.1: http_server PORT FOLDER. Connections are kept, and
 * requests may come many in one piece, or one in many. */
#include <coil/coil.h>

#include <request.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int write_head(coil_stream *stream, const char *status, const char *type, int64_t length,
                      bool keep)
{
    char head[256];
    int n = snprintf(head, sizeof(head),
                     "HTTP/1.1 %s\r\nServer: coil\r\nContent-Type: %s\r\nContent-Length: %lld\r\n"
                     "%s\r\n",
                     status, type, (long long)length, keep ? "" : "Connection: close\r\n");
    return coil_stream_write(stream, head, (size_t)n);
}

static int refuse(coil_stream *stream, const char *status, bool body, bool keep)
{
    int rc = write_head(stream, status, "text/plain", (int64_t)strlen(status), keep);

    return rc < 0 || !body ? rc : coil_stream_write(stream, status, strlen(status));
}

static int send_file(coil_stream *stream, int fd, const char *type, bool body, bool keep)
{
    char piece[16 * 1024];
    struct stat status;
    int rc = 0;

    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) /* of an open file it does not wait */
        return refuse(stream, "404 Not Found", body, keep);
    int64_t size = body ? status.st_size : 0, sent = 0;
    do {
        ssize_t n = size ? coil_pread(fd, piece, sizeof(piece), sent) : 0;
        if (n < 0 || (n == 0 && size))
            return n < 0 ? (int)n : -EIO; /* it has shrunk, and the length was promised */
        n = n < size - sent ? n : size - sent;
        if (!sent) /* now: what is written between two waits goes out at once */
            rc = write_head(stream, "200 OK", type, status.st_size, keep);
        rc = rc < 0 ? rc : coil_stream_send(stream, piece, (size_t)n);
        sent += n;
    } while (rc >= 0 && sent < size);
    return rc;
}

static int answer(coil_stream *stream, const struct request *request, bool keep)
{
    const int *folder = coil_stream_userdata(stream);
    struct open_how how = {.flags = O_RDONLY | O_NONBLOCK, .resolve = RESOLVE_BENEATH};
    char path[REQUEST_PATH_SIZE];
    bool head = strcmp(request_method(request), "HEAD") == 0;

    if (!head && strcmp(request_method(request), "GET") != 0)
        return refuse(stream, "501 Not Implemented", true, keep);
    if (!request_path(request, path))
        return refuse(stream, "400 Bad Request", !head, keep);
    int fd = coil_openat2(*folder, path, &how, sizeof(how));
    if (fd < 0)
        return fd == -ECANCELED ? fd : refuse(stream, "404 Not Found", !head, keep);
    int rc = send_file(stream, fd, request_media_type(path), !head, keep);
    int closed = coil_close_fd(fd);
    return rc < 0 ? rc : closed;
}

/* Waits for something to come, for as long as a client may be silent. */
static ssize_t wait_for_bytes(coil_stream *stream, const void **data)
{
    coil_timeout silence = COIL_TIMEOUT_INIT;
    int rc = coil_timeout_enter(&silence, COIL_SEC(60));

    if (rc < 0)
        return rc;
    ssize_t n = coil_stream_peek(stream, data, 1);
    rc = coil_timeout_exit(&silence, n < 0 ? (int)n : 0);
    return rc < 0 ? rc : n;
}

static void *serve(void *argument)
{
    coil_stream *stream = argument;
    enum request_state state = REQUEST_PARTIAL;
    struct request request;
    const void *data;
    ssize_t n = 0;
    int rc = 0;

    request_init(&request);
    while (rc >= 0 && state < REQUEST_LAST && (n = wait_for_bytes(stream, &data)) > 0) {
        size_t used = 0;
        state = request_read(&request, data, (size_t)n, &used);
        coil_stream_consume(stream, used);
        if (state == REQUEST_MALFORMED)
            rc = refuse(stream, "400 Bad Request", true, false);
        else if (state != REQUEST_PARTIAL)
            rc = answer(stream, &request, state == REQUEST_KEEP);
    }
    coil_stream_close(stream);
    /* A client that goes is nobody's error. */
    return n == -ECANCELED || rc == -ECANCELED ? COIL_ERR(-ECANCELED) : NULL;
}

struct site {
    int folder, port;
};

static void *serve_site(void *argument)
{
    struct site *site = argument;
    coil_server *server = coil_start_server(serve, &site->folder, "127.0.0.1", site->port, NULL);
    struct sockaddr_in address;
    socklen_t length = sizeof(address);
    int fd;

    if (coil_server_sockets(server, &fd, 1) > 0 &&
        getsockname(fd, (struct sockaddr *)&address, &length) == 0)
        printf("listening on 127.0.0.1:%u\n", (unsigned)ntohs(address.sin_port));
    fflush(stdout);
    int rc = coil_server_serve_forever(server);
    coil_server_unref(server);
    return COIL_ERR(rc);
}

int main(int argc, char **argv)
{
    char *end = NULL;
    unsigned long port = argc == 3 ? strtoul(argv[1], &end, 10) : 0;

    if (!end || end == argv[1] || *end || argv[1][0] == '-' || port > UINT16_MAX) {
        fprintf(stderr, "http_server: give it a port and a folder: http_server PORT FOLDER\n");
        return 2;
    }
    struct site site = {open(argv[2], O_PATH | O_DIRECTORY | O_CLOEXEC), (int)port};
    int rc = site.folder < 0 ? -errno : coil_run(serve_site, &site, NULL);
    if (rc < 0)
        fprintf(stderr, "http_server: %s, port %lu: %s\n", argv[2], port, coil_strerror(rc));
    return rc < 0;
}

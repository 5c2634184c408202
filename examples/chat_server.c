// SPDX-License-Identifier: MIT
/*
 * A room to talk in: chat_server PORT
 *
 * A client's first line is its name; what it says then goes to all the others. Nobody waits for a
 * client that does not read: what it is to hear is kept up to a limit, and then it is put out. A
 * client that has ended its side leaves the room, and hears all that was said until then.
 */
#include <coil/coil.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { LINE = 1024, NAME = 32, KEPT = 1 << 20 };

struct room {
    struct member *first;
    int port;
};

struct member {
    struct member *next;
    coil_stream *stream;
    char name[NAME];
};

/* To all but `from`. Writes do not wait, so nobody joins or leaves meanwhile. */
__attribute__((format(printf, 3, 4))) static void
say(const struct room *room, const struct member *from, const char *format, ...)
{
    char text[LINE + NAME + 4];
    va_list arguments;

    va_start(arguments, format);
    int n = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    for (const struct member *member = room->first; n > 0 && member; member = member->next)
        if (member != from && coil_stream_write(member->stream, text, (size_t)n) == -EAGAIN)
            coil_stream_abort(member->stream); /* it has not read for too long */
}

static void enter(struct room *room, struct member *member)
{
    member->next = room->first;
    room->first = member;
    say(room, member, "* %s has come\n", member->name);
}

static void leave(struct room *room, const struct member *member)
{
    struct member **link = &room->first;

    while (*link != member)
        link = &(*link)->next;
    *link = member->next;
    say(room, member, "* %s has gone\n", member->name);
}

/* A line without its end, with a NUL; its length. 0: the client has ended its side. */
static ssize_t hear(coil_stream *stream, char *line, size_t size)
{
    ssize_t n = coil_stream_readline(stream, line, size - 1);

    if (n <= 0)
        return n;
    size_t length = (size_t)n;
    while (length && (line[length - 1] == '\n' || line[length - 1] == '\r'))
        length--;
    line[length] = '\0';
    return n;
}

static ssize_t talk(struct room *room, const struct member *member)
{
    char line[LINE];
    ssize_t n;

    while ((n = hear(member->stream, line, sizeof(line))) > 0)
        say(room, member, "%s: %s\n", member->name, line);
    return n;
}

static void *serve(void *argument)
{
    coil_stream *stream = argument;
    struct room *room = coil_stream_userdata(stream);
    struct member member = {.stream = stream};
    static const char too_long[] = "* that is too long\n";
    ssize_t n = hear(stream, member.name, sizeof(member.name));

    if (n > 0) {
        enter(room, &member);
        n = talk(room, &member);
        leave(room, &member);
    }
    if (n == -EMSGSIZE || n == -ENOBUFS)
        (void)coil_stream_write(stream, too_long, strlen(too_long));
    coil_stream_close(stream); /* what it is still to hear is sent before */
    return n == -ECANCELED ? COIL_ERR(-ECANCELED) : NULL;
}

static void *listen_and_serve(void *argument)
{
    struct room *room = argument;
    const coil_stream_options stream = {.size = sizeof(stream), .limit = LINE, .hard_limit = KEPT};
    const coil_server_options options = {.size = sizeof(options), .stream = &stream};
    struct sockaddr_in name;
    socklen_t length = sizeof(name);
    int fd = -1;
    coil_server *server = coil_start_server(serve, room, "127.0.0.1", room->port, &options);

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
    char *end = NULL;
    unsigned long port = argc == 2 ? strtoul(argv[1], &end, 10) : 0;

    if (!end || end == argv[1] || *end || argv[1][0] == '-' || port > UINT16_MAX) {
        fprintf(stderr, "chat_server: give it a port, 0 to 65535: chat_server PORT\n");
        return 2;
    }
    struct room room = {.port = (int)port};
    int rc = coil_run(listen_and_serve, &room, NULL);
    if (rc < 0)
        fprintf(stderr, "chat_server: port %lu: %s\n", port, coil_strerror(rc));
    return rc < 0;
}

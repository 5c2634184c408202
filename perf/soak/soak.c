// SPDX-License-Identifier: MIT
/*
 * A server and its clients at a fixed load for as long as wanted: soak SECONDS [CONNECTIONS].
 *
 * Clients are tasks of a second process. Most send a line ten times a second and want it back, and
 * begin anew with another connection after fifty; every eighth resets its connection in the middle
 * of a line; every eighth sends more at once than a stream keeps, and reads it slowly. A byte that
 * is not the expected one ends the run.
 *
 * Prints a line of tab-separated figures a second, of a long run a hundred in all: what must
 * not grow is memory, descriptors, tasks.
 */
#include <coil/coil.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONNECTIONS = 200, LINES = 50, LINE_SIZE = 64, BULK = 256 * 1024, PIECE = 4096 };

#define BETWEEN_LINES COIL_MS(100)

struct soak {
    long seconds, connections;
    int port, listener;
    pid_t clients;
    unsigned long served, bytes, lost; /* connections, bytes sent back, connections that failed */
};

static _Noreturn void fail(const char *what, int rc)
{
    fprintf(stderr, "soak: %s: %s\n", what, coil_strerror(rc));
    exit(1);
}

/* ---- the clients ---------------------------------------------------------------------------- */

struct client {
    int port;
    unsigned id;
};

static void expect(const char *got, const char *sent, size_t length)
{
    if (memcmp(got, sent, length) != 0)
        fail("a client got other bytes than it sent", -EIO);
}

static int send_lines(coil_stream *stream, unsigned id)
{
    char line[LINE_SIZE], got[LINE_SIZE];
    int rc = 0;

    memset(line, 'a' + (char)(id % 26), sizeof(line));
    line[sizeof(line) - 1] = '\n';
    for (int i = 0; i < LINES && rc >= 0; i++) {
        rc = coil_stream_send(stream, line, sizeof(line));
        if (rc >= 0)
            rc = (int)coil_stream_readexactly(stream, got, sizeof(got), NULL);
        if (rc >= 0) {
            expect(got, line, sizeof(line));
            rc = coil_sleep(BETWEEN_LINES);
        }
    }
    return rc;
}

static int send_and_reset(coil_stream *stream)
{
    const struct linger at_once = {.l_onoff = 1};
    int rc = coil_stream_send(stream, "half a li", 9);

    if (rc >= 0)
        rc = coil_sleep(BETWEEN_LINES);
    setsockopt(coil_stream_descriptor(stream), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    coil_stream_abort(stream);
    return rc;
}

static int send_much(coil_stream *stream)
{
    static char bulk[BULK];
    char got[PIECE];
    ssize_t n = 1;
    int rc = coil_stream_write(stream, bulk, sizeof(bulk));

    if (rc >= 0)
        rc = coil_stream_write_eof(stream);
    for (size_t done = 0; rc >= 0 && n > 0; done += (size_t)n) {
        n = coil_stream_read(stream, got, sizeof(got));
        if (n > 0)
            expect(got, bulk, (size_t)n);
        else if (n == 0 && done != BULK)
            fail("a client missed bytes", -ENODATA);
        rc = n < 0 ? (int)n : coil_sleep(BETWEEN_LINES / 16);
    }
    return rc;
}

static void *connect_again_and_again(void *argument)
{
    const struct client *client = argument;
    int rc = 0;

    while (rc != -ECANCELED) {
        coil_stream *stream = coil_open_connection("127.0.0.1", client->port, NULL);
        rc = coil_stream_error(stream);
        if (rc == 0)
            switch (client->id % 8) {
            case 0:
                rc = send_and_reset(stream);
                break;
            case 1:
                rc = send_much(stream);
                break;
            default:
                rc = send_lines(stream, client->id);
            }
        coil_stream_close(stream);
        if (rc < 0 && rc != -ECANCELED)
            fail("a client", rc);
        if (rc >= 0 && (rc = coil_stream_wait_closed(stream)) >= 0)
            rc = coil_sleep(BETWEEN_LINES);
        coil_stream_unref(stream);
    }
    return COIL_ERR(rc);
}

static void *run_clients(void *argument)
{
    const struct soak *soak = argument;
    coil_task_options options = {.size = sizeof(options), .copy_arg = sizeof(struct client)};

    for (long i = 0; i < soak->connections; i++) {
        struct client client = {soak->port, (unsigned)i};
        coil_unref(coil_create_task_with(NULL, connect_again_and_again, &client, &options));
    }
    return COIL_ERR(coil_sleep(COIL_SEC(soak->seconds)));
}

/* ---- the server ----------------------------------------------------------------------------- */

static void *echo(void *argument)
{
    coil_stream *stream = argument;
    struct soak *soak = coil_stream_userdata(stream);
    const void *data;
    ssize_t n;
    int rc = 0;

    soak->served++;
    while (rc >= 0 && (n = coil_stream_peek(stream, &data, 1)) > 0) {
        rc = coil_stream_send(stream, data, (size_t)n);
        coil_stream_consume(stream, (size_t)n);
        soak->bytes += (unsigned long)n;
    }
    if (rc < 0 || n < 0)
        soak->lost++;
    coil_stream_close(stream);
    return NULL;
}

static long resident_kib(pid_t process)
{
    char path[64], line[128];
    long kib = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)process);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "VmRSS: %ld", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib;
}

static int descriptors(void)
{
    coil_directory *folder = coil_opendir("/proc/self/fd");
    coil_entry entry;
    int count = 0;

    while (coil_readdir(folder, &entry) > 0)
        count += entry.name[0] != '.';
    coil_closedir(folder);
    return count - 1; /* but for the one that looked */
}

static void sample(const struct soak *soak, coil_time began)
{
    coil_loop *loop = coil_get_running_loop();

    printf("%.0f\t%ld\t%ld\t%d\t%d\t%lu\t%lu\t%lu\n",
           (double)(coil_loop_time(loop) - began) / (double)COIL_SEC(1), resident_kib(getpid()),
           resident_kib(soak->clients), descriptors(), coil_all_tasks(loop, NULL, 0, 0),
           soak->served, soak->bytes, soak->lost);
    fflush(stdout);
}

static void *serve_and_watch(void *argument)
{
    struct soak *soak = argument;
    coil_server_options options = {.size = sizeof(options), .fd = soak->listener};
    coil_server *server = coil_start_server(echo, soak, NULL, 0, &options);
    coil_time began = coil_loop_time(coil_get_running_loop());
    coil_time between = soak->seconds > 600 ? COIL_SEC(soak->seconds) / 100 : COIL_SEC(1);
    int status = 0, rc = coil_server_is_serving(server) ? 0 : coil_server_start_serving(server);

    printf("seconds\tserver KiB\tclients KiB\tdescriptors\ttasks\tserved\tbytes\treset\n");
    for (; rc >= 0 && (rc = waitpid(soak->clients, &status, WNOHANG)) == 0;
         rc = coil_sleep(between))
        sample(soak, began);
    coil_server_unref(server);
    if (rc > 0) /* the clients have ended; if badly, they have said why */
        rc = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
    return COIL_ERR(rc);
}

/* Before there are two processes: whoever connects finds it listening. */
static int listen_on_loopback(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct sockaddr *name = (struct sockaddr *)&address;
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, name, length) < 0 || listen(fd, SOMAXCONN) < 0 ||
        getsockname(fd, name, &length) < 0)
        fail("a socket that listens", -errno);
    *port = ntohs(address.sin_port);
    return fd;
}

int main(int argc, char **argv)
{
    struct soak soak = {.connections = CONNECTIONS};

    if (argc > 1)
        soak.seconds = strtol(argv[1], NULL, 10);
    if (argc > 2)
        soak.connections = strtol(argv[2], NULL, 10);
    if (soak.seconds <= 0 || soak.connections <= 0) {
        fprintf(stderr, "soak: give it a number of seconds: soak SECONDS [CONNECTIONS]\n");
        return 2;
    }
    soak.listener = listen_on_loopback(&soak.port);
    soak.clients = fork();
    if (soak.clients < 0)
        fail("a second process", -errno);
    int rc =
        soak.clients ? coil_run(serve_and_watch, &soak, NULL) : coil_run(run_clients, &soak, NULL);
    if (rc < 0)
        fail(soak.clients ? "the server" : "the clients", rc);
    return 0;
}

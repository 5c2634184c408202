// SPDX-License-Identifier: MIT
/*
 * Follows a log as `tail -n +1 -F LOG` does: through rotations (it is renamed, and a new one made)
 * and truncations, also before it is there. The folder is watched, not the file: whatever happens
 * there makes it look again.
 */
#include <coil/coil.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

struct log {
    const char *path;
    int fd; /* the file that had the name when we looked last; -1: there was none */
    int64_t offset;
};

static int print(const char *bytes, size_t length)
{
    while (length) {
        ssize_t n = coil_write(STDOUT_FILENO, bytes, length);
        if (n < 0)
            return (int)n;
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}

/* What was appended; all of it, when the file became shorter than what we have read. */
static int print_news(struct log *log)
{
    struct statx now;
    char chunk[8192];
    ssize_t n;

    int rc = coil_statx(log->fd, "", AT_EMPTY_PATH, STATX_SIZE, &now);
    if (rc < 0)
        return rc;
    if ((int64_t)now.stx_size < log->offset)
        log->offset = 0;
    while ((n = coil_pread(log->fd, chunk, sizeof(chunk), log->offset)) > 0) {
        rc = print(chunk, (size_t)n);
        if (rc < 0)
            return rc;
        log->offset += n;
    }
    return (int)n;
}

static bool is_same(int fd, int other)
{
    struct statx one, two;

    return coil_statx(fd, "", AT_EMPTY_PATH, STATX_INO, &one) == 0 &&
           coil_statx(other, "", AT_EMPTY_PATH, STATX_INO, &two) == 0 &&
           one.stx_ino == two.stx_ino && one.stx_dev_minor == two.stx_dev_minor &&
           one.stx_dev_major == two.stx_dev_major;
}

/* The end of the old file comes before the beginning of the one that has its name now. */
static int look(struct log *log)
{
    int now = coil_open(log->path, O_RDONLY, 0);
    int rc = log->fd < 0 ? 0 : print_news(log);

    if (now == -ENOENT) /* between a renaming and a creation */
        return rc;
    if (now < 0)
        return now;
    if (rc < 0 || (log->fd >= 0 && is_same(log->fd, now))) {
        coil_close_fd(now);
        return rc;
    }
    if (log->fd >= 0)
        coil_close_fd(log->fd);
    log->fd = now;
    log->offset = 0;
    return print_news(log);
}

static int watch_folder_of(const char *path)
{
    char copy[PATH_MAX];
    int watcher = inotify_init1(IN_CLOEXEC);

    snprintf(copy, sizeof(copy), "%s", path);
    if (watcher < 0 || inotify_add_watch(watcher, dirname(copy),
                                         IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM) < 0)
        return -errno;
    return watcher;
}

static void *follow(void *path)
{
    struct log log = {.path = path, .fd = -1};
    char events[4096]; /* what they say does not matter */
    int watcher = watch_folder_of(path);
    ssize_t rc = watcher;

    while (rc >= 0) {
        rc = look(&log);
        if (rc >= 0)
            rc = coil_read(watcher, events, sizeof(events));
    }
    if (log.fd >= 0)
        coil_close_fd(log.fd);
    if (watcher >= 0)
        coil_close_fd(watcher);
    return COIL_ERR((int)rc);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "tail_log: give it a file: tail_log LOG\n");
        return 2;
    }
    int rc = coil_run(follow, argv[1], NULL);
    if (rc == -COIL_EINTERRUPTED) /* Ctrl-C is how it ends */
        return 0;
    fprintf(stderr, "tail_log: %s: %s\n", argv[1], coil_strerror(rc));
    return 1;
}

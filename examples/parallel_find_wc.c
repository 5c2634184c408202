// SPDX-License-Identifier: MIT
/*
 * What `find PATH... -type f -print0 | wc --files0-from=-` counts, with many operations in flight
 * on one thread: tasks take paths from a queue, and put there what they find in directories.
 */
#include <coil/coil.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { WORKERS = 64, CHUNK = 64 * 1024 }; /* tasks; bytes that each reads at once */

struct search {
    coil_queue paths; /* on the heap */
    char **start;
    unsigned long long files, lines, words, bytes;
    bool failed;
};

static void count(struct search *search, const char *bytes, size_t length, bool *in_word)
{
    for (size_t i = 0; i < length; i++) {
        const unsigned char byte = (unsigned char)bytes[i];
        search->lines += byte == '\n';
        search->words += !*in_word && isgraph(byte);
        *in_word = isgraph(byte) || (*in_word && !isspace(byte));
    }
    search->bytes += length;
}

static int count_file(struct search *search, const char *path, char *chunk)
{
    int fd = coil_open(path, O_RDONLY | O_NOFOLLOW, 0);
    bool in_word = false;
    ssize_t n;

    if (fd < 0)
        return fd;
    search->files++;
    while ((n = coil_read(fd, chunk, CHUNK)) > 0)
        count(search, chunk, (size_t)n, &in_word);
    coil_close_fd(fd);
    return (int)n;
}

static int put(struct search *search, const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);

    if (!path)
        return -ENOMEM;
    snprintf(path, size, "%s%s%s", folder, *name ? "/" : "", name);
    int rc = coil_queue_put(&search->paths, path);
    if (rc < 0)
        free(path);
    return rc;
}

static int list_folder(struct search *search, const char *path)
{
    coil_directory *folder = coil_opendir(path);
    coil_entry entry;
    int rc;

    while ((rc = coil_readdir(folder, &entry)) == 1)
        if (strcmp(entry.name, ".") != 0 && strcmp(entry.name, "..") != 0 &&
            (rc = put(search, path, entry.name)) < 0)
            break;
    coil_closedir(folder);
    return rc;
}

static int visit(struct search *search, const char *path, char *chunk)
{
    struct statx found;
    int rc = coil_statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &found);

    if (rc < 0)
        return rc;
    if (S_ISDIR(found.stx_mode))
        return list_folder(search, path);
    return S_ISREG(found.stx_mode) ? count_file(search, path, chunk) : 0;
}

static void *work(void *argument)
{
    struct search *search = argument;
    char *chunk = malloc(CHUNK);
    void *path;
    int rc;

    if (!chunk)
        return COIL_ERR(-ENOMEM);
    while ((rc = coil_queue_get(&search->paths, &path)) == 0) {
        rc = visit(search, path, chunk);
        if (rc < 0) {
            fprintf(stderr, "parallel_find_wc: %s: %s\n", (char *)path, coil_strerror(rc));
            search->failed = true;
        }
        free(path);
        coil_queue_task_done(&search->paths);
    }
    free(chunk);
    return rc == -ESHUTDOWN ? NULL : COIL_ERR(rc); /* all was found */
}

static void *search_all(void *argument)
{
    struct search *search = argument;
    coil_group workers = COIL_GROUP_INIT;
    int rc = coil_group_enter(&workers);

    for (int i = 0; rc == 0 && i < WORKERS; i++)
        rc = coil_err(coil_group_create_task(&workers, work, search));
    for (char **path = search->start; rc == 0 && *path; path++)
        rc = put(search, *path, "");
    if (rc == 0)
        rc = coil_queue_join(&search->paths); /* every path was visited, and what it led to */
    coil_queue_shutdown(&search->paths, true);
    rc = coil_group_exit(&workers, rc);
    coil_group_fini(&workers);
    return COIL_ERR(rc);
}

int main(int argc, char **argv)
{
    struct search search = {.start = argv + 1};
    /* The newest path first: it goes into depth, so that few paths wait at a time. */
    const coil_queue_options newest_first = {
        .size = sizeof(newest_first), .order = COIL_QUEUE_LIFO, .dispose = free};

    if (argc < 2)
        return fprintf(stderr, "usage: parallel_find_wc PATH...\n"), 2;
    coil_queue_init(&search.paths, &newest_first);
    int rc = coil_run(search_all, &search, NULL);
    coil_queue_fini(&search.paths);
    if (rc < 0)
        fprintf(stderr, "parallel_find_wc: %s\n", coil_strerror(rc));
    else
        printf("%llu files, %llu lines, %llu words, %llu bytes\n", search.files, search.lines,
               search.words, search.bytes);
    return rc < 0 || search.failed;
}

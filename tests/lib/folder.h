// SPDX-License-Identifier: MIT
/* A new, empty folder that goes with its scope. Declared before the loop that uses it. */
#ifndef TESTS_FOLDER_H
#define TESTS_FOLDER_H

#include "check.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

struct folder {
    char path[64];
    int fd;
};

#define FOLDER(name) __attribute__((cleanup(folder_free))) struct folder name = folder_new()

static inline int folder_remove(const char *path, const struct stat *stat, int kind,
                                struct FTW *where)
{
    (void)stat, (void)kind, (void)where;
    return remove(path);
}

static inline void folder_free(struct folder *folder)
{
    if (folder->fd >= 0)
        close(folder->fd);
    (void)nftw(folder->path, folder_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static inline struct folder folder_new(void)
{
    struct folder folder = {"/tmp/coil-test-XXXXXX", -1};

    if (CHECK(mkdtemp(folder.path) != NULL))
        folder.fd = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(folder.fd >= 0);
    return folder;
}

/* A file in it with this text; its descriptor. */
static inline int folder_file(const struct folder *folder, const char *name, const char *text)
{
    int fd = openat(folder->fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    return fd;
}

/* Whether it has something of this name. */
static inline bool folder_has(const struct folder *folder, const char *name)
{
    return faccessat(folder->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

#endif

// SPDX-License-Identifier: MIT
/*
 * The kernel gives many entries at once, by a call that no operation stands for: it is made on a
 * thread, and what it gave is handed out one by one.
 */
#include "base/alloc.h"
#include "io/retry.h"

#include <coil/directory.h>
#include <coil/file.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ENTRIES_SIZE = 32768 }; /* bytes, as glibc's own readdir has them */

struct coil_directory {
    int fd;
    bool busy; /* a task fills it */
    size_t at, end;
    _Alignas(uint64_t) char entries[ENTRIES_SIZE];
};

static int argument_of(const coil_directory *directory)
{
    if (!directory)
        return -EINVAL;
    return err_is(directory) ? err_code(directory) : 0;
}

coil_directory *coil_opendir(const char *path)
{
    if (!path)
        return COIL_ERR(-EINVAL);
    coil_directory *directory = coil__alloc(sizeof(*directory));
    if (!directory)
        return COIL_ERR(-ENOMEM);
    int fd = coil_open(path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        coil__free(directory);
        return COIL_ERR(fd);
    }
    directory->fd = fd;
    directory->busy = false;
    directory->at = directory->end = 0;
    return directory;
}

static int fill_there(void *argument)
{
    coil_directory *directory = argument;
    long n = syscall(SYS_getdents64, directory->fd, directory->entries, ENTRIES_SIZE);

    return n < 0 ? -errno : (int)n;
}

int coil_readdir(coil_directory *directory, coil_entry *entry)
{
    int rc = argument_of(directory);

    if (rc < 0)
        return rc;
    if (!entry)
        return -EINVAL;
    if (directory->busy)
        return -EBUSY;
    if (directory->at == directory->end) {
        directory->busy = true;
        rc = io_call(directory->fd, fill_there, directory);
        directory->busy = false;
        if (rc <= 0)
            return rc;
        directory->at = 0;
        directory->end = (size_t)rc;
    }
    const struct dirent64 *next = (const void *)(directory->entries + directory->at);
    directory->at += next->d_reclen;
    *entry = (coil_entry){.inode = next->d_ino, .name = next->d_name, .type = next->d_type};
    return 1;
}

int coil_closedir(coil_directory *directory)
{
    if (argument_of(directory) < 0)
        return 0;
    if (directory->busy)
        return -EBUSY;
    int rc = coil_close_fd(directory->fd);
    if (rc == -COIL_ENOLOOP || rc == -ENOMEM)
        return rc;
    coil__free(directory);
    return rc;
}

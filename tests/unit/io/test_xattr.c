// SPDX-License-Identifier: MIT
#include <coil/xattr.h>

#include "folder.h"
#include "kernel.h"

enum { FD = 3 };

#define NAME "user.coil"

static void *give_bad_arguments(void *argument)
{
    char value[8];

    FAILS(coil_fgetxattr(-1, NAME, value, sizeof(value)), -EBADF);
    FAILS(coil_fsetxattr(-1, NAME, "x", 1, 0), -EBADF);
    FAILS(coil_fgetxattr(FD, NULL, value, sizeof(value)), -EINVAL);
    FAILS(coil_fgetxattr(FD, NAME, NULL, sizeof(value)), -EINVAL);
    FAILS(coil_fsetxattr(FD, NULL, "x", 1, 0), -EINVAL);
    FAILS(coil_fsetxattr(FD, NAME, NULL, 1, 0), -EINVAL);
    FAILS(coil_getxattr(NULL, NAME, value, sizeof(value)), -EINVAL);
    FAILS(coil_getxattr("/", NULL, value, sizeof(value)), -EINVAL);
    FAILS(coil_getxattr("/", NAME, NULL, sizeof(value)), -EINVAL);
    FAILS(coil_setxattr(NULL, NAME, "x", 1, 0), -EINVAL);
    FAILS(coil_setxattr("/", NULL, "x", 1, 0), -EINVAL);
    FAILS(coil_setxattr("/", NAME, NULL, 1, 0), -EINVAL);
    return argument;
}

TEST(xattr, refuses_bad_arguments_and_submits_nothing)
{
    WORLD(w);
    PASS(world_run(&w, give_bad_arguments, NULL));
    CHECK_EQ(world_counts(&w).submitted, 0);
}

struct file {
    char path[80];
    int fd;
    bool without; /* the file system has no attributes */
};

static void *use_attributes(void *argument)
{
    struct file *file = argument;
    char value[8] = "";

    int rc = coil_fsetxattr(file->fd, NAME, "hello", 5, 0);
    if (rc == -EOPNOTSUPP) {
        file->without = true;
        return NULL;
    }
    PASS(rc);
    CHECK_EQ(coil_fgetxattr(file->fd, NAME, NULL, 0), 5);
    CHECK_EQ(coil_getxattr(file->path, NAME, value, sizeof(value)), 5);
    CHECK_STR(value, "hello");
    FAILS(coil_getxattr(file->path, NAME, value, 2), -ERANGE);
    PASS(coil_setxattr(file->path, NAME, "you", 3, 0));
    memset(value, 0, sizeof(value));
    CHECK_EQ(coil_fgetxattr(file->fd, NAME, value, sizeof(value)), 3);
    CHECK_STR(value, "you");
    FAILS(coil_fgetxattr(file->fd, NAME "2", value, sizeof(value)), -ENODATA);
    FAILS(coil_setxattr("/nonexistent", NAME, "x", 1, 0), -ENOENT);
    return NULL;
}

TEST(xattr, is_set_and_read_by_descriptor_and_by_name)
{
    FOLDER(folder);
    struct file file = {.fd = folder_file(&folder, "a", "")};
    snprintf(file.path, sizeof(file.path), "%s/a", folder.path);
    {
        KERNEL(loop);
        PASS(kernel_run(loop, use_attributes, &file));
    }
    if (file.without)
        fprintf(stderr, "/tmp has no attributes of files: nothing was tried\n");
    close(file.fd);
}

// SPDX-License-Identifier: MIT
#include <coil/path.h>

#include "folder.h"
#include "kernel.h"

#include <linux/openat2.h>
#include <sys/stat.h>

static void *give_bad_arguments(void *argument)
{
    struct open_how how = {.flags = O_RDONLY};
    struct statx status;
    char text[8];

    FAILS(coil_openat2(AT_FDCWD, NULL, &how, sizeof(how)), -EINVAL);
    FAILS(coil_openat2(AT_FDCWD, "/", NULL, sizeof(how)), -EINVAL);
    FAILS(coil_openat2(AT_FDCWD, "/", &how, 1), -EINVAL);
    FAILS(coil_openat2(AT_FDCWD, "/", &how, 4097), -E2BIG);
    FAILS(coil_statx(AT_FDCWD, NULL, 0, 0, &status), -EINVAL);
    FAILS(coil_statx(AT_FDCWD, "/", 0, 0, NULL), -EINVAL);
    FAILS(coil_rename(NULL, "b"), -EINVAL);
    FAILS(coil_rename("a", NULL), -EINVAL);
    FAILS(coil_link(NULL, "b"), -EINVAL);
    FAILS(coil_link("a", NULL), -EINVAL);
    FAILS(coil_symlink(NULL, "b"), -EINVAL);
    FAILS(coil_symlink("a", NULL), -EINVAL);
    FAILS(coil_readlink(NULL, text, sizeof(text)), -EINVAL);
    FAILS(coil_readlink("a", NULL, sizeof(text)), -EINVAL);
    FAILS(coil_unlink(NULL), -EINVAL);
    FAILS(coil_rmdir(NULL), -EINVAL);
    FAILS(coil_mkdir(NULL, 0700), -EINVAL);
    return argument;
}

TEST(path, refuses_bad_arguments_and_submits_nothing)
{
    WORLD(w);
    PASS(world_run(&w, give_bad_arguments, NULL));
    CHECK_EQ(world_counts(&w).submitted, 0);
}

TEST(path, is_for_tasks)
{
    char text[8];
    FAILS(coil_unlink("a"), -COIL_ENOLOOP);
    FAILS(coil_readlink("a", text, sizeof(text)), -COIL_ENOLOOP);
}

static void *open_in_it(void *argument)
{
    const struct folder *folder = argument;
    const struct open_how how = {.flags = O_RDONLY, .resolve = RESOLVE_BENEATH};

    int fd = coil_openat2(folder->fd, "a", &how, sizeof(how));
    if (!PASS(fd))
        return COIL_ERR(fd);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
    CHECK_EQ(how.flags, O_RDONLY);
    FAILS(coil_openat2(folder->fd, "../a", &how, sizeof(how)), -EXDEV);
    return NULL;
}

TEST(path, is_opened_as_the_caller_says_and_closed_on_exec)
{
    FOLDER(folder);
    close(folder_file(&folder, "a", "hello"));
    KERNEL(loop);
    PASS(kernel_run(loop, open_in_it, &folder));
}

static void *ask_of_it(void *argument)
{
    const struct folder *folder = argument;
    struct statx status = {.stx_mask = 0};

    PASS(coil_statx(folder->fd, "a", 0, STATX_SIZE, &status));
    CHECK_EQ(status.stx_size, 5);
    FAILS(coil_statx(folder->fd, "b", 0, STATX_SIZE, &status), -ENOENT);
    return NULL;
}

TEST(path, tells_of_a_file)
{
    FOLDER(folder);
    close(folder_file(&folder, "a", "hello"));
    KERNEL(loop);
    PASS(kernel_run(loop, ask_of_it, &folder));
}

static void *move_names(void *argument)
{
    const struct folder *folder = argument;
    int at = folder->fd;
    char text[16] = "";

    PASS(coil_renameat2(at, "a", at, "b", RENAME_NOREPLACE));
    CHECK(!folder_has(folder, "a") && folder_has(folder, "b"));
    PASS(coil_linkat(at, "b", at, "a", 0));
    CHECK(folder_has(folder, "a"));
    FAILS(coil_renameat2(at, "a", at, "b", RENAME_NOREPLACE), -EEXIST);
    PASS(coil_symlinkat("somewhere", at, "c"));
    CHECK_EQ(coil_readlinkat(at, "c", text, sizeof(text)), 9);
    CHECK_STR(text, "somewhere");
    CHECK_EQ(coil_readlinkat(at, "c", text, 4), 4);
    FAILS(coil_readlinkat(at, "b", text, sizeof(text)), -EINVAL);
    PASS(coil_mkdirat(at, "d", 0700));
    FAILS(coil_mkdirat(at, "d", 0700), -EEXIST);
    FAILS(coil_unlinkat(at, "d", 0), -EISDIR);
    PASS(coil_unlinkat(at, "d", AT_REMOVEDIR));
    PASS(coil_unlinkat(at, "c", 0));
    FAILS(coil_unlinkat(at, "c", 0), -ENOENT);
    return NULL;
}

TEST(path, is_renamed_linked_made_and_removed_in_a_directory)
{
    FOLDER(folder);
    close(folder_file(&folder, "a", "hello"));
    KERNEL(loop);
    PASS(kernel_run(loop, move_names, &folder));
}

/* The short forms, whose names begin at the root. */
static void *move_whole_names(void *argument)
{
    const struct folder *folder = argument;
    char name[4][80], text[80] = "";

    for (int i = 0; i < 4; i++)
        snprintf(name[i], sizeof(name[i]), "%s/%c", folder->path, 'a' + i);
    PASS(coil_rename(name[0], name[1]));
    PASS(coil_link(name[1], name[0]));
    PASS(coil_symlink(name[1], name[2]));
    CHECK_EQ(coil_readlink(name[2], text, sizeof(text)), strlen(name[1]));
    CHECK_STR(text, name[1]);
    PASS(coil_unlink(name[2]));
    PASS(coil_mkdir(name[3], 0700));
    CHECK(folder_has(folder, "d"));
    PASS(coil_rmdir(name[3]));
    CHECK(!folder_has(folder, "d") && !folder_has(folder, "c"));
    CHECK(folder_has(folder, "a") && folder_has(folder, "b"));
    return NULL;
}

TEST(path, is_renamed_linked_made_and_removed)
{
    FOLDER(folder);
    close(folder_file(&folder, "a", "hello"));
    KERNEL(loop);
    PASS(kernel_run(loop, move_whole_names, &folder));
}

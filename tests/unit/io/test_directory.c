// SPDX-License-Identifier: MIT
#include <coil/directory.h>

#include "folder.h"
#include "kernel.h"

#include <dirent.h>

static void *give_bad_arguments(void *argument)
{
    coil_entry entry;

    FAILS(coil_err(coil_opendir(NULL)), -EINVAL);
    FAILS(coil_readdir(NULL, &entry), -EINVAL);
    FAILS(coil_readdir(COIL_ERR(-ENOENT), &entry), -ENOENT);
    PASS(coil_closedir(NULL));
    PASS(coil_closedir(COIL_ERR(-ENOENT)));
    return argument;
}

TEST(directory, refuses_bad_arguments_and_submits_nothing)
{
    WORLD(w);
    PASS(world_run(&w, give_bad_arguments, NULL));
    CHECK_EQ(world_counts(&w).submitted, 0);
}

TEST(directory, is_for_tasks)
{
    FAILS(coil_err(coil_opendir("/")), -COIL_ENOLOOP);
}

enum { FILES = 1500 }; /* more than the kernel gives at once */

static void *read_all(void *argument)
{
    const struct folder *folder = argument;
    static bool seen[FILES];
    coil_entry entry = {.name = NULL};
    size_t files = 0, others = 0;
    int rc;

    memset(seen, 0, sizeof(seen));
    coil_directory *directory = coil_opendir(folder->path);
    FAILS(coil_readdir(directory, NULL), coil_is_err(directory) ? coil_err(directory) : -EINVAL);
    while ((rc = coil_readdir(directory, &entry)) > 0) {
        char *end;
        unsigned long number = strtoul(entry.name, &end, 10);
        if (*entry.name == '.') {
            CHECK_EQ(entry.type, DT_DIR);
            others++;
        } else if (CHECK(*end == '\0' && number < FILES && !seen[number])) {
            CHECK_EQ(entry.type, DT_REG);
            CHECK(entry.inode != 0);
            seen[number] = true;
            files++;
        }
    }
    CHECK_EQ(files, check_walking() && rc < 0 ? files : FILES);
    CHECK_EQ(others, check_walking() && rc < 0 ? others : 2);
    if (rc == 0)
        CHECK_EQ(coil_readdir(directory, &entry), 0); /* and stays at its end */
    while (coil_closedir(directory) == -ENOMEM) {
    }
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

TEST(directory, gives_each_entry_once)
{
    FOLDER(folder);
    for (int i = 0; i < FILES; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%d", i);
        int fd = openat(folder.fd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        CHECK(fd >= 0);
        close(fd);
    }
    KERNEL(loop);
    PASS(kernel_run(loop, read_all, &folder));
}

static void *open_wrong_ones(void *argument)
{
    const struct folder *folder = argument;
    char name[80];

    snprintf(name, sizeof(name), "%s/a", folder->path);
    FAILS(coil_err(coil_opendir(name)), -ENOTDIR);
    FAILS(coil_err(coil_opendir("/nonexistent")), -ENOENT);
    return NULL;
}

TEST(directory, must_be_one)
{
    FOLDER(folder);
    close(folder_file(&folder, "a", ""));
    KERNEL(loop);
    PASS(kernel_run(loop, open_wrong_ones, &folder));
}

static void *read_one(void *directory)
{
    coil_entry entry;
    int rc = coil_readdir(directory, &entry);
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

static void *read_together(void *argument)
{
    coil_directory *directory = coil_opendir(argument);
    COIL_AUTO coil_task *first = coil_create_task(read_one, directory);
    COIL_AUTO coil_task *second = coil_create_task(read_one, directory);

    if (coil_yield_now() == 0) /* the first one is under way */
        FAILS(coil_closedir(directory), -EBUSY);
    FAILS(coil_await(second, NULL), -EBUSY);
    PASS(coil_await(first, NULL));
    while (coil_closedir(directory) == -ENOMEM) {
    }
    return NULL;
}

TEST(directory, is_read_by_one_task_at_a_time)
{
    FOLDER(folder);
    if (check_walking())
        return; /* whom a fault takes out would be in nobody's way */
    KERNEL(loop);
    PASS(kernel_run(loop, read_together, folder.path));
}

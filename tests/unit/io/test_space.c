// SPDX-License-Identifier: MIT
#include <coil/file.h>

#include "folder.h"
#include "kernel.h"

#include <sys/mman.h>
#include <sys/stat.h>

enum { FD = 3 };

static void *give_bad_arguments(void *argument)
{
    FAILS(coil_ftruncate(-1, 0), -EBADF);
    FAILS(coil_ftruncate(FD, -1), -EINVAL);
    FAILS(coil_fallocate(-1, 0, 0, 1), -EBADF);
    FAILS(coil_fallocate(FD, 0, -1, 1), -EINVAL);
    FAILS(coil_fallocate(FD, 0, 0, -1), -EINVAL);
    FAILS(coil_fadvise(-1, 0, 0, 0), -EBADF);
    FAILS(coil_fadvise(FD, -1, 0, 0), -EINVAL);
    return argument;
}

TEST(space, refuses_bad_arguments_and_submits_nothing)
{
    WORLD(w);
    PASS(world_run(&w, give_bad_arguments, NULL));
    CHECK_EQ(world_counts(&w).submitted, 0);
}

static int64_t size_of(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 ? status.st_size : -1;
}

static void *change_its_size(void *argument)
{
    int fd = *(int *)argument;

    PASS(coil_ftruncate(fd, 1000));
    CHECK_EQ(size_of(fd), 1000);
    PASS(coil_fallocate(fd, 0, 4096, 4096));
    CHECK_EQ(size_of(fd), 8192);
    PASS(coil_ftruncate(fd, 0));
    CHECK_EQ(size_of(fd), 0);
    PASS(coil_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
    FAILS(coil_fadvise(fd, 0, 0, 99), -EINVAL);
    FAILS(coil_ftruncate(INT32_MAX, 0), -EBADF);
    return NULL;
}

TEST(space, is_made_and_taken_away)
{
    FOLDER(folder);
    int fd = folder_file(&folder, "a", "hello");
    {
        KERNEL(loop);
        PASS(kernel_run(loop, change_its_size, &fd));
    }
    close(fd);
}

static void *drop_memory(void *memory)
{
    PASS(coil_madvise(memory, 4096, MADV_DONTNEED));
    FAILS(coil_madvise(memory, 4096, 9999), -EINVAL);
    return NULL;
}

TEST(space, of_memory_is_given_back)
{
    char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!CHECK(memory != MAP_FAILED))
        return;
    *memory = 'x';
    {
        KERNEL(loop);
        int rc = kernel_run(loop, drop_memory, memory);
        PASS(rc);
        CHECK(check_walking() || *memory == 0);
    }
    munmap(memory, 4096);
}

// SPDX-License-Identifier: MIT
#include "folder.h"
#include "kernel.h"
#include "net.h"
#include "stream/address.h"

struct scene {
    char path[128];
    char other[128];
    int fd;
    int rc;
};

static struct scene scene_in(const struct folder *folder)
{
    struct scene scene = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    CHECK(scene.fd >= 0);
    snprintf(scene.path, sizeof(scene.path), "%s/socket", folder->path);
    snprintf(scene.other, sizeof(scene.other), "%s/other", folder->path);
    return scene;
}

TEST(unix, has_paths_that_fit)
{
    struct sockaddr_un address;
    char path[sizeof(address.sun_path) + 1];
    FAILS(unix_address(&address, NULL), -EINVAL);
    FAILS(unix_address(&address, ""), -EINVAL);
    memset(path, 'x', sizeof(path));
    path[sizeof(path) - 1] = 0;
    FAILS(unix_address(&address, path), -ENAMETOOLONG);
    path[sizeof(path) - 2] = 0;
    CHECK_EQ(unix_address(&address, path), sizeof(address));
    CHECK_STR(address.sun_path, path);
}

static void *binds(void *argument)
{
    struct scene *scene = argument;
    scene->rc = unix_bind(scene->fd, scene->path);
    return COIL_ERR(scene->rc);
}

TEST(unix, takes_the_place_of_a_socket_that_nobody_has)
{
    FOLDER(folder);
    struct scene stale = scene_in(&folder), scene = scene_in(&folder);
    {
        KERNEL(loop);
        PASS(kernel_run(loop, binds, &stale));
        close(stale.fd);
        CHECK(folder_has(&folder, "socket"));
        PASS(kernel_run(loop, binds, &scene));
    }
    CHECK(folder_has(&folder, "socket"));
    close(scene.fd);
}

TEST(unix, leaves_other_files_where_they_are)
{
    FOLDER(folder);
    struct scene scene = scene_in(&folder);
    close(folder_file(&folder, "socket", "text"));
    {
        KERNEL(loop);
        FAILS(kernel_run(loop, binds, &scene), -EADDRINUSE);
    }
    CHECK(folder_has(&folder, "socket"));
    close(scene.fd);
}

/* ---- the file afterwards -------------------------------------------------------------------- */

enum what { NOTHING, REMOVE, REPLACE };

struct life {
    struct scene scene;
    struct unix_file file;
    enum what meanwhile;
};

static void *notes_and_removes(void *argument)
{
    struct life *life = argument;

    if (unix_bind(life->scene.fd, life->scene.path) < 0)
        return COIL_ERR(-ENOMEM);
    unix_file_note(&life->file, life->scene.fd);
    if (life->meanwhile != NOTHING)
        unlink(life->scene.path);
    if (life->meanwhile == REPLACE) { /* the other one is made first: the inode is another */
        CHECK_EQ(link(life->scene.other, life->scene.path), 0);
    }
    unix_file_remove(&life->file);
    return NULL;
}

static bool is_left(enum what meanwhile)
{
    FOLDER(folder);
    struct life life = {.scene = scene_in(&folder), .meanwhile = meanwhile};
    close(folder_file(&folder, "other", ""));
    {
        KERNEL(loop);
        PASS(kernel_run(loop, notes_and_removes, &life));
    }
    close(life.scene.fd);
    return folder_has(&folder, "socket");
}

TEST(unix, removes_the_file_of_a_socket)
{
    CHECK(!is_left(NOTHING) || check_walking());
}

TEST(unix, needs_no_file_to_remove)
{
    CHECK(!is_left(REMOVE) || check_walking());
}

TEST(unix, leaves_a_file_that_has_taken_the_place)
{
    CHECK(is_left(REPLACE) || check_walking());
}

static void *notes_what_has_no_file(void *fd)
{
    struct unix_file file;

    unix_file_note(&file, *(int *)fd);
    CHECK_STR(file.path, "");
    unix_file_remove(&file);
    return NULL;
}

TEST(unix, knows_what_has_no_file)
{
    int unbound = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), bound = net_bound(SOCK_STREAM);
    {
        KERNEL(loop);
        PASS(kernel_run(loop, notes_what_has_no_file, &unbound));
        PASS(kernel_run(loop, notes_what_has_no_file, &bound));
    }
    close(unbound);
    close(bound);
}

// SPDX-License-Identifier: MIT
#include "stream/connect.h"

#include "base/alloc.h"
#include "ends.h"
#include "kernel.h"
#include "loop/descriptor.h"

#include <netinet/in.h>

/* ---- the order of addresses ----------------------------------------------------------------- */

/* The addresses in one word: 6 and 4 are families, in the resolver's order. */
struct addresses {
    struct addrinfo info[16];
    struct sockaddr_in6 address[16];
};

static const struct addrinfo *list_of(struct addresses *list, const char *families)
{
    size_t n = strlen(families);

    for (size_t i = 0; i < n; i++) {
        list->address[i].sin6_family = families[i] == '6' ? AF_INET6 : AF_INET;
        list->info[i] = (struct addrinfo){
            .ai_family = list->address[i].sin6_family,
            .ai_socktype = SOCK_STREAM,
            .ai_addr = (struct sockaddr *)&list->address[i],
            .ai_addrlen = sizeof(list->address[i]),
            .ai_next = i + 1 < n ? &list->info[i + 1] : NULL,
        };
    }
    return n ? list->info : NULL;
}

static void check_order(const char *families, size_t lead, const char *expected)
{
    const struct addrinfo *order[32];
    struct addresses list = {0};
    struct record log = {""};
    size_t n = strlen(families);

    connect_order(list_of(&list, families), n, lead, order);
    for (size_t i = 0; i < n; i++)
        record(&log, "%s%d",
               order[i]->ai_family == AF_INET6 ? "6:" : "4:", (int)(order[i] - list.info));
    CHECK_STR(log.text, expected);
}

TEST(connect, tries_families_in_turn)
{
    check_order("6644", 0, "6:0 6:1 4:2 4:3");
    check_order("6644", 1, "6:0 4:2 6:1 4:3");
    check_order("6446", 1, "6:0 4:1 6:3 4:2");
    check_order("66644", 2, "6:0 6:1 4:3 6:2 4:4");
    check_order("66444", 9, "6:0 6:1 4:2 4:3 4:4");
    check_order("444", 1, "4:0 4:1 4:2");
    check_order("4", 1, "4:0");
    check_order("", 1, "");
}

/* ---- on the simulated engine ---------------------------------------------------------------- */

struct scene {
    struct connect_plan plan;
    struct addresses addresses, local;
    struct connect_errors errors;
    int fd;
    coil_time took;
};

#define SCENE_OF(name, families)                                                                   \
    __attribute__((cleanup(scene_free))) struct scene name = {.fd = -1};                           \
    (name).plan.addresses = list_of(&(name).addresses, families)

static void scene_free(struct scene *scene)
{
    coil__free(scene->errors.codes);
}

static void *connects(void *argument)
{
    struct scene *scene = argument;

    scene->fd = connect_any(&scene->plan, &scene->errors);
    scene->took = world_now();
    return scene->fd < 0 ? COIL_ERR(scene->fd) : NULL;
}

static void answer(const struct world *w, int opcode, int fd, int result, coil_time delay)
{
    world_script(w->sim,
                 (coil_sim_answer){.opcode = opcode, .fd = fd, .result = result, .delay = delay});
}

/* Sockets get these numbers in turn, and can be closed. */
static void give_sockets(const struct world *w, int n)
{
    for (int i = 0; i < n; i++) {
        answer(w, OP_SOCKET, COIL_SIM_ANY, 101 + i, 0);
        answer(w, OP_CLOSE, 101 + i, 0, 0);
    }
}

/* Each socket but the one that was returned was closed. */
static void check_closed(const struct world *w, uint64_t submitted)
{
    CHECK_EQ(world_counts(w).submitted, submitted);
    CHECK_EQ(world_counts(w).in_flight, 0);
}

TEST(connect, tries_one_address_after_the_other)
{
    SCENE_OF(scene, "64");
    WORLD(w);
    give_sockets(&w, 2);
    answer(&w, OP_CONNECT, 101, -ECONNREFUSED, COIL_MS(10));
    answer(&w, OP_CONNECT, 102, 0, COIL_MS(10));
    PASS(world_run(&w, connects, &scene));
    CHECK_EQ(scene.fd, 102);
    CHECK_EQ(scene.took, COIL_MS(20));
    CHECK_EQ(scene.errors.n, 0);
    check_closed(&w, 5);
}

TEST(connect, gives_all_errors_in_order)
{
    SCENE_OF(scene, "644");
    WORLD(w);
    give_sockets(&w, 2);
    answer(&w, OP_SOCKET, COIL_SIM_ANY, -EMFILE, 0);
    answer(&w, OP_CONNECT, 101, -ENETUNREACH, 0);
    answer(&w, OP_CONNECT, 102, -ECONNREFUSED, 0);
    FAILS(world_run(&w, connects, &scene), -ENETUNREACH);
    CHECK_EQ(scene.errors.n, 3);
    if (scene.errors.n == 3) {
        CHECK_EQ(scene.errors.codes[0], -ENETUNREACH);
        CHECK_EQ(scene.errors.codes[1], -ECONNREFUSED);
        CHECK_EQ(scene.errors.codes[2], -EMFILE);
    }
    check_closed(&w, 7);
}

TEST(connect, needs_an_address)
{
    SCENE_OF(scene, "");
    WORLD(w);
    FAILS(world_run(&w, connects, &scene), -EADDRNOTAVAIL);
}

TEST(connect, is_for_tasks)
{
    SCENE_OF(scene, "4");
    FAILS(connect_any(&scene.plan, &scene.errors), -COIL_ENOLOOP);
}

TEST(connect, binds_to_the_first_local_address_that_fits)
{
    SCENE_OF(scene, "4");
    scene.plan.local = list_of(&scene.local, "6444");
    WORLD(w);
    give_sockets(&w, 1);
    answer(&w, OP_BIND, 101, -EADDRINUSE, 0);
    answer(&w, OP_BIND, 101, 0, 0);
    answer(&w, OP_CONNECT, 101, 0, 0);
    PASS(world_run(&w, connects, &scene));
    CHECK_EQ(scene.fd, 101);
    CHECK_EQ(scene.errors.n, 0);
}

TEST(connect, keeps_the_errors_of_local_addresses)
{
    SCENE_OF(scene, "64");
    scene.plan.local = list_of(&scene.local, "466");
    WORLD(w);
    give_sockets(&w, 2);
    answer(&w, OP_BIND, 101, -EADDRINUSE, 0);
    answer(&w, OP_BIND, 101, -EACCES, 0);
    answer(&w, OP_BIND, 102, 0, 0);
    answer(&w, OP_CONNECT, 102, -ECONNREFUSED, 0);
    FAILS(world_run(&w, connects, &scene), -EADDRINUSE);
    CHECK_EQ(scene.errors.n, 3);
    if (scene.errors.n == 3) {
        CHECK_EQ(scene.errors.codes[1], -EACCES);
        CHECK_EQ(scene.errors.codes[2], -ECONNREFUSED);
    }
    check_closed(&w, 8);
}

TEST(connect, needs_a_local_address_of_the_family)
{
    SCENE_OF(scene, "4");
    scene.plan.local = list_of(&scene.local, "66");
    WORLD(w);
    give_sockets(&w, 1);
    FAILS(world_run(&w, connects, &scene), -EADDRNOTAVAIL);
    CHECK_EQ(scene.errors.n, 1);
    check_closed(&w, 2);
}

/* ---- the race ------------------------------------------------------------------------------- */

TEST(connect, tries_the_next_address_beside_one_that_takes_long)
{
    SCENE_OF(scene, "64");
    scene.plan.delay = COIL_MS(250);
    WORLD(w);
    give_sockets(&w, 2);
    answer(&w, OP_CONNECT, 101, 0, COIL_SEC(75));
    answer(&w, OP_CONNECT, 102, 0, COIL_MS(10));
    PASS(world_run(&w, connects, &scene));
    CHECK_EQ(scene.fd, 102);
    CHECK_EQ(scene.took, COIL_MS(260));
    check_closed(&w, 5);
}

TEST(connect, tries_the_next_address_when_one_fails)
{
    SCENE_OF(scene, "64");
    scene.plan.delay = COIL_MS(250);
    WORLD(w);
    give_sockets(&w, 2);
    answer(&w, OP_CONNECT, 101, -ENETUNREACH, COIL_MS(10));
    answer(&w, OP_CONNECT, 102, 0, COIL_MS(10));
    PASS(world_run(&w, connects, &scene));
    CHECK_EQ(scene.fd, 102);
    CHECK_EQ(scene.took, COIL_MS(20));
}

/* Its connect came although it was cancelled. */
TEST(connect, closes_a_loser_that_connected_all_the_same)
{
    SCENE_OF(scene, "64");
    scene.plan.delay = COIL_MS(250);
    WORLD(w);
    give_sockets(&w, 2);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_CONNECT,
                                          .fd = 101,
                                          .delay = COIL_SEC(75),
                                          .cancel = COIL_SIM_CANCEL_LOSES});
    answer(&w, OP_CONNECT, 102, 0, COIL_MS(10));
    PASS(world_run(&w, connects, &scene));
    CHECK_EQ(scene.fd, 102);
    check_closed(&w, 5);
}

TEST(connect, gives_all_errors_of_a_race)
{
    SCENE_OF(scene, "64");
    scene.plan.delay = COIL_MS(250);
    WORLD(w);
    give_sockets(&w, 2);
    answer(&w, OP_CONNECT, 101, -ETIMEDOUT, COIL_SEC(75));
    answer(&w, OP_CONNECT, 102, -ECONNREFUSED, COIL_MS(10));
    FAILS(world_run(&w, connects, &scene), -ETIMEDOUT);
    CHECK_EQ(scene.errors.n, 2);
    check_closed(&w, 6);
}

/* ---- cancellation --------------------------------------------------------------------------- */

static void cancel_after(struct world *w, struct scene *scene, coil_time delay)
{
    COIL_AUTO coil_task *task = coil_create_task_with(w->loop, connects, scene, NULL);

    PASS(coil_handle_error(coil_call_later(w->loop, delay, world_cancel, task)));
    FAILS(coil_run_until_complete(w->loop, task, NULL), -ECANCELED);
    CHECK_EQ(scene->fd, -ECANCELED);
    CHECK_EQ(scene->errors.n, 0);
}

TEST(connect, leaves_no_descriptor_when_it_is_cancelled)
{
    SCENE_OF(scene, "64");
    WORLD(w);
    give_sockets(&w, 1);
    answer(&w, OP_CONNECT, 101, 0, COIL_SEC(75));
    cancel_after(&w, &scene, COIL_MS(10));
    check_closed(&w, 3);
}

TEST(connect, leaves_no_descriptor_when_a_race_is_cancelled)
{
    SCENE_OF(scene, "64");
    scene.plan.delay = COIL_MS(250);
    WORLD(w);
    give_sockets(&w, 2);
    answer(&w, OP_CONNECT, 101, 0, COIL_SEC(75));
    world_script(w.sim, (coil_sim_answer){.opcode = OP_CONNECT,
                                          .fd = 102,
                                          .delay = COIL_SEC(75),
                                          .cancel = COIL_SIM_CANCEL_LOSES});
    cancel_after(&w, &scene, COIL_MS(300));
    check_closed(&w, 6);
}

/* A socket that came although its making was cancelled. */
TEST(connect, leaves_no_descriptor_when_it_is_cancelled_early)
{
    SCENE_OF(scene, "64");
    WORLD(w);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_SOCKET,
                                          .fd = COIL_SIM_ANY,
                                          .result = 101,
                                          .delay = COIL_SEC(1),
                                          .cancel = COIL_SIM_CANCEL_LOSES});
    answer(&w, OP_CLOSE, 101, 0, 0);
    cancel_after(&w, &scene, COIL_MS(10));
    check_closed(&w, 2);
}

/* ---- on the ring ---------------------------------------------------------------------------- */

static int listen_on_loopback(struct sockaddr_in *address)
{
    socklen_t size = sizeof(*address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK_EQ(bind(fd, (struct sockaddr *)address, sizeof(*address)), 0);
    CHECK_EQ(listen(fd, 4), 0);
    CHECK_EQ(getsockname(fd, (struct sockaddr *)address, &size), 0);
    return fd;
}

TEST(connect, comes_to_the_address_that_listens)
{
    if (!kernel_has_rings())
        return;
    SCENE_OF(scene, "44");
    struct sockaddr_in good, bad, peer = {0};
    socklen_t size = sizeof(peer);
    int listener = listen_on_loopback(&good), closed = listen_on_loopback(&bad);
    close(closed);
    scene.addresses.info[0].ai_addr = (struct sockaddr *)&bad;
    scene.addresses.info[1].ai_addr = (struct sockaddr *)&good;
    scene.addresses.info[0].ai_addrlen = scene.addresses.info[1].ai_addrlen = sizeof(good);
    scene.plan.delay = COIL_MS(250);
    {
        KERNEL(loop);
        PASS(kernel_run(loop, connects, &scene));
    }
    if (scene.fd >= 0) {
        CHECK_EQ(getpeername(scene.fd, (struct sockaddr *)&peer, &size), 0);
        CHECK_EQ(peer.sin_port, good.sin_port);
        CHECK_EQ(fcntl(scene.fd, F_GETFD), FD_CLOEXEC);
        close(scene.fd);
    }
    close(listener);
}

// SPDX-License-Identifier: MIT
/* CPython's test_base_events.py: executors and names. */
#include "visitor.h"

#include "host/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

/* ---- a resolver that knows nothing and counts ----------------------------------------------- */

static atomic_int questions;
static pthread_t asked_on;

static int knows_no_address(const char *node, const char *service, const struct addrinfo *hints,
                            struct addrinfo **list)
{
    (void)node, (void)service, (void)hints, (void)list;
    atomic_fetch_add(&questions, 1);
    return EAI_NONAME;
}

static int knows_a_name(const struct sockaddr *address, socklen_t length, char *host,
                        socklen_t host_size, char *service, socklen_t service_size, int flags)
{
    (void)address, (void)length, (void)service, (void)service_size, (void)flags;
    asked_on = pthread_self();
    (void)snprintf(host, host_size, "parrot.test");
    return 0;
}

static void resolver_back(const struct resolver *former)
{
    coil__resolver = *former;
}

static struct resolver resolver_here(void)
{
    struct resolver former = coil__resolver;

    coil__resolver = (struct resolver){knows_no_address, knows_a_name, freeaddrinfo};
    atomic_store(&questions, 0);
    return former;
}

#define RESOLVER                                                                                   \
    __attribute__((cleanup(resolver_back), unused)) const struct resolver former = resolver_here()

/* Whether the question was answered without the resolver, and by this address and port. */
static bool answered_here(const char *node, const char *service, int family, int type,
                          const char *expected, int port)
{
    const struct addrinfo hints = {.ai_family = family, .ai_socktype = type};
    char text[INET6_ADDRSTRLEN] = "";
    struct addrinfo *list;
    int before = atomic_load(&questions);
    int rc = coil_getaddrinfo(node, service, &hints, &list);

    if (rc < 0) {
        CHECK_EQ(rc, -COIL_EAI_NONAME);
        CHECK_EQ(atomic_load(&questions), before + 1);
        return false;
    }
    const struct sockaddr_in *four = (const void *)list->ai_addr;
    const struct sockaddr_in6 *six = (const void *)list->ai_addr;
    const void *address =
        list->ai_family == AF_INET ? (const void *)&four->sin_addr : (const void *)&six->sin6_addr;
    CHECK_STR(inet_ntop(list->ai_family, address, text, sizeof(text)), expected);
    CHECK_EQ(ntohs(list->ai_family == AF_INET ? four->sin_port : six->sin6_port), port);
    CHECK_EQ(list->ai_socktype, type);
    CHECK_PTR(list->ai_next, NULL);
    CHECK_EQ(atomic_load(&questions), before);
    freeaddrinfo(list);
    return true;
}

static void *asks_for_numbers(void *unused)
{
    CHECK(answered_here("1.2.3.4", "1", AF_UNSPEC, SOCK_STREAM, "1.2.3.4", 1));
    CHECK(answered_here("1.2.3.4", "1", AF_INET, SOCK_STREAM, "1.2.3.4", 1));
    CHECK(answered_here("1.2.3.4", "1", AF_INET, SOCK_DGRAM, "1.2.3.4", 1));
    CHECK(answered_here("::3", "1", AF_UNSPEC, SOCK_STREAM, "::3", 1));
    CHECK(answered_here("::3", "1", AF_INET6, SOCK_DGRAM, "::3", 1));
    CHECK(!answered_here("1.2.3.4", "1", AF_INET6, SOCK_STREAM, "", 0));
    CHECK(!answered_here("::3", "1", AF_INET, SOCK_STREAM, "", 0));
    CHECK(!answered_here("1.2.3.4", "1", AF_UNSPEC, 0, "", 0));
    CHECK(!answered_here("::3%lo0", "1", AF_INET6, SOCK_STREAM, "", 0));
    return unused;
}

TEST(BaseEventTests, test_ipaddr_info)
{
    RESOLVER;
    WORLD(w);
    PASS(world_run(&w, asks_for_numbers, NULL));
}

static void *asks_with_ports(void *unused)
{
    CHECK(answered_here("1.2.3.4", NULL, AF_UNSPEC, SOCK_STREAM, "1.2.3.4", 0));
    CHECK(answered_here("1.2.3.4", "", AF_UNSPEC, SOCK_STREAM, "1.2.3.4", 0));
    CHECK(answered_here("1.2.3.4", "1", AF_UNSPEC, SOCK_STREAM, "1.2.3.4", 1));
    return unused;
}

TEST(BaseEventTests, test_port_parameter_types)
{
    RESOLVER;
    WORLD(w);
    PASS(world_run(&w, asks_with_ports, NULL));
}

static void *asks_for_a_name(void *unused)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
    char host[32] = "";

    PASS(coil_getnameinfo((const struct sockaddr *)&address, sizeof(address), host, sizeof(host),
                          NULL, 0, 0));
    CHECK_STR(host, "parrot.test");
    CHECK(!pthread_equal(asked_on, pthread_self()));
    return unused;
}

TEST(BaseEventLoopWithSelectorTests, test_getnameinfo)
{
    RESOLVER;
    WORLD(w);
    PASS(world_run(&w, asks_for_a_name, NULL));
}

/* ---- executors ------------------------------------------------------------------------------ */

TEST(BaseEventLoopTests, test_set_default_executor)
{
    VISITOR(visitor);
    EXECUTOR(executor);
    WORLD(w);
    PASS(coil_set_default_executor(w.loop, executor));
    COIL_AUTO coil_future *named = coil_run_in_executor(w.loop, executor, visit, &visitor);
    PASS(coil_run_until_complete(w.loop, named, NULL));
    pthread_t only = visitor.thread;
    COIL_AUTO coil_future *future = coil_run_in_executor(w.loop, NULL, visit, &visitor);
    PASS(coil_run_until_complete(w.loop, future, NULL));
    CHECK(pthread_equal(visitor.thread, only));
}

static int advance(void *sim)
{
    return coil_sim_advance(sim, COIL_MS(10));
}

static void *shuts_down(void *unused)
{
    FAILS(coil_shutdown_default_executor(coil_get_running_loop(), COIL_MS(10)), -ETIMEDOUT);
    return unused;
}

TEST(BaseEventLoopTests, test_shutdown_default_executor_timeout)
{
    struct record log = {""};
    VISITOR(visitor);
    EXECUTOR(executor);
    WORLD(w);
    coil_set_warning_sink(record_warning, &log);
    PASS(coil_set_default_executor(w.loop, executor));
    COIL_AUTO coil_future *future = coil_run_in_executor(w.loop, NULL, visit_and_wait, &visitor);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, shuts_down, NULL, NULL);
    PASS(world_turn(&w));
    if (world_is_virtual()) /* time stands still while threads work, but for this */
        PASS(coil_handle_error(coil_call_soon(w.loop, advance, w.sim)));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_TIME(world_time(&w), COIL_MS(10));
    CHECK_STR(log.text, "the threads of the default executor did not end within 0.010 s");
    coil_set_warning_sink(NULL, NULL);
    CHECK(!coil_done(future));
    sem_post(&visitor.go);
}

// SPDX-License-Identifier: MIT
#include "jobs.h"

#include "host/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* ---- a resolver that answers from here ------------------------------------------------------ */

static struct gate *at_gate; /* where each question waits; NULL: nowhere */
static atomic_int asked, taken_back;
static int failure;
static pthread_t asked_on;

static int numeric(const char *address, const struct addrinfo *hints, struct addrinfo **list)
{
    struct addrinfo plain = {
        .ai_flags = AI_NUMERICHOST, .ai_family = hints->ai_family, .ai_socktype = SOCK_STREAM};

    return getaddrinfo(address, "80", &plain, list);
}

static int answer_name(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **list)
{
    atomic_fetch_add(&asked, 1);
    asked_on = pthread_self();
    if (at_gate)
        (void)job_wait(at_gate);
    if (failure) {
        errno = EMFILE;
        return failure;
    }
    CHECK_STR(node ? node : "", "name.test");
    CHECK_STR(service ? service : "", "http");
    return numeric("192.0.2.7", hints, list);
}

static int answer_address(const struct sockaddr *address, socklen_t length, char *host,
                          socklen_t host_size, char *service, socklen_t service_size, int flags)
{
    atomic_fetch_add(&asked, 1);
    asked_on = pthread_self();
    if (at_gate)
        (void)job_wait(at_gate);
    if (failure)
        return failure;
    if (flags & NI_NUMERICHOST || !host)
        return getnameinfo(address, length, host, host_size, service, service_size, flags);
    CHECK_EQ(length, sizeof(struct sockaddr_in));
    return snprintf(host, host_size, "name.test") < (int)host_size ? 0 : EAI_OVERFLOW;
}

static void take_back(struct addrinfo *list)
{
    atomic_fetch_add(&taken_back, 1);
    freeaddrinfo(list);
}

static void resolver_back(struct resolver *former)
{
    coil__resolver = *former;
    at_gate = NULL;
    failure = 0;
}

static struct resolver resolver_here(void)
{
    struct resolver former = coil__resolver;

    coil__resolver = (struct resolver){answer_name, answer_address, take_back};
    atomic_store(&asked, 0);
    atomic_store(&taken_back, 0);
    return former;
}

/* Until the end of the scope names are looked up here; declared before the world. */
#define RESOLVER                                                                                   \
    __attribute__((cleanup(resolver_back), unused)) struct resolver former = resolver_here()

static const struct addrinfo stream = {.ai_socktype = SOCK_STREAM};

/* ---- addresses of a name -------------------------------------------------------------------- */

static const char *text_of(const struct addrinfo *list)
{
    static char text[NI_MAXHOST];

    if (!list || getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof(text), NULL, 0,
                             NI_NUMERICHOST) != 0)
        return "none";
    return text;
}

/* What a numeric address gives. */
static void check_numeric(const char *node, const char *service, struct addrinfo hints,
                          const char *expected, int port)
{
    struct addrinfo *list = NULL;

    if (!PASS(coil_getaddrinfo(node, service, &hints, &list)))
        return;
    CHECK_STR(text_of(list), expected);
    CHECK_EQ(ntohs(((const struct sockaddr_in *)list->ai_addr)->sin_port), port);
    CHECK_EQ(list->ai_socktype, hints.ai_socktype);
    CHECK_EQ(atomic_load(&asked), 0);
    freeaddrinfo(list);
}

static void *asks_for_numbers(void *unused)
{
    struct addrinfo six = {.ai_family = AF_INET6, .ai_socktype = SOCK_DGRAM};
    struct addrinfo four = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo passive = {
        .ai_flags = AI_PASSIVE, .ai_family = AF_INET, .ai_socktype = SOCK_STREAM};

    check_numeric("192.0.2.1", "80", stream, "192.0.2.1", 80);
    check_numeric("192.0.2.1", NULL, four, "192.0.2.1", 0);
    check_numeric("2001:db8::1", "443", six, "2001:db8::1", 443);
    check_numeric(NULL, "8080", passive, "0.0.0.0", 8080);
    check_numeric(NULL, "8080", four, "127.0.0.1", 8080);
    return unused;
}

TEST(resolve, a_numeric_address_asks_nobody)
{
    RESOLVER;
    WORLD(w);
    PASS(world_run(&w, asks_for_numbers, NULL));
}

static void *asks_for_a_name(void *unused)
{
    struct addrinfo *list = NULL;

    (void)unused;
    int rc = coil_getaddrinfo("name.test", "http", &stream, &list);
    if (rc < 0)
        return COIL_ERR(rc);
    CHECK_STR(text_of(list), "192.0.2.7");
    freeaddrinfo(list);
    return NULL;
}

TEST(resolve, a_name_is_looked_up_on_a_thread)
{
    RESOLVER;
    WORLD(w);
    if (!PASS(world_run(&w, asks_for_a_name, NULL)))
        return;
    CHECK_EQ(atomic_load(&asked), 1);
    CHECK(!pthread_equal(asked_on, pthread_self()));
}

/* Who asks what only the resolver knows. */
static void *asks_otherwise(void *unused)
{
    const struct addrinfo four = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    const struct addrinfo no_type = {.ai_family = AF_INET};
    struct addrinfo *list = NULL;

    failure = EAI_NONAME;
    FAILS(coil_getaddrinfo("2001:db8::1", "80", &four, &list), -COIL_EAI_NONAME);
    FAILS(coil_getaddrinfo("192.0.2.1", "80", &no_type, &list), -COIL_EAI_NONAME);
    FAILS(coil_getaddrinfo("fe80::1%lo", "80", &stream, &list), -COIL_EAI_NONAME);
    FAILS(coil_getaddrinfo("192.0.2.1", "http", &stream, &list), -COIL_EAI_NONAME);
    FAILS(coil_getaddrinfo("", "80", &stream, &list), -COIL_EAI_NONAME);
    FAILS(coil_getaddrinfo("192.0.2.1", "80", NULL, &list), -COIL_EAI_NONAME);
    CHECK_PTR(list, NULL);
    CHECK(atomic_load(&asked) == 6 || check_walking());
    return unused;
}

TEST(resolve, what_is_not_clearly_numeric_goes_to_the_resolver)
{
    RESOLVER;
    WORLD(w);
    PASS(world_run(&w, asks_otherwise, NULL));
}

static void *fails_to_resolve(void *unused)
{
    struct addrinfo *list = NULL;

    failure = EAI_AGAIN;
    FAILS(coil_getaddrinfo("name.test", "http", &stream, &list), -COIL_EAI_AGAIN);
    failure = EAI_SYSTEM;
    FAILS(coil_getaddrinfo("name.test", "http", &stream, &list), -EMFILE);
    failure = EAI_MEMORY;
    FAILS(coil_getaddrinfo("name.test", "http", &stream, &list), -ENOMEM);
    CHECK_PTR(list, NULL);
    return unused;
}

TEST(resolve, failures_have_codes)
{
    RESOLVER;
    WORLD(w);
    PASS(world_run(&w, fails_to_resolve, NULL));
    CHECK_EQ(COIL_EAI_NONAME, COIL_EAI - EAI_NONAME);
    CHECK_EQ(COIL_EAI_SERVICE, COIL_EAI - EAI_SERVICE);
    CHECK_EQ(COIL_EAI_OVERFLOW, COIL_EAI - EAI_OVERFLOW);
    CHECK_STR(coil_strerror(-COIL_EAI_AGAIN), "getaddrinfo: temporary failure in name resolution");
}

static void *cancels_a_question(void *gate)
{
    COIL_AUTO coil_task *task = coil_create_task(asks_for_a_name, NULL);
    const coil_time before = world_now();

    int rc = coil_sleep(0);
    if (rc == 0 && !coil_done(task)) {
        gate_wait(&((struct gate *)gate)->begun);
        CHECK(coil_cancel(task));
        FAILS(coil_await(task, NULL), -ECANCELED);
        CHECK_TIME(world_now() - before, 0);
    }
    sem_post(&((struct gate *)gate)->go);
    return NULL;
}

TEST(resolve, a_cancelled_question_waits_for_nobody)
{
    GATE(gate);
    RESOLVER;
    {
        EXECUTOR(executor, 1);
        WORLD(w);
        at_gate = &gate;
        if (PASS(coil_set_default_executor(w.loop, executor)))
            PASS(world_run(&w, cancels_a_question, &gate));
    }
    CHECK_EQ(atomic_load(&taken_back), 1); /* the list, which came later */
}

static void *asks_badly(void *unused)
{
    struct addrinfo *list;

    FAILS(coil_getaddrinfo("192.0.2.1", "80", &stream, NULL), -EINVAL);
    FAILS(coil_getaddrinfo(NULL, NULL, &stream, &list), -EINVAL);
    return unused;
}

TEST(resolve, bad_questions_are_refused)
{
    struct addrinfo *list;
    WORLD(w);
    PASS(world_run(&w, asks_badly, NULL));
    FAILS(coil_getaddrinfo("192.0.2.1", "80", &stream, &list), -COIL_ENOLOOP);
}

/* ---- the name of an address ----------------------------------------------------------------- */

static const struct sockaddr_in web = {.sin_family = AF_INET};

static struct sockaddr_in web_address(void)
{
    struct sockaddr_in address = web;

    address.sin_port = htons(80);
    inet_pton(AF_INET, "192.0.2.9", &address.sin_addr);
    return address;
}

static void *asks_for_names(void *unused)
{
    const struct sockaddr_in address = web_address();
    const struct sockaddr *at = (const struct sockaddr *)&address;
    char host[64] = "", service[16] = "", small[4] = "old";

    PASS(coil_getnameinfo(at, sizeof(address), host, sizeof(host), service, sizeof(service),
                          NI_NUMERICHOST | NI_NUMERICSERV));
    CHECK_STR(host, "192.0.2.9");
    CHECK_STR(service, "80");
    CHECK(pthread_equal(asked_on, pthread_self()));
    if (!PASS(coil_getnameinfo(at, sizeof(address), host, sizeof(host), NULL, 0, 0)))
        return unused;
    CHECK_STR(host, "name.test");
    CHECK(!pthread_equal(asked_on, pthread_self()));
    FAILS(coil_getnameinfo(at, sizeof(address), small, sizeof(small), NULL, 0, 0),
          -COIL_EAI_OVERFLOW);
    CHECK_STR(small, "old");
    failure = EAI_FAIL;
    FAILS(coil_getnameinfo(at, sizeof(address), host, sizeof(host), NULL, 0, 0), -COIL_EAI_FAIL);
    return unused;
}

TEST(resolve, an_address_has_a_name)
{
    RESOLVER;
    WORLD(w);
    PASS(world_run(&w, asks_for_names, NULL));
}

static void *asks_badly_for_names(void *unused)
{
    const struct sockaddr_in address = web_address();
    const struct sockaddr *at = (const struct sockaddr *)&address;
    char host[64];

    FAILS(coil_getnameinfo(NULL, sizeof(address), host, sizeof(host), NULL, 0, 0), -EINVAL);
    FAILS(coil_getnameinfo(at, sizeof(address), NULL, 0, NULL, 0, 0), -EINVAL);
    FAILS(coil_getnameinfo(at, sizeof(struct sockaddr_storage) + 1, host, sizeof(host), NULL, 0, 0),
          -EINVAL);
    return unused;
}

TEST(resolve, bad_addresses_are_refused)
{
    const struct sockaddr_in address = web_address();
    char host[64];
    WORLD(w);
    PASS(world_run(&w, asks_badly_for_names, NULL));
    FAILS(coil_getnameinfo((const struct sockaddr *)&address, sizeof(address), host, sizeof(host),
                           NULL, 0, 0),
          -COIL_ENOLOOP);
}

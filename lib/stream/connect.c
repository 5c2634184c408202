// SPDX-License-Identifier: MIT
/*
 * Each address is an attempt, which owns its descriptor until the end: whoever wins, whoever is
 * cancelled and connects all the same, the descriptors of all attempts but the winner's are closed
 * in one place. The race could dispose of what its losers return, but not wait for a close.
 */
#include "stream/connect.h"

#include "base/alloc.h"
#include "base/err.h"
#include "loop/descriptor.h"

#include <coil/compose.h>
#include <coil/socket.h>

struct attempt {
    const struct connect_plan *plan;
    const struct addrinfo *address;
    int fd;      /* connected; -1: not */
    int *errors; /* room for one of each local address, and one more */
    size_t error_count;
};

/* One block of memory. */
struct attempts {
    size_t n;
    size_t errors_each;
    struct attempt *of;
    coil_coro *coroutines;
    const struct addrinfo **order;
    int *outcomes; /* the race's */
    int *errors;   /* of all, `errors_each` in a row */
};

/* ---- the order of addresses ----------------------------------------------------------------- */

static size_t count(const struct addrinfo *list)
{
    size_t n = 0;

    for (; list; list = list->ai_next)
        n++;
    return n;
}

static const struct addrinfo *next_of(const struct addrinfo *list, int family)
{
    while (list && list->ai_family != family)
        list = list->ai_next;
    return list;
}

static bool is_first_of_family(const struct addrinfo *list, const struct addrinfo *address)
{
    return next_of(list, address->ai_family) == address;
}

/* Behind the n places for the answer: the next address of each family that is not used up. */
void connect_order(const struct addrinfo *list, size_t n, size_t lead,
                   const struct addrinfo **order)
{
    const struct addrinfo **next = order + n;
    size_t done = 0, families = 0;

    if (lead == 0) {
        for (const struct addrinfo *at = list; at; at = at->ai_next)
            order[done++] = at;
        return;
    }
    const struct addrinfo *first = list;
    while (first && --lead) {
        order[done++] = first;
        first = next_of(first->ai_next, list->ai_family);
    }
    if (first)
        next[families++] = first;
    for (const struct addrinfo *at = list; at; at = at->ai_next)
        if (at->ai_family != list->ai_family && is_first_of_family(list, at))
            next[families++] = at;
    while (families) {
        size_t left = 0;
        for (size_t i = 0; i < families; i++) {
            order[done++] = next[i];
            next[left] = next_of(next[i]->ai_next, next[i]->ai_family);
            left += next[left] != NULL;
        }
        families = left;
    }
}

/* ---- one address ---------------------------------------------------------------------------- */

static void add_error(struct attempt *attempt, int code)
{
    attempt->errors[attempt->error_count++] = code;
}

/* The last error is the caller's to add. */
static int bind_local(struct attempt *attempt, int fd)
{
    int rc = -EADDRNOTAVAIL; /* there is none of this family */
    bool tried = false;

    if (!attempt->plan->local)
        return 0;
    for (const struct addrinfo *local = next_of(attempt->plan->local, attempt->address->ai_family);
         local; local = next_of(local->ai_next, local->ai_family)) {
        if (tried)
            add_error(attempt, rc);
        tried = true;
        rc = coil_bind(fd, local->ai_addr, local->ai_addrlen);
        if (rc == 0 || rc == -ECANCELED)
            break;
    }
    return rc;
}

static int try(struct attempt *attempt)
{
    const struct addrinfo *address = attempt->address;
    int fd = coil_socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    int rc = fd < 0 ? fd : bind_local(attempt, fd);

    if (rc == 0)
        rc = coil_connect(fd, address->ai_addr, address->ai_addrlen);
    if (rc == 0) {
        attempt->fd = fd;
        return 0;
    }
    if (fd >= 0)
        (void)descriptor_discard(fd);
    if (rc != -ECANCELED)
        add_error(attempt, rc);
    return rc;
}

static void *tries(void *attempt)
{
    return COIL_ERR(try(attempt));
}

/* ---- all of them ---------------------------------------------------------------------------- */

static bool sizes(struct attempts *all, const struct connect_plan *plan, size_t *size)
{
    size_t each = sizeof(struct attempt) + sizeof(coil_coro) + 2 * sizeof(*all->order) +
                  sizeof(*all->outcomes);
    size_t errors;

    all->n = count(plan->addresses);
    all->errors_each = count(plan->local) + 1;
    return !__builtin_mul_overflow(all->errors_each, sizeof(int), &errors) &&
           !__builtin_add_overflow(each, errors, &each) &&
           !__builtin_mul_overflow(all->n, each, size);
}

static int prepare(struct attempts *all, const struct connect_plan *plan)
{
    size_t size;

    if (!sizes(all, plan, &size))
        return -ENOMEM;
    if (all->n == 0)
        return -EADDRNOTAVAIL;
    all->of = coil__alloc_zeroed(size);
    if (!all->of)
        return -ENOMEM;
    all->coroutines = (coil_coro *)(all->of + all->n);
    all->order = (const struct addrinfo **)(all->coroutines + all->n);
    all->outcomes = (int *)(all->order + 2 * all->n);
    all->errors = all->outcomes + all->n;
    connect_order(plan->addresses, all->n, plan->interleave, all->order);
    for (size_t i = 0; i < all->n; i++) {
        all->of[i] = (struct attempt){.plan = plan,
                                      .address = all->order[i],
                                      .fd = -1,
                                      .errors = all->errors + i * all->errors_each};
        all->coroutines[i] = (coil_coro){tries, &all->of[i]};
    }
    return 0;
}

/* 0, and the winner; n: there is none. Or -ECANCELED, -ENOMEM. */
static int try_in_turn(const struct attempts *all, size_t *winner)
{
    for (*winner = 0; *winner < all->n; ++*winner) {
        int rc = try(&all->of[*winner]);
        if (rc == 0 || rc == -ECANCELED)
            return rc;
    }
    return 0;
}

static int race(const struct attempts *all, coil_time delay, size_t *winner)
{
    int rc = coil_staggered_race(all->coroutines, all->n, delay, NULL, winner, all->outcomes, NULL);
    return rc < 0 ? rc : 0;
}

/* The errors of all attempts in one array, which is `all->of`'s memory no more. */
static int tell(const struct attempts *all, struct connect_errors *errors)
{
    size_t n = 0;
    int *codes = coil__alloc(all->n * all->errors_each * sizeof(int));

    if (!codes)
        return -ENOMEM;
    for (size_t i = 0; i < all->n; i++)
        for (size_t j = 0; j < all->of[i].error_count; j++)
            codes[n++] = all->of[i].errors[j];
    *errors = (struct connect_errors){codes, n};
    return n ? codes[0] : -EADDRNOTAVAIL;
}

int connect_any(const struct connect_plan *plan, struct connect_errors *errors)
{
    struct attempts all = {0};
    size_t winner;

    *errors = (struct connect_errors){0};
    int rc = prepare(&all, plan);
    if (rc < 0)
        return rc;
    rc = plan->delay && all.n > 1 ? race(&all, plan->delay, &winner) : try_in_turn(&all, &winner);
    if (rc < 0)
        winner = all.n;
    for (size_t i = 0; i < all.n; i++)
        if (all.of[i].fd >= 0 && i != winner)
            (void)descriptor_discard(all.of[i].fd);
    if (rc == 0)
        rc = winner < all.n ? all.of[winner].fd : tell(&all, errors);
    coil__free(all.of);
    return rc;
}

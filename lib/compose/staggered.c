// SPDX-License-Identifier: MIT
/*
 * The staggered race of happy eyeballs (RFC 8305): a group whose tasks report what became of their
 * coroutine instead of failing, and that is cancelled by the first success.
 */
#include "base/alloc.h"
#include "task/task.h"

#include <coil/compose.h>
#include <coil/group.h>

struct runner {
    struct race *race;
    size_t index;
};

struct race {
    coil_group group;
    const coil_coro *starters;
    size_t n;
    size_t winner; /* n: nobody */
    void *result;
    int *errors;
    coil_dispose_fn dispose;
    struct runner runners[];
};

static void *runs(void *arg)
{
    const struct runner *runner = arg;
    struct race *race = runner->race;
    const coil_coro *starter = &race->starters[runner->index];
    void *result = starter->fn(starter->arg);

    if (err_is(result)) {
        race->errors[runner->index] = err_code(result);
    } else if (race->winner == race->n) {
        race->errors[runner->index] = 0;
        race->winner = runner->index;
        race->result = result;
        coil_group_cancel(&race->group);
    } else if (result && race->dispose) {
        race->dispose(result); /* it succeeded in spite of its cancellation, too late */
    }
    return NULL;
}

/* Starts one, and gives it `delay` before the next one may begin, if there is one. */
static int start(struct race *race, size_t i, coil_time delay)
{
    race->runners[i] = (struct runner){race, i};
    coil_future *task = coil_group_create_task(&race->group, runs, &race->runners[i]);
    if (err_is(task))
        return err_code(task);
    race->errors[i] = -ECANCELED; /* until it says otherwise, if it ever begins */
    if (i + 1 == race->n)
        return 0;
    coil_ref(task);
    coil_future *waited = task;
    int rc = coil_wait(&waited, 1, delay, COIL_ALL_COMPLETED);
    coil_unref(task);
    return rc < 0 ? rc : 0;
}

static int check(const coil_coro *starters, size_t n, const size_t *winner, const int *errors)
{
    if ((n && (!starters || !errors)) || !winner)
        return -EINVAL;
    for (size_t i = 0; i < n; i++)
        if (!starters[i].fn)
            return -EINVAL;
    return task_current() ? 0 : -COIL_ENOLOOP;
}

static struct race *race_new(const coil_coro *starters, size_t n)
{
    size_t size;

    if (__builtin_mul_overflow(n, sizeof(struct runner), &size) ||
        __builtin_add_overflow(size, sizeof(struct race), &size))
        return NULL;
    struct race *race = coil__alloc_zeroed(size);
    if (!race)
        return NULL;
    race->starters = starters;
    race->n = race->winner = n;
    return race;
}

int coil_staggered_race(const coil_coro *starters, size_t n, coil_time delay, void **result,
                        size_t *winner, int *errors, coil_dispose_fn dispose)
{
    int rc = check(starters, n, winner, errors);

    if (rc < 0)
        return rc;
    struct race *race = race_new(starters, n);
    if (!race)
        return -ENOMEM;
    rc = coil_group_enter(&race->group);
    if (rc < 0) {
        coil__free(race);
        return rc;
    }
    race->errors = errors;
    race->dispose = dispose;
    for (size_t i = 0; i < n; i++)
        errors[i] = 0;
    for (size_t i = 0; rc == 0 && i < n && race->winner == n; i++)
        rc = start(race, i, delay);
    rc = coil_group_exit(&race->group, rc);
    coil_group_fini(&race->group);
    *winner = race->winner;
    if (race->winner < n && (rc < 0 || !result) && race->result && dispose)
        dispose(race->result);
    else if (race->winner < n && rc == 0 && result)
        *result = race->result;
    coil__free(race);
    return rc < 0 ? rc : *winner < n;
}

// SPDX-License-Identifier: MIT
#include "check.h"
#include "faults.h"
#include "random.h"

#include "timer/timer.h"

#include <errno.h>

#define TIMERS(name)                                                                               \
    __attribute__((cleanup(timers_fini))) struct timers name;                                      \
    timers_init(&name)

/* Payloads are small numbers. */
static void *number(uintptr_t value)
{
    return (void *)value;
}

static struct timer_slot *arm(struct timers *timers, int64_t deadline, uintptr_t payload)
{
    struct timer_slot *timer = NULL;

    PASS(timers_arm(timers, deadline, number(payload), &timer));
    return timer;
}

/* NULL: it could not be armed, as when the walk fails it. */
static struct timer_slot *arm_in(struct timers *timers, int64_t deadline, uintptr_t payload,
                                 struct timer_slot *slot)
{
    return PASS(timers_arm_in(timers, deadline, number(payload), slot)) ? slot : NULL;
}

static void disarm(struct timers *timers, struct timer_slot *timer)
{
    if (timer)
        timers_disarm(timers, timer);
}

/* Expires all that is due: the payloads with a space between. */
static void expect_due(struct timers *timers, int64_t now, const char *expected)
{
    char text[256] = "";
    size_t length = 0;
    void *payload;

    while ((payload = timers_expire(timers, now)) && length < sizeof(text) - 16)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%zu", length ? " " : "",
                                   (size_t)(uintptr_t)payload);
    CHECK_STR(text, expected);
}

/* Entries of both structures, living and stale. */
static size_t entries(const struct timers *timers)
{
    return timers->run.count + timers->heap.count;
}

/* ---- order -------------------------------------------------------------------------------- */

TEST(timer, nothing_armed_is_never_due)
{
    TIMERS(timers);
    CHECK_EQ(timers_earliest(&timers), TIMER_NEVER);
    CHECK_PTR(timers_expire(&timers, TIMER_NEVER), NULL);
}

TEST(timer, expires_at_its_nanosecond_and_not_before)
{
    TIMERS(timers);
    arm(&timers, 1000, 1);
    CHECK_PTR(timers_expire(&timers, 999), NULL);
    expect_due(&timers, 1000, "1");
    CHECK_PTR(timers_expire(&timers, 2000), NULL);
    CHECK_EQ(timers.live, 0);
}

TEST(timer, expires_in_order_of_deadlines)
{
    TIMERS(timers);
    const int64_t deadlines[] = {50, 10, 40, 60, 20, 70, 30, -5};

    for (uintptr_t i = 0; i < 8; i++)
        arm(&timers, deadlines[i], i + 1);
    CHECK_EQ(timers_earliest(&timers), -5);
    expect_due(&timers, 45, "8 2 5 7 3");
    CHECK_EQ(timers_earliest(&timers), 50);
    expect_due(&timers, 100, "1 4 6");
}

TEST(timer, equal_deadlines_expire_in_order_of_arming)
{
    TIMERS(timers);
    for (uintptr_t i = 1; i <= 6; i++)
        arm(&timers, 10, i);
    expect_due(&timers, 10, "1 2 3 4 5 6");
}

/* Growing deadlines are queued, others go into the heap: which one it is must not show. */
TEST(timer, equal_deadlines_in_queue_and_heap_expire_in_order_of_arming)
{
    TIMERS(timers);
    arm(&timers, 10, 1); /* queue */
    arm(&timers, 20, 2); /* queue */
    arm(&timers, 10, 3); /* heap */
    arm(&timers, 10, 4); /* heap */
    arm(&timers, 20, 5); /* queue */
    CHECK(timers.run.count == 3 && timers.heap.count == 2);
    expect_due(&timers, 10, "1 3 4");
    arm(&timers, 19, 6); /* heap */
    arm(&timers, 20, 7); /* queue */
    expect_due(&timers, 20, "6 2 5 7");
}

/* The same with the heap's entry armed first: the queue has run empty in between. */
TEST(timer, a_heaps_entry_armed_first_expires_before_the_queues)
{
    TIMERS(timers);
    struct timer_slot *far = arm(&timers, 100, 1);
    arm(&timers, 50, 2); /* heap: 100 stands in the queue */
    disarm(&timers, far);
    arm(&timers, 50, 3); /* queue */
    CHECK(timers.run.count == 1 && timers.heap.count == 1);
    expect_due(&timers, 50, "2 3");
}

TEST(timer, many_of_growing_deadlines_stay_in_the_queue)
{
    TIMERS(timers);
    uintptr_t expired = 0;

    for (uintptr_t i = 1; i <= 10000; i++) {
        arm(&timers, (int64_t)i, i);
        if (i > 100) { /* a queue in a ring: its start goes round */
            void *payload = timers_expire(&timers, (int64_t)i - 100);
            CHECK_EQ((uintptr_t)payload, ++expired);
        }
    }
    CHECK_EQ(timers.heap.capacity, 0);
    CHECK_EQ(timers.run.capacity, 128);
}

TEST(timer, the_queue_grows_while_it_goes_round)
{
    TIMERS(timers);
    uintptr_t armed = 0, expired = 0;

    for (int round = 0; round < 4; round++) {
        for (; armed < expired + 40; armed++)
            arm(&timers, (int64_t)armed, armed + 1);
        while (expired + 7 < armed)
            CHECK_PTR(timers_expire(&timers, INT64_MAX - 1), number(++expired));
    }
    for (; armed < expired + 300; armed++) /* its start is in the middle now */
        arm(&timers, (int64_t)armed, armed + 1);
    while (expired < armed)
        CHECK_PTR(timers_expire(&timers, INT64_MAX - 1), number(++expired));
}

TEST(timer, never_is_a_deadline_that_does_not_come)
{
    TIMERS(timers);
    struct timer_slot *timer = arm(&timers, TIMER_NEVER, 1);

    CHECK_EQ(timers_earliest(&timers), TIMER_NEVER);
    CHECK_PTR(timers_expire(&timers, TIMER_NEVER - 1), NULL);
    arm(&timers, 5, 2);
    CHECK_EQ(timers_earliest(&timers), 5);
    expect_due(&timers, 5, "2");
    disarm(&timers, timer);
    CHECK_EQ(timers.live, 0);
}

/* ---- disarming ---------------------------------------------------------------------------- */

TEST(timer, a_disarmed_one_does_not_expire)
{
    for (int which = 0; which < 6; which++) {
        TIMERS(timers);
        struct timer_slot *timer[6];
        char expected[16] = "";
        size_t length = 0;
        /* 10 30 50 in the queue, 40 20 30 in the heap */
        const int64_t deadlines[] = {10, 30, 50, 40, 20, 30};
        const int order[] = {0, 4, 1, 5, 3, 2};
        for (int i = 0; i < 6; i++)
            timer[i] = arm(&timers, deadlines[i], (uintptr_t)i + 1);
        disarm(&timers, timer[which]);
        for (int i = 0; i < 6; i++)
            if (order[i] != which)
                length += (size_t)snprintf(expected + length, sizeof(expected) - length, "%s%d",
                                           length ? " " : "", order[i] + 1);
        expect_due(&timers, 100, expected);
        CHECK_EQ(timers.live, 0);
    }
}

TEST(timer, the_earliest_is_never_a_disarmed_one)
{
    TIMERS(timers);
    struct timer_slot *queued = arm(&timers, 20, 1);

    arm(&timers, 40, 2);
    struct timer_slot *heaped = arm(&timers, 10, 3), *second = arm(&timers, 15, 4);
    arm(&timers, 30, 5);
    CHECK_EQ(timers_earliest(&timers), 10);
    disarm(&timers, heaped);
    CHECK_EQ(timers_earliest(&timers), 15);
    disarm(&timers, queued);
    disarm(&timers, second);
    CHECK_EQ(timers_earliest(&timers), 30);
    expect_due(&timers, 50, "5 2");
}

/* The entry of a disarmed timer outlives it; its slot means another timer by then. */
TEST(timer, a_reused_slot_does_not_bring_the_old_deadline_back)
{
    TIMERS(timers);
    struct timer_slot *first = arm(&timers, 10, 1);

    arm(&timers, 20, 2);
    disarm(&timers, first);
    struct timer_slot *again = arm(&timers, 30, 3);
    CHECK_EQ(again, first);
    CHECK_EQ(timers_earliest(&timers), 20);
    expect_due(&timers, 29, "2");
    expect_due(&timers, 30, "3");
}

TEST(timer, one_that_is_disarmed_at_once_leaves_nothing)
{
    TIMERS(timers);
    arm(&timers, 1000, 1);
    size_t before = entries(&timers);

    for (int i = 0; i < 100; i++) {
        disarm(&timers, arm(&timers, 2000, 2)); /* at the end of the queue */
        disarm(&timers, arm(&timers, 500, 3));  /* in the heap */
    }
    CHECK_EQ(entries(&timers), before);
}

TEST(timer, slots_of_disarmed_and_expired_ones_are_used_again)
{
    TIMERS(timers);
    size_t blocks = 0;

    for (int i = 0; i < 1000; i++) {
        arm(&timers, i, 1);
        struct timer_slot *timer = arm(&timers, i + 5, 2);
        CHECK_PTR(timers_expire(&timers, i), number(1));
        disarm(&timers, timer);
        if (i == 0)
            blocks = coil_allocated_blocks();
    }
    CHECK_EQ(coil_allocated_blocks(), blocks);
    CHECK_EQ(timers.live, 0);
}

/* As by timeouts that do not come: armed for long, disarmed soon. */
TEST(timer, disarmed_ones_are_swept_before_they_outnumber_the_living)
{
    TIMERS(timers);
    struct timer_slot *waiting[8];

    for (int i = 0; i < 8; i++)
        waiting[i] = arm(&timers, 1000000 + i, 1);
    for (int i = 0; i < 10000; i++) {
        /* The oldest goes first, so that no entry is the last one of its array. */
        disarm(&timers, waiting[i % 8]);
        waiting[i % 8] = arm(&timers, i % 2 ? 1000100 + i : 5000 - i / 2, 1);
        CHECK(entries(&timers) <= 2 * timers.live + 64 + 1);
    }
    CHECK(timers.run.capacity <= 128 && timers.heap.capacity <= 128);
    for (int i = 0; i < 8; i++)
        disarm(&timers, waiting[i]);
    CHECK_EQ(timers_earliest(&timers), TIMER_NEVER);
}

TEST(timer, a_sweep_keeps_the_living_in_order)
{
    TIMERS(timers);
    struct timer_slot *gone[200];

    for (uintptr_t i = 0; i < 100; i++) {
        gone[i] = arm(&timers, 1000 + (int64_t)i, 99);
        if (i % 25 == 0)
            arm(&timers, 1000 + (int64_t)i, 1 + i / 25); /* queue: 1 2 3 4 */
    }
    for (uintptr_t i = 0; i < 100; i++) {
        gone[100 + i] = arm(&timers, 500 - (int64_t)i, 99);
        if (i % 25 == 0)
            arm(&timers, 500 - (int64_t)i, 5 + i / 25); /* heap: 5 6 7 8, latest first */
    }
    for (int i = 0; i < 200; i++)
        disarm(&timers, gone[i]);
    CHECK(entries(&timers) < 100); /* it was swept */
    expect_due(&timers, 2000, "8 7 6 5 1 2 3 4");
}

static void disarm_twice(void *argument)
{
    TIMERS(timers);
    (void)argument;
    struct timer_slot *timer = arm(&timers, 10, 1);
    timers_disarm(&timers, timer);
    timers_disarm(&timers, timer);
}

static void disarm_expired(void *argument)
{
    TIMERS(timers);
    (void)argument;
    struct timer_slot *timer = arm(&timers, 10, 1);
    timers_expire(&timers, 10);
    timers_disarm(&timers, timer);
}

TEST(timer, disarming_what_is_not_armed_is_a_bug)
{
    DIES(disarm_twice, NULL);
    DIES(disarm_expired, NULL);
}

/* ---- lent slots --------------------------------------------------------------------------- */

TEST(timer, a_lent_slot_is_armed_again_and_again)
{
    TIMERS(timers);
    struct timer_slot slot = {0};

    arm(&timers, 50, 9);
    for (uintptr_t i = 1; i <= 3; i++) {
        struct timer_slot *timer = arm_in(&timers, 30, i, &slot); /* goes stale in the heap */
        arm(&timers, 40, 8);
        disarm(&timers, timer);
        arm_in(&timers, 20, 10 + i, &slot);
        CHECK_EQ(timers_earliest(&timers), 20);
        CHECK_PTR(timers_expire(&timers, 20), number(10 + i));
    }
    expect_due(&timers, 60, "8 8 8 9");
}

TEST(timer, a_lent_slot_is_given_to_nobody_else)
{
    TIMERS(timers);
    struct timer_slot slot = {0};

    disarm(&timers, arm_in(&timers, 10, 1, &slot));
    CHECK(arm(&timers, 20, 2) != &slot);
    arm_in(&timers, 10, 3, &slot);
    CHECK_PTR(timers_expire(&timers, 10), number(3));
    CHECK(arm(&timers, 30, 4) != &slot);
    expect_due(&timers, 40, "2 4");
}

static void arm_twice(void *argument)
{
    TIMERS(timers);
    struct timer_slot slot = {0};
    (void)argument;
    (void)timers_arm_in(&timers, 10, number(1), &slot);
    (void)timers_arm_in(&timers, 20, number(2), &slot);
}

TEST(timer, a_lent_slot_holds_one_timer_at_a_time)
{
    DIES(arm_twice, NULL);
}

TEST(timer, without_memory_a_lent_slot_stays_free)
{
    TIMERS(timers);
    struct timer_slot slot = {0};

    if (check_walking())
        return; /* it sets faults of its own */
    faults_fail(1, NULL);
    FAILS(timers_arm_in(&timers, 10, number(1), &slot), -ENOMEM);
    faults_end();
    PASS(timers_arm_in(&timers, 10, number(1), &slot));
    CHECK_PTR(timers_expire(&timers, 10), number(1));
}

/* ---- memory ------------------------------------------------------------------------------- */

/* Arms with each allocation that it needs refused in turn: what was armed stays armed. */
static void arm_against_faults(struct timers *timers, int64_t deadline, uintptr_t payload,
                               int *failures)
{
    const int64_t earliest = timers_earliest(timers);
    const struct timers before = *timers;

    for (size_t k = 1;; k++) {
        struct timer_slot *timer = NULL;
        faults_fail(k, NULL);
        int rc = timers_arm(timers, deadline, number(payload), &timer);
        faults_end();
        if (rc == 0)
            return;
        ++*failures;
        CHECK_EQ(rc, -ENOMEM);
        CHECK_PTR(timer, NULL);
        CHECK_EQ(timers->live, before.live);
        CHECK_EQ(timers->run.count, before.run.count);
        CHECK_EQ(timers->heap.count, before.heap.count);
        CHECK_EQ(timers->next_sequence, before.next_sequence);
        CHECK_EQ(timers_earliest(timers), earliest);
    }
}

TEST(timer, without_memory_arming_changes_nothing)
{
    TIMERS(timers);
    int failures = 0;

    if (check_walking())
        return; /* it sets faults of its own */
    for (int64_t i = 0; i < 300; i++) {
        int64_t late = 1000 + i, early = 500 - i;
        arm_against_faults(&timers, late, (uintptr_t)late, &failures);
        arm_against_faults(&timers, early, (uintptr_t)early, &failures);
    }
    /* Queue and heap grew to 64, 128, 256 and 512 entries, and ten chunks have 600 slots only if
     * those of the failed ones were used again. */
    CHECK_EQ(failures, 4 + 4 + 10);
    CHECK_EQ(timers.live, 600);
    for (uintptr_t i = 201; i <= 500; i++)
        CHECK_PTR(timers_expire(&timers, 5000), number(i));
    for (uintptr_t i = 1000; i < 1300; i++)
        CHECK_PTR(timers_expire(&timers, 5000), number(i));
    CHECK_PTR(timers_expire(&timers, 5000), NULL);
}

/* ---- against a model ---------------------------------------------------------------------- */

enum { STEPS = 4000, MODEL_MAX = 1024 };

/* A sorted list, in which equal deadlines stand in order of arming. */
struct model {
    struct {
        int64_t deadline;
        uintptr_t payload;
        struct timer_slot *timer;
    } armed[MODEL_MAX];
    size_t count;
    int64_t now;
    uintptr_t next_payload;
};

static void model_arm(struct model *model, struct timers *timers, int64_t deadline)
{
    struct timer_slot *timer;
    uintptr_t payload = model->next_payload++;
    size_t place = model->count;

    if (model->count == MODEL_MAX ||
        !CHECK_EQ(timers_arm(timers, deadline, number(payload), &timer), 0))
        return;
    for (; place > 0 && model->armed[place - 1].deadline > deadline; place--)
        model->armed[place] = model->armed[place - 1];
    model->armed[place].deadline = deadline;
    model->armed[place].payload = payload;
    model->armed[place].timer = timer;
    model->count++;
}

static void model_remove(struct model *model, size_t place)
{
    model->count--;
    memmove(&model->armed[place], &model->armed[place + 1],
            (model->count - place) * sizeof(model->armed[0]));
}

static void model_expire(struct model *model, struct timers *timers)
{
    while (model->count && model->armed[0].deadline <= model->now) {
        CHECK_PTR(timers_expire(timers, model->now), number(model->armed[0].payload));
        model_remove(model, 0);
    }
    CHECK_PTR(timers_expire(timers, model->now), NULL);
}

static void model_step(struct model *model, struct timers *timers, struct random *random,
                       uint64_t eagerness)
{
    uint64_t what = random_below(random, 16);

    if (what < 3) /* a sleep of the usual time: growing deadlines */
        model_arm(model, timers, model->now + 1000);
    else if (what < 6)
        model_arm(model, timers, model->now + (int64_t)random_below(random, 2000));
    else if (what < 8) /* few different ones: many are equal */
        model_arm(model, timers, model->now + 10 * (int64_t)random_below(random, 10));
    else if (what < 8 + eagerness && model->count) {
        size_t place = random_below(random, model->count);
        struct timer_slot *timer = model->armed[place].timer;
        model_remove(model, place);
        timers_disarm(timers, timer);
    } else if (what == 15) {
        model->now += (int64_t)random_below(random, 100);
        model_expire(model, timers);
    }
}

TEST(timer, behaves_as_a_sorted_list)
{
    static struct model model;

    for (uint64_t seed = 1; seed <= 8; seed++) {
        TIMERS(timers);
        struct random random = {seed};
        model = (struct model){.next_payload = 1};
        for (int i = 0; i < STEPS; i++) {
            model_step(&model, &timers, &random, seed);
            int64_t earliest = model.count ? model.armed[0].deadline : TIMER_NEVER;
            CHECK_EQ(timers_earliest(&timers), earliest);
            CHECK_EQ(timers.live, model.count);
        }
        model.now = TIMER_NEVER;
        model_expire(&model, &timers);
        CHECK_EQ(timers.live, 0);
    }
}

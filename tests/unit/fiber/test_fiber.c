// SPDX-License-Identifier: MIT
#include "check.h"

#include "fiber/fiber.h"

#include <errno.h>
#include <pthread.h>

#define STACKS(name)                                                                               \
    __attribute__((cleanup(stacks_fini))) struct stacks name;                                      \
    stacks_init(&name, STACKS_KEPT_DEFAULT)

static struct stack_pool *pool_of(struct stacks *stacks)
{
    return &stacks->pools[1];
}

/* A fiber on a stack of its own. False: no memory. */
static bool make(struct fiber *fiber, struct stacks *stacks, fiber_fn entry)
{
    struct stack *stack = stack_take(pool_of(stacks));

    if (!CHECK(stack))
        return false;
    fiber_init(fiber, stack, stack_reserve(stack, 0), entry);
    return true;
}

/* What a test gives its fibers: `other` and `home` to switch to. */
struct scene {
    struct stacks *stacks;
    struct fiber *home;
    struct fiber a, b, c;
    int steps;
    void *seen;
};

#define SCENE(name)                                                                                \
    STACKS(stacks_of_##name);                                                                      \
    struct scene name = {.stacks = &stacks_of_##name, .home = fiber_current()}

static size_t in_use(const struct scene *scene)
{
    return pool_of(scene->stacks)->in_use;
}

/* ---- values ------------------------------------------------------------------------------- */

static void *echo(void *value)
{
    struct scene *scene = value;
    char *next = fiber_switch(scene->home, NULL);

    while (next) {
        scene->steps++;
        next = fiber_switch(scene->home, next + 1);
    }
    return scene;
}

TEST(fiber, a_switch_carries_a_value_both_ways)
{
    SCENE(s);
    char text[100];

    if (!make(&s.a, s.stacks, echo))
        return;
    CHECK_PTR(fiber_switch(&s.a, &s), NULL);
    for (int i = 0; i < 99; i++)
        CHECK_PTR(fiber_switch(&s.a, &text[i]), &text[i + 1]);
    CHECK_EQ(s.steps, 99);
    CHECK_PTR(fiber_switch(&s.a, NULL), &s);
}

static void *add_one(void *value)
{
    return (char *)value + 1;
}

TEST(fiber, the_parent_goes_on_with_the_result)
{
    SCENE(s);
    char text[2];

    if (!make(&s.a, s.stacks, add_one))
        return;
    CHECK_PTR(s.a.parent, s.home);
    CHECK_PTR(fiber_switch(&s.a, text), text + 1);
    CHECK_EQ(s.a.state, FIBER_DEAD);
    CHECK_PTR(fiber_current(), s.home);
    CHECK_EQ(s.home->state, FIBER_RUNNING);
}

static void *look_at_states(void *value)
{
    struct scene *scene = value;

    CHECK_PTR(fiber_current(), &scene->a);
    CHECK_EQ(scene->a.state, FIBER_RUNNING);
    CHECK_EQ(scene->home->state, FIBER_SUSPENDED);
    fiber_switch(scene->home, NULL);
    return NULL;
}

TEST(fiber, knows_in_which_state_it_is)
{
    SCENE(s);

    if (!make(&s.a, s.stacks, look_at_states))
        return;
    CHECK_EQ(s.a.state, FIBER_NEW);
    fiber_switch(&s.a, &s);
    CHECK_EQ(s.a.state, FIBER_SUSPENDED);
    fiber_switch(&s.a, &s);
    CHECK_EQ(s.a.state, FIBER_DEAD);
}

/* ---- parents ------------------------------------------------------------------------------ */

static void *end_with_itself(void *value)
{
    (void)value;
    return fiber_current();
}

/* Makes b and waits for its result, as a caller does. */
static void *call_b(void *value)
{
    struct scene *scene = value;

    if (!make(&scene->b, scene->stacks, end_with_itself))
        return NULL;
    CHECK_PTR(scene->b.parent, &scene->a);
    scene->seen = fiber_switch(&scene->b, NULL);
    return fiber_current();
}

TEST(fiber, the_parent_is_the_one_that_made_it)
{
    SCENE(s);

    if (!make(&s.a, s.stacks, call_b))
        return;
    CHECK_PTR(fiber_switch(&s.a, &s), &s.a);
    CHECK_PTR(s.seen, &s.b);
}

static void *wait_at_home(void *value)
{
    struct scene *scene = value;

    return fiber_switch(scene->home, value);
}

/* Leaves b, which waits, behind. */
static void *make_b_and_end(void *value)
{
    struct scene *scene = value;

    if (make(&scene->b, scene->stacks, wait_at_home))
        fiber_switch(&scene->b, scene);
    scene->steps++;
    return NULL;
}

TEST(fiber, a_dead_parent_passes_on_to_its_own)
{
    SCENE(s);

    if (!make(&s.a, s.stacks, make_b_and_end))
        return;
    if (fiber_switch(&s.a, &s) != &s)
        return; /* there was no memory for b, and a has ended */
    CHECK_EQ(s.b.state, FIBER_SUSPENDED);
    fiber_switch(&s.a, NULL);
    CHECK_EQ(s.a.state, FIBER_DEAD);
    CHECK_PTR(s.b.parent, &s.a);
    CHECK_PTR(fiber_switch(&s.b, &s.steps), &s.steps);
    CHECK_EQ(s.b.state, FIBER_DEAD);
    CHECK_EQ(in_use(&s), 0);
}

/* ---- throwing ----------------------------------------------------------------------------- */

static void *note_error(void *value)
{
    struct scene *scene = value;

    scene->seen = fiber_switch(scene->home, NULL);
    scene->steps++;
    return scene;
}

TEST(fiber, a_throw_ends_the_switch_it_finds_with_the_code)
{
    SCENE(s);

    if (!make(&s.a, s.stacks, note_error))
        return;
    fiber_switch(&s.a, &s);
    CHECK_PTR(fiber_throw(&s.a, -ECANCELED), &s); /* it may go on as it likes */
    CHECK_EQ(coil_err(s.seen), -ECANCELED);
    CHECK_EQ(s.steps, 1);
}

static void *never(void *value)
{
    (void)value;
    CHECK(false);
    return NULL;
}

TEST(fiber, a_throw_into_a_new_one_ends_it_unrun)
{
    SCENE(s);

    if (!make(&s.a, s.stacks, never))
        return;
    CHECK_EQ(coil_err(fiber_throw(&s.a, -ECANCELED)), -ECANCELED);
    CHECK_EQ(s.a.state, FIBER_DEAD);
    CHECK_EQ(in_use(&s), 0);
}

static void *make_b_and_wait(void *value)
{
    struct scene *scene = value;

    if (!make(&scene->b, scene->stacks, never))
        return NULL;
    scene->seen = fiber_switch(scene->home, scene);
    return scene->seen;
}

TEST(fiber, a_throw_into_a_new_one_goes_to_its_parent)
{
    SCENE(s);

    if (!make(&s.a, s.stacks, make_b_and_wait) || !fiber_switch(&s.a, &s))
        return;
    CHECK_EQ(coil_err(fiber_throw(&s.b, -EDOM)), -EDOM); /* a's result, which it got by the throw */
    CHECK_EQ(coil_err(s.seen), -EDOM);
    CHECK_EQ(s.a.state, FIBER_DEAD);
    CHECK_EQ(s.b.state, FIBER_DEAD);
    CHECK_EQ(in_use(&s), 0);
}

static void *make_new_b_and_end(void *value)
{
    struct scene *scene = value;

    make(&scene->b, scene->stacks, never);
    return NULL;
}

TEST(fiber, a_throw_into_a_new_one_passes_a_dead_parent)
{
    SCENE(s);

    if (!make(&s.a, s.stacks, make_new_b_and_end))
        return;
    fiber_switch(&s.a, &s);
    if (s.b.stack)
        CHECK_EQ(coil_err(fiber_throw(&s.b, -EDOM)), -EDOM);
    CHECK_EQ(in_use(&s), 0);
}

/* ---- leaving ------------------------------------------------------------------------------ */

static void *leave_to_b(void *value)
{
    struct scene *scene = value;

    scene->steps++;
    fiber_leave(&scene->b, scene);
}

static void *note_stacks(void *value)
{
    struct scene *scene = value;

    /* Whoever runs next has given the stack back already. */
    CHECK_EQ(in_use(scene), 1);
    CHECK_EQ(scene->a.state, FIBER_DEAD);
    return &scene->b;
}

TEST(fiber, may_leave_to_one_that_is_new)
{
    SCENE(s);

    if (!make(&s.b, s.stacks, note_stacks))
        return;
    if (!make(&s.a, s.stacks, leave_to_b)) {
        fiber_discard(&s.b);
        return;
    }
    CHECK_PTR(fiber_switch(&s.a, &s), &s.b);
    CHECK_EQ(s.steps, 1);
    CHECK_EQ(in_use(&s), 0);
}

static void *wait_and_note_stacks(void *value)
{
    struct scene *scene = value;

    CHECK_PTR(fiber_switch(scene->home, NULL), scene);
    return note_stacks(scene);
}

TEST(fiber, may_leave_to_one_that_waits)
{
    SCENE(s);

    if (!make(&s.b, s.stacks, wait_and_note_stacks))
        return;
    fiber_switch(&s.b, &s);
    if (!make(&s.a, s.stacks, leave_to_b)) {
        fiber_abandon(&s.b);
        return;
    }
    CHECK_PTR(fiber_switch(&s.a, &s), &s.b);
    CHECK_EQ(in_use(&s), 0);
}

/* Begins and ends itself, as the layers above do. */
static void bare(void *value)
{
    struct scene *scene = value;
    struct fiber *self = fiber_begun();

    CHECK_PTR(self, fiber_current());
    scene->seen = fiber_switch(scene->home, self);
    fiber_leave(scene->home, scene->seen);
}

TEST(fiber, a_prepared_body_does_what_begin_and_end_need)
{
    SCENE(s);
    struct stack *stack = stack_take(pool_of(s.stacks));

    if (!CHECK(stack))
        return;
    fiber_prepare(&s.a, stack, stack_reserve(stack, 0), bare);
    CHECK_PTR(fiber_switch(&s.a, &s), &s.a);
    CHECK_PTR(fiber_switch(&s.a, &s.steps), &s.steps);
    CHECK_PTR(s.seen, &s.steps);
    CHECK_EQ(in_use(&s), 0);
}

/* ---- stacks ------------------------------------------------------------------------------- */

TEST(fiber, thousands_one_after_the_other_use_one_stack)
{
    SCENE(s);
    struct stack *first = NULL;

    for (int i = 0; i < 5000; i++) {
        if (!make(&s.a, s.stacks, add_one))
            return;
        first = first ? first : s.a.stack;
        CHECK_PTR(s.a.stack, first);
        CHECK_EQ(in_use(&s), 1);
        fiber_switch(&s.a, &s);
        CHECK_EQ(in_use(&s), 0);
    }
}

TEST(fiber, thousands_at_once_have_each_their_own)
{
    enum { COUNT = 2000 };
    static struct fiber fibers[COUNT];
    SCENE(s);
    size_t made = 0;

    while (made < COUNT && make(&fibers[made], s.stacks, echo))
        fiber_switch(&fibers[made++], &s);
    CHECK_EQ(in_use(&s), made);
    for (size_t i = 0; i < made; i++)
        CHECK_PTR(fiber_switch(&fibers[i], &fibers[i]), (char *)&fibers[i] + 1);
    for (size_t i = made; i-- > 0;) {
        CHECK_PTR(fiber_switch(&fibers[i], NULL), &s);
        CHECK_EQ(in_use(&s), i);
    }
}

TEST(fiber, one_that_was_discarded_never_runs)
{
    SCENE(s);

    if (!make(&s.a, s.stacks, never))
        return;
    fiber_discard(&s.a);
    CHECK_EQ(s.a.state, FIBER_DEAD);
    CHECK_EQ(in_use(&s), 0);
}

TEST(fiber, the_stack_of_an_abandoned_one_serves_the_next)
{
    SCENE(s);

    for (int i = 0; i < 100; i++) {
        if (!make(&s.a, s.stacks, i % 2 ? echo : wait_at_home))
            return;
        fiber_switch(&s.a, &s);
        CHECK_EQ(s.a.state, FIBER_SUSPENDED);
        fiber_abandon(&s.a);
        CHECK_EQ(s.a.state, FIBER_DEAD);
        CHECK_EQ(in_use(&s), 0);
    }
}

/* As a task does it: nothing but its stack is needed, and both end together. */
TEST(fiber, may_lie_on_its_own_stack)
{
    SCENE(s);
    char text[2];

    for (int i = 0; i < 3; i++) {
        struct stack *stack = stack_take(pool_of(s.stacks));
        if (!CHECK(stack))
            return;
        struct fiber *fiber = stack_reserve(stack, sizeof(*fiber));
        fiber_init(fiber, stack, fiber, i == 2 ? never : add_one);
        if (i < 2)
            CHECK_PTR(fiber_switch(fiber, text), text + 1);
        else
            CHECK_EQ(coil_err(fiber_throw(fiber, -ECANCELED)), -ECANCELED);
        CHECK_EQ(in_use(&s), 0);
    }
}

/* ---- threads ------------------------------------------------------------------------------ */

static void *run_fibers(void *argument)
{
    pthread_barrier_t *both = argument;
    SCENE(s);
    char text[200];

    pthread_barrier_wait(both);
    if (!make(&s.a, s.stacks, echo))
        return NULL;
    fiber_switch(&s.a, &s);
    for (int i = 0; i < 199; i++)
        CHECK_PTR(fiber_switch(&s.a, &text[i]), &text[i + 1]);
    fiber_switch(&s.a, NULL);
    return s.home;
}

TEST(fiber, each_thread_has_fibers_of_its_own)
{
    pthread_barrier_t both;
    pthread_t thread;
    void *other = NULL;

    pthread_barrier_init(&both, NULL, 2);
    if (CHECK_EQ(pthread_create(&thread, NULL, run_fibers, &both), 0)) {
        void *own = run_fibers(&both);
        pthread_join(thread, &other);
        CHECK(own && other && own != other);
    }
    pthread_barrier_destroy(&both);
}

/* ---- bugs --------------------------------------------------------------------------------- */

static void discard_one_that_waits(void *argument)
{
    SCENE(s);
    (void)argument;
    make(&s.a, s.stacks, echo);
    fiber_switch(&s.a, &s);
    fiber_discard(&s.a);
}

static void switch_to_a_dead_one(void *argument)
{
    SCENE(s);
    (void)argument;
    make(&s.a, s.stacks, add_one);
    fiber_switch(&s.a, &s);
    fiber_switch(&s.a, &s);
}

static void switch_to_itself(void *argument)
{
    (void)argument;
    fiber_switch(fiber_current(), NULL);
}

static void abandon_a_dead_one(void *argument)
{
    SCENE(s);
    (void)argument;
    make(&s.a, s.stacks, add_one);
    fiber_switch(&s.a, &s);
    fiber_abandon(&s.a);
}

static void leave_the_threads_own(void *argument)
{
    SCENE(s);
    (void)argument;
    make(&s.a, s.stacks, echo);
    fiber_leave(&s.a, &s);
}

static void begin_above_the_top(void *argument)
{
    STACKS(stacks);
    struct fiber fiber;
    struct stack *stack = stack_take(pool_of(&stacks));

    (void)argument;
    fiber_init(&fiber, stack, stack + 1, echo);
    fiber_discard(&fiber); /* so that nothing else ends the program */
}

TEST(fiber, what_a_state_does_not_allow_is_a_bug)
{
    DIES(discard_one_that_waits, NULL);
    DIES(switch_to_a_dead_one, NULL);
    DIES(switch_to_itself, NULL);
    DIES(abandon_a_dead_one, NULL);
}

TEST(fiber, leaving_the_threads_own_stack_is_a_bug)
{
    DIES(leave_the_threads_own, NULL);
}

TEST(fiber, frames_that_begin_beyond_the_stack_are_a_bug)
{
    DIES(begin_above_the_top, NULL);
}

// SPDX-License-Identifier: MIT
#include "gens.h"

/* ---- values out ----------------------------------------------------------------------------- */

static void *fibo(void *arg)
{
    const int n = *(int *)arg;
    int a = 0, b = 1;

    while (b < n) {
        const int next = a + b;
        a = b;
        b = next;
        int rc = coil_yield(&a, NULL);
        if (rc < 0)
            return COIL_ERR(rc);
    }
    return NULL;
}

TEST(gen_next, gives_what_is_yielded_in_order_and_then_the_end)
{
    static const int expected[] = {1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89};
    int n = 100;
    void *out = NULL;
    GEN *gen = coil_gen_new(fibo, &n);

    for (size_t i = 0; i < array_length(expected); i++) {
        if (!CHECK_EQ(coil_gen_next(gen, &out), 0))
            return;
        CHECK_EQ(*(int *)out, expected[i]);
        CHECK_EQ(coil_gen_state(gen), COIL_GEN_SUSPENDED);
    }
    CHECK_EQ(coil_gen_next(gen, &out), COIL_STOP);
    CHECK_PTR(out, NULL);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
}

static void *one_and_result(void *arg)
{
    static char one[] = "1";
    int rc = coil_yield(one, NULL);
    return rc < 0 ? COIL_ERR(rc) : arg;
}

TEST(gen_next, gives_the_result_once)
{
    char result[] = "R";
    void *out = NULL;
    GEN *gen = coil_gen_new(one_and_result, result);

    if (!CHECK_EQ(coil_gen_next(gen, &out), 0))
        return;
    CHECK_STR(out, "1");
    CHECK_EQ(coil_gen_next(gen, &out), COIL_STOP);
    CHECK_PTR(out, result);
    for (int i = 0; i < 2; i++) {
        out = result;
        CHECK_EQ(coil_gen_next(gen, &out), COIL_STOP);
        CHECK_PTR(out, NULL);
        out = result;
        CHECK_EQ(coil_gen_send(gen, result, &out), COIL_STOP);
        CHECK_PTR(out, NULL);
    }
}

TEST(gen_next, ends_with_null_after_a_body_that_says_nothing)
{
    int value;
    void *out = &value;
    GEN *gen = coil_gen_new(ends_at_once, NULL);

    CHECK_EQ(coil_gen_next(gen, &out), COIL_STOP);
    CHECK_PTR(out, NULL);
    CHECK_EQ(coil_gen_next(gen, NULL), COIL_STOP);
}

static void *raises_later(void *arg)
{
    int rc = coil_yield(arg, NULL);
    return COIL_ERR(rc < 0 ? rc : -ENOENT);
}

TEST(gen_next, gives_the_code_that_a_body_ends_with_and_then_the_end)
{
    int value;
    void *out = &value;
    GEN *gen = coil_gen_new(raises_later, NULL);

    PASS(coil_gen_next(gen, NULL));
    CHECK_EQ(coil_gen_error(gen), 0);
    FAILS(coil_gen_next(gen, &out), -ENOENT);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
    FAILS(coil_gen_error(gen), -ENOENT);
    CHECK_EQ(coil_gen_next(gen, &out), COIL_STOP);
    CHECK_PTR(out, NULL);
}

static void *returns_a_stop(void *arg)
{
    (void)arg;
    return COIL_ERR(COIL_STOP);
}

/* CPython: RuntimeError, generator raised StopIteration. */
TEST(gen_next, takes_a_stop_that_leaves_a_body_for_an_error)
{
    GEN *gen = coil_gen_new(returns_a_stop, NULL);

    FAILS(coil_gen_next(gen, NULL), -EINVAL);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
}

TEST(gen_next, several_take_turns)
{
    struct story one = {.rc = 0}, two = {.rc = 0};
    GEN *a = coil_gen_new(counts, &one);
    GEN *b = coil_gen_new(counts, &two);
    void *first = NULL, *out = NULL;

    PASS(coil_gen_next(a, &first));
    for (int i = 2; i < 10; i++) {
        PASS(coil_gen_next(b, &out));
        CHECK_EQ(number(out, first), i - 1);
        PASS(coil_gen_next(a, &out));
        CHECK_EQ(number(out, first), i);
    }
}

static int yield_deep(int depth, void *value) /* NOLINT(misc-no-recursion) */
{
    return depth ? yield_deep(depth - 1, value) : coil_yield(value, NULL);
}

static void *yields_deep(void *arg)
{
    for (int depth = 0; depth < 50; depth++) {
        int rc = yield_deep(depth, arg);
        if (rc < 0)
            return COIL_ERR(rc);
    }
    return NULL;
}

TEST(gen_next, works_at_any_depth_of_calls)
{
    int value, visited = 0;
    GEN *gen = coil_gen_new(yields_deep, &value);

    COIL_GEN_FOREACH(out, gen)
    {
        CHECK_PTR(out, &value);
        visited++;
    }
    CHECK_EQ(visited, 50);
    CHECK_EQ(coil_gen_error(gen), 0);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
}

/* ---- for each ------------------------------------------------------------------------------- */

static int add(void *value, void *sum)
{
    *(int *)sum += *(int *)value;
    return *(int *)value == 21 ? 7 : 0;
}

TEST(gen_foreach, visits_what_is_yielded_until_it_is_told_to_stop)
{
    int n = 20, sum = 0;
    GEN *gen = coil_gen_new(fibo, &n);

    CHECK_EQ(coil_gen_foreach(gen, add, &sum), 0);
    CHECK_EQ(sum, 1 + 1 + 2 + 3 + 5 + 8 + 13);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
    n = 100;
    sum = 0;
    GEN *longer = coil_gen_new(fibo, &n);
    CHECK_EQ(coil_gen_foreach(longer, add, &sum), 7);
    CHECK_EQ(sum, 1 + 1 + 2 + 3 + 5 + 8 + 13 + 21);
    CHECK_EQ(coil_gen_state(longer), COIL_GEN_SUSPENDED);
}

static int nothing(void *value, void *unused)
{
    (void)value, (void)unused;
    return 0;
}

TEST(gen_foreach, gives_the_code_that_the_body_ends_with)
{
    GEN *gen = coil_gen_new(raises_later, NULL);

    FAILS(coil_gen_foreach(gen, nothing, NULL), -ENOENT);
    FAILS(coil_gen_foreach(gen, NULL, NULL), -EINVAL);
}

/* ---- values in ------------------------------------------------------------------------------ */

TEST(gen_send, a_new_one_takes_null_only)
{
    char x[] = "x", first[] = "first";
    void *out = NULL;
    GEN *gen = coil_gen_new(yields_once, first);

    FAILS(coil_gen_send(gen, x, &out), -EINVAL);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CREATED);
    PASS(coil_gen_send(gen, NULL, &out));
    CHECK_PTR(out, first);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_SUSPENDED);
}

TEST(gen_send, the_yield_gives_what_was_sent)
{
    struct story story = {.rc = 0};
    char a[] = "a", end[] = "end";
    void *first = NULL, *out = NULL;
    GEN *gen = coil_gen_new(counts, &story);

    PASS(coil_gen_next(gen, &first));
    PASS(coil_gen_send(gen, a, &out));
    CHECK_EQ(number(out, first), 2);
    PASS(coil_gen_next(gen, &out));
    CHECK_EQ(coil_gen_send(gen, end, &out), COIL_STOP);
    CHECK_PTR(out, &story);
    CHECK_STR(story.out.text, "a end");
}

/* ---- codes in ------------------------------------------------------------------------------- */

TEST(gen_throw, the_yield_fails_with_the_code_and_the_body_may_go_on)
{
    struct story story = {.rc = 0};
    void *first = NULL, *out = NULL;
    GEN *gen = coil_gen_new(counts, &story);

    PASS(coil_gen_next(gen, &first));
    PASS(coil_gen_throw(gen, -EDOM, &out));
    CHECK_EQ(number(out, first), 2);
    CHECK_STR(story.out.text, "domain");
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_SUSPENDED);
}

TEST(gen_throw, a_code_that_is_not_caught_comes_back)
{
    struct story story = {.rc = 0};
    int value;
    void *out = &value;
    GEN *gen = coil_gen_new(counts, &story);

    PASS(coil_gen_next(gen, NULL));
    FAILS(coil_gen_throw(gen, -ENOENT, &out), -ENOENT);
    CHECK_PTR(out, NULL);
    CHECK_STR(story.out.text, "code");
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
    CHECK_EQ(coil_gen_send(gen, &value, &out), COIL_STOP);
}

TEST(gen_throw, into_a_new_one_ends_it_unrun)
{
    struct story story = {.rc = 0};
    GEN *gen = coil_gen_new(counts, &story);

    FAILS(coil_gen_throw(gen, -EDOM, NULL), -EDOM);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
    FAILS(coil_gen_error(gen), -EDOM);
    CHECK_EQ(coil_gen_next(gen, NULL), COIL_STOP);
    CHECK_STR(story.out.text, "");
}

TEST(gen_throw, into_one_that_has_ended_gives_the_code)
{
    GEN *gen = coil_gen_new(ends_at_once, NULL);

    CHECK_EQ(coil_gen_next(gen, NULL), COIL_STOP);
    FAILS(coil_gen_throw(gen, -EDOM, NULL), -EDOM);
    FAILS(coil_gen_throw(gen, -COIL_EGENEXIT, NULL), -COIL_EGENEXIT);
    CHECK_EQ(coil_gen_error(gen), 0);
}

TEST(gen_throw, an_exit_that_is_thrown_is_a_code_like_others)
{
    struct story story = {.rc = 0};
    GEN *gen = coil_gen_new(counts, &story);

    PASS(coil_gen_next(gen, NULL));
    FAILS(coil_gen_throw(gen, -COIL_EGENEXIT, NULL), -COIL_EGENEXIT);
    CHECK_STR(story.out.text, "exit");
    GEN *stubborn = coil_gen_new(ignores, &story);
    void *out = NULL;
    PASS(coil_gen_next(stubborn, NULL));
    CHECK_EQ(coil_gen_throw(stubborn, -COIL_EGENEXIT, &out), 0);
    CHECK_PTR(out, &story);
    if (!err_is(stubborn) && !check_walking()) /* so that it can be freed without a warning */
        CHECK_EQ(stubborn->fiber.kind, FIBER_GEN);
    coil_set_warning_sink(record_warning, &story.out);
    FAILS(coil_gen_free(stubborn), -COIL_EIGNORED);
    coil_set_warning_sink(NULL, NULL);
    stubborn = NULL;
}

/* ---- inside --------------------------------------------------------------------------------- */

static void *meddles_with_itself(void *arg)
{
    struct story *story = arg;
    coil_gen *self = story->gen;
    char x[] = "x";
    void *out = x;

    CHECK_EQ(coil_gen_state(self), COIL_GEN_RUNNING);
    FAILS(coil_gen_next(self, &out), -EBUSY);
    CHECK_PTR(out, NULL);
    FAILS(coil_gen_send(self, x, NULL), -EBUSY);
    FAILS(coil_gen_throw(self, -EDOM, NULL), -EBUSY);
    FAILS(coil_gen_close(self, NULL), -EBUSY);
    FAILS(coil_gen_free(self), -EBUSY);
    FAILS(coil_yield_from(coil_iter_gen(self), NULL), -EBUSY);
    CHECK_EQ(coil_gen_state(self), COIL_GEN_RUNNING);
    return COIL_ERR(coil_yield(story, NULL));
}

TEST(gen_yield, one_that_runs_cannot_be_entered)
{
    struct story story = {.rc = 0};
    GEN *gen = story.gen = coil_gen_new(meddles_with_itself, &story);
    void *out = NULL;

    PASS(coil_gen_next(gen, &out));
    CHECK_PTR(out, &story);
    CHECK_EQ(coil_gen_next(gen, &out), COIL_STOP);
}

/* Resumes another one, which finds that we run. */
static void *resumes_the_other(void *arg)
{
    struct story *story = arg;
    int rc = coil_gen_next(story->other, NULL);
    return COIL_ERR(rc < 0 ? rc : coil_yield(NULL, NULL));
}

static void *resumes_the_first(void *arg)
{
    struct story *story = arg;

    CHECK_EQ(coil_gen_state(story->gen), COIL_GEN_RUNNING);
    FAILS(coil_gen_next(story->gen, NULL), -EBUSY);
    return COIL_ERR(coil_yield(NULL, NULL));
}

TEST(gen_yield, one_that_waits_for_another_runs)
{
    struct story story = {.rc = 0};
    GEN *gen = story.gen = coil_gen_new(resumes_the_other, &story);
    GEN *other = story.other = coil_gen_new(resumes_the_first, &story);

    PASS(coil_gen_next(gen, NULL));
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_SUSPENDED);
    CHECK_EQ(coil_gen_state(other), COIL_GEN_SUSPENDED);
}

static void *yields_an_error(void *arg)
{
    FAILS(coil_yield(COIL_ERR(-EDOM), NULL), -EINVAL);
    return COIL_ERR(coil_yield(arg, NULL));
}

TEST(gen_yield, an_error_encoded_value_is_refused)
{
    int value;
    void *out = NULL;
    GEN *gen = coil_gen_new(yields_an_error, &value);

    PASS(coil_gen_next(gen, &out));
    CHECK_PTR(out, &value);
}

static void *yields_in_a_task(void *arg)
{
    FAILS(coil_yield(arg, NULL), -COIL_ENOGEN);
    FAILS(coil_yield_from(coil_iter_gen(NULL), NULL), -COIL_ENOGEN);
    return NULL;
}

TEST(gen_yield, only_a_generator_may)
{
    WORLD(w);

    FAILS(coil_yield(NULL, NULL), -COIL_ENOGEN);
    FAILS(coil_yield_from(coil_iter_gen(NULL), NULL), -COIL_ENOGEN);
    PASS(world_run(&w, yields_in_a_task, NULL));
}

static void *runs_a_loop(void *arg)
{
    struct world *w = arg;

    PASS(world_run(w, yields_in_a_task, NULL)); /* the task is in the generator, but not of it */
    return COIL_ERR(coil_yield(NULL, NULL));
}

TEST(gen_yield, a_task_of_a_loop_that_a_generator_runs_may_not)
{
    WORLD(w);
    GEN *gen = coil_gen_new(runs_a_loop, &w);

    PASS(coil_gen_next(gen, NULL));
}

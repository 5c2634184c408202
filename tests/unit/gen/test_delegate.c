// SPDX-License-Identifier: MIT
#include "faults.h"
#include "gens.h"

/* Delegates to another one, and tells how that ended; then yields "after". */
static void *delegates(void *arg)
{
    static char after[] = "after";
    struct story *story = arg;
    void *result = NULL;

    story->rc = coil_yield_from(coil_iter_gen(story->other), &result);
    record(&story->out, "%s",
           story->rc == 0                ? (result ? "result" : "null")
           : story->rc == -COIL_EGENEXIT ? "outer-exit"
           : story->rc == -COIL_EIGNORED ? "outer-ignored"
           : story->rc == -EDOM          ? "outer-domain"
                                         : "outer-code");
    if (story->rc < 0 && story->rc != story->code)
        return COIL_ERR(story->rc);
    int rc = coil_yield(after, NULL);
    return rc < 0 ? COIL_ERR(rc) : story;
}

/* An inner one that counts and an outer one that delegates to it, with one story. */
#define PAIR(story, inner_fn)                                                                      \
    GEN *inner = (story).other = coil_gen_new(inner_fn, &(story));                                 \
    GEN *outer = (story).gen = coil_gen_new(delegates, &(story))

/* ---- what passes through -------------------------------------------------------------------- */

TEST(gen_delegate, the_inner_one_is_started_and_sent_to_and_its_result_is_the_value)
{
    struct story story = {.rc = -1};
    char a[] = "a", end[] = "end";
    void *first = NULL, *out = NULL;
    PAIR(story, counts);

    PASS(coil_gen_next(outer, &first));
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_SUSPENDED);
    CHECK_PTR(coil_gen_yieldfrom(outer), inner);
    PASS(coil_gen_send(outer, a, &out));
    CHECK_EQ(number(out, first), 2);
    PASS(coil_gen_send(outer, end, &out));
    CHECK_STR(out ? out : "", "after");
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_CLOSED);
    CHECK_PTR(coil_gen_yieldfrom(outer), NULL);
    CHECK_STR(story.out.text, "a end result");
    CHECK_EQ(coil_gen_next(outer, &out), COIL_STOP);
    CHECK_PTR(out, &story);
}

TEST(gen_delegate, a_code_goes_to_the_inner_one_first)
{
    struct story story = {.rc = -1};
    void *first = NULL, *out = NULL;
    PAIR(story, counts);

    PASS(coil_gen_next(outer, &first));
    PASS(coil_gen_throw(outer, -EDOM, &out));
    CHECK_EQ(number(out, first), 2);
    CHECK_STR(story.out.text, "domain");
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_SUSPENDED);
}

TEST(gen_delegate, a_code_that_the_inner_one_passes_on_can_be_caught_by_the_outer_one)
{
    struct story story = {.rc = -1, .code = -ENOENT};
    void *out = NULL;
    PAIR(story, counts);

    PASS(coil_gen_next(outer, NULL));
    PASS(coil_gen_throw(outer, -ENOENT, &out));
    CHECK_STR(out ? out : "", "after");
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_CLOSED);
    CHECK_EQ(coil_gen_state(outer), COIL_GEN_SUSPENDED);
    CHECK_STR(story.out.text, "code outer-code");
}

TEST(gen_delegate, a_code_that_nobody_catches_comes_back)
{
    struct story story = {.rc = -1};
    PAIR(story, counts);

    PASS(coil_gen_next(outer, NULL));
    FAILS(coil_gen_throw(outer, -ENOENT, NULL), -ENOENT);
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_CLOSED);
    CHECK_EQ(coil_gen_state(outer), COIL_GEN_CLOSED);
    CHECK_STR(story.out.text, "code outer-code");
}

/* ---- closing -------------------------------------------------------------------------------- */

TEST(gen_delegate, closing_closes_the_inner_one_first)
{
    struct story story = {.rc = -1};
    PAIR(story, counts);

    PASS(coil_gen_next(outer, NULL));
    PASS(coil_gen_close(outer, NULL));
    CHECK_STR(story.out.text, "exit outer-exit");
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_CLOSED);
    CHECK_EQ(coil_gen_state(outer), COIL_GEN_CLOSED);
}

/* Returns a result when it is closed. */
static void *returns_its_story(void *arg)
{
    int rc = coil_yield(NULL, NULL);
    return rc == 0 || rc == -COIL_EGENEXIT ? arg : COIL_ERR(rc);
}

TEST(gen_delegate, closing_drops_the_inner_one_s_result)
{
    struct story story = {.rc = -1};
    PAIR(story, returns_its_story);

    PASS(coil_gen_next(outer, NULL));
    PASS(coil_gen_close(outer, NULL));
    CHECK_STR(story.out.text, "outer-exit");
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_CLOSED);
}

/* Delegates, and returns a result however that ended. */
static void *swallows(void *arg)
{
    struct story *story = arg;

    story->rc = coil_yield_from(coil_iter_gen(story->other), NULL);
    return arg;
}

TEST(gen_delegate, a_level_that_swallows_the_exit_does_not_keep_it_from_the_next)
{
    struct story below = {.rc = -1}, story = {.rc = -1};
    GEN *bottom = below.other = coil_gen_new(returns_its_story, NULL);
    GEN *middle = story.other = coil_gen_new(swallows, &below);
    GEN *top = coil_gen_new(delegates, &story);

    PASS(coil_gen_next(top, NULL));
    PASS(coil_gen_close(top, NULL));
    FAILS(below.rc, -COIL_EGENEXIT);
    FAILS(story.rc, -COIL_EGENEXIT);
    CHECK_EQ(coil_gen_state(bottom), COIL_GEN_CLOSED);
    CHECK_EQ(coil_gen_state(middle), COIL_GEN_CLOSED);
}

static void *raises_on_exit(void *arg)
{
    (void)arg;
    return COIL_ERR(coil_yield(NULL, NULL) == -COIL_EGENEXIT ? -EDOM : 0);
}

TEST(gen_delegate, what_the_inner_one_raises_when_it_is_closed_is_the_outer_one_s)
{
    struct story story = {.rc = -1};
    PAIR(story, raises_on_exit);

    PASS(coil_gen_next(outer, NULL));
    FAILS(coil_gen_close(outer, NULL), -EDOM);
    CHECK_STR(story.out.text, "outer-domain");
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_CLOSED);
}

TEST(gen_delegate, what_the_inner_one_raises_when_it_is_closed_can_be_caught)
{
    struct story story = {.rc = -1, .code = -EDOM};
    PAIR(story, raises_on_exit);

    PASS(coil_gen_next(outer, NULL));
    FAILS(coil_gen_close(outer, NULL), -COIL_EIGNORED); /* it yields "after" */
    CHECK_EQ(coil_gen_state(outer), COIL_GEN_SUSPENDED);
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_CLOSED);
}

/* Yields once more when it is closed, and then ends. */
static void *reluctant(void *arg)
{
    int rc = coil_yield(NULL, NULL);
    return COIL_ERR(rc == -COIL_EGENEXIT ? coil_yield(arg, NULL) : rc);
}

TEST(gen_delegate, an_inner_one_that_ignores_the_close_is_left_behind)
{
    struct story story = {.rc = -1};
    PAIR(story, reluctant);

    PASS(coil_gen_next(outer, NULL));
    FAILS(coil_gen_close(outer, NULL), -COIL_EIGNORED);
    CHECK_STR(story.out.text, "outer-ignored");
    CHECK_EQ(coil_gen_state(outer), COIL_GEN_CLOSED);
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_SUSPENDED);
    CHECK_EQ(coil_gen_next(inner, NULL), COIL_STOP);
}

/* Goes on, with a yield, when what it delegates to ignored the close. */
static void *ignores_what_ignored(void *arg)
{
    struct story *story = arg;

    story->rc = coil_yield_from(coil_iter_gen(story->other), NULL);
    return COIL_ERR(story->rc == -COIL_EIGNORED ? coil_yield("again", NULL) : story->rc);
}

TEST(gen_delegate, every_level_may_ignore_the_close)
{
    struct story below = {.rc = -1}, story = {.rc = -1};
    void *out = NULL;
    GEN *bottom = below.other = coil_gen_new(reluctant, NULL);
    GEN *middle = story.other = coil_gen_new(ignores_what_ignored, &below);
    GEN *top = coil_gen_new(delegates, &story);

    PASS(coil_gen_next(top, NULL));
    FAILS(coil_gen_close(top, NULL), -COIL_EIGNORED);
    FAILS(below.rc, -COIL_EIGNORED);
    FAILS(story.rc, -COIL_EIGNORED); /* and not the yield */
    CHECK_EQ(coil_gen_state(top), COIL_GEN_CLOSED);
    CHECK_EQ(coil_gen_state(middle), COIL_GEN_SUSPENDED);
    CHECK_EQ(coil_gen_state(bottom), COIL_GEN_SUSPENDED);
    CHECK_EQ(coil_gen_next(middle, &out), COIL_STOP);
    CHECK_EQ(coil_gen_next(bottom, &out), COIL_STOP);
}

TEST(gen_delegate, an_exit_that_is_thrown_closes_the_inner_one)
{
    struct story story = {.rc = -1, .code = -COIL_EGENEXIT};
    void *out = NULL;
    PAIR(story, returns_its_story);

    PASS(coil_gen_next(outer, NULL));
    CHECK_EQ(coil_gen_throw(outer, -COIL_EGENEXIT, &out), 0); /* the outer one goes on */
    CHECK_STR(out ? out : "", "after");
    CHECK_STR(story.out.text, "outer-exit");
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_CLOSED);
    PASS(coil_gen_close(outer, NULL));
}

/* Delegates again while it is closed. */
static void *delegates_on_exit(void *arg)
{
    struct story *story = arg;
    int rc = coil_yield(NULL, NULL);

    if (rc == -COIL_EGENEXIT)
        rc = coil_yield_from(coil_iter_gen(story->other), NULL);
    return COIL_ERR(rc);
}

TEST(gen_delegate, one_that_is_closed_may_delegate_to_what_does_not_yield)
{
    struct story story = {.rc = -1};
    GEN *quiet = story.other = coil_gen_new(ends_at_once, NULL);
    GEN *gen = coil_gen_new(delegates_on_exit, &story);

    PASS(coil_gen_next(gen, NULL));
    PASS(coil_gen_close(gen, NULL));
    CHECK_EQ(coil_gen_state(quiet), COIL_GEN_CLOSED);
}

TEST(gen_delegate, one_that_is_closed_and_delegates_ignores_it_with_the_first_yield)
{
    struct story story = {.rc = -1};
    GEN *inner = story.other = coil_gen_new(counts, &story);
    GEN *gen = coil_gen_new(delegates_on_exit, &story);

    PASS(coil_gen_next(gen, NULL));
    FAILS(coil_gen_close(gen, NULL), -COIL_EIGNORED);
    CHECK_PTR(coil_gen_yieldfrom(gen), inner);
    PASS(coil_gen_close(gen, NULL));
    CHECK_STR(story.out.text, "exit");
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_CLOSED);
}

/* ---- which generators ----------------------------------------------------------------------- */

TEST(gen_delegate, one_that_has_begun_goes_on_where_it_stands)
{
    struct story story = {.rc = -1};
    void *first = NULL, *out = NULL;
    PAIR(story, counts);

    PASS(coil_gen_next(inner, &first));
    PASS(coil_gen_next(outer, &out));
    CHECK_EQ(number(out, first), 2);
}

TEST(gen_delegate, one_that_has_ended_gives_null)
{
    struct story story = {.rc = -1};
    void *out = NULL;
    PAIR(story, ends_at_once);

    CHECK_EQ(coil_gen_next(inner, NULL), COIL_STOP);
    PASS(coil_gen_next(outer, &out));
    CHECK_STR(out ? out : "", "after");
    CHECK_STR(story.out.text, "null");
}

TEST(gen_delegate, one_that_raises_at_once_raises_in_the_outer_one)
{
    struct story story = {.rc = -1, .code = -EDOM};
    void *out = NULL;
    GEN *inner = story.other = coil_gen_new(yields_once, NULL);
    GEN *outer = coil_gen_new(delegates, &story);

    FAILS(coil_gen_throw(inner, -EDOM, NULL), -EDOM);
    PASS(coil_gen_next(outer, &out));
    CHECK_STR(story.out.text, "null"); /* it has ended before: only its own caller hears */
}

static void *meets_the_outer_one(void *arg)
{
    struct story *story = arg;

    CHECK_EQ(coil_gen_state(story->gen), COIL_GEN_RUNNING);
    FAILS(coil_gen_next(story->gen, NULL), -EBUSY);
    FAILS(coil_gen_next(story->other, NULL), -EBUSY);
    FAILS(coil_yield_from(coil_iter_gen(story->gen), NULL), -EBUSY);
    FAILS(coil_gen_free(story->other), -EBUSY);
    return COIL_ERR(coil_yield(NULL, NULL));
}

TEST(gen_delegate, the_whole_chain_runs)
{
    struct story story = {.rc = -1};
    PAIR(story, meets_the_outer_one);

    PASS(coil_gen_next(outer, NULL));
    CHECK_EQ(coil_gen_state(outer), COIL_GEN_SUSPENDED);
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_SUSPENDED);
}

TEST(gen_delegate, without_a_stack_for_the_inner_one_it_fails)
{
    if (check_walking())
        return; /* it sets faults of its own */
    struct story story = {.rc = -1, .code = -ENOMEM};
    const coil_gen_options large = {.size = sizeof(large), .stack_size = 1 << 20};
    GEN *inner = story.other = coil_gen_new_with(counts, &story, &large);
    GEN *outer = coil_gen_new(delegates, &story);
    void *out = NULL;

    thread_stacks_trim();
    faults_fail(3, "os_reserve"); /* after the pool's page and the outer one's stacks */
    int rc = coil_gen_next(outer, &out);
    faults_end();
    if (!CHECK_EQ(rc, 0))
        return;
    CHECK_EQ(story.rc, -ENOMEM);
    CHECK_STR(out, "after");
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_CREATED);
}

/* ---- deep chains ---------------------------------------------------------------------------- */

enum { LEVELS = 1000 };

struct level {
    struct story *story;
    int left;
    coil_gen *inner;
};

/* Delegates to one more, down to the one that counts; its code or result is passed up. */
static void *descends(void *arg)
{
    struct level *level = arg;
    struct level below = {.story = level->story, .left = level->left - 1};
    void *result = NULL;

    coil_gen *inner =
        level->left == 1 ? coil_gen_new(counts, level->story) : coil_gen_new(descends, &below);
    level->inner = inner;
    int rc = coil_yield_from(coil_iter_gen(inner), &result);
    PASS(coil_gen_free(inner));
    level->story->rc++;
    return rc < 0 ? COIL_ERR(rc) : result;
}

static int levels(void)
{
    return check_walking() ? 3 : LEVELS;
}

TEST(gen_delegate, a_thousand_levels_pass_values_and_codes_and_the_result)
{
    struct story story = {.rc = 0};
    struct level top = {.story = &story, .left = levels()};
    char a[] = "a", end[] = "end";
    void *first = NULL, *out = NULL;
    GEN *gen = coil_gen_new(descends, &top);

    PASS(coil_gen_next(gen, &first));
    PASS(coil_gen_send(gen, a, &out));
    CHECK_EQ(number(out, first), 2);
    PASS(coil_gen_throw(gen, -EDOM, &out));
    CHECK_EQ(number(out, first), 3);
    CHECK_EQ(coil_gen_send(gen, end, &out), COIL_STOP);
    CHECK_PTR(out, &story);
    CHECK_STR(story.out.text, "a domain end");
    CHECK_EQ(story.rc, levels());
}

TEST(gen_delegate, a_thousand_levels_are_freed_half_way_innermost_first)
{
    struct story story = {.rc = 0};
    struct level top = {.story = &story, .left = levels()};
    coil_gen *gen = coil_gen_new(descends, &top);

    PASS(coil_gen_next(gen, NULL));
    PASS(coil_gen_free(gen));
    CHECK_STR(story.out.text, "exit");
    CHECK_EQ(story.rc, levels());
    thread_stacks_trim();
}

TEST(gen_delegate, a_thousand_levels_pass_on_a_code_that_nobody_catches)
{
    struct story story = {.rc = 0};
    struct level top = {.story = &story, .left = levels()};
    GEN *gen = coil_gen_new(descends, &top);

    PASS(coil_gen_next(gen, NULL));
    FAILS(coil_gen_throw(gen, -ENOENT, NULL), -ENOENT);
    CHECK_EQ(story.rc, levels());
}

/* ---- other iterators ------------------------------------------------------------------------ */

struct what {
    coil_iter iter;
    int rc;
};

static void *delegates_to_iter(void *arg)
{
    struct what *what = arg;
    void *result = NULL;

    what->rc = coil_yield_from(what->iter, &result);
    return what->rc < 0 ? COIL_ERR(what->rc) : result;
}

TEST(gen_delegate, an_array_takes_no_values)
{
    int items[2];
    void *const pointers[] = {&items[0], &items[1]};
    void *out = NULL;
    coil_array array;
    struct what what = {.iter = coil_iter_array(&array, pointers, 2)};
    GEN *gen = coil_gen_new(delegates_to_iter, &what);

    PASS(coil_gen_next(gen, &out));
    CHECK_PTR(out, &items[0]);
    PASS(coil_gen_send(gen, NULL, &out));
    CHECK_PTR(out, &items[1]);
    FAILS(coil_gen_send(gen, &items[0], NULL), -EOPNOTSUPP);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
}

TEST(gen_delegate, an_array_fails_with_what_is_thrown)
{
    int item;
    void *const pointers[] = {&item};
    coil_array array;
    struct what what = {.iter = coil_iter_array(&array, pointers, 1)};
    GEN *gen = coil_gen_new(delegates_to_iter, &what);

    PASS(coil_gen_next(gen, NULL));
    FAILS(coil_gen_throw(gen, -EDOM, NULL), -EDOM);
    FAILS(what.rc, -EDOM);
}

TEST(gen_delegate, an_array_is_closed_by_leaving_it)
{
    int item;
    void *const pointers[] = {&item};
    coil_array array;
    struct what what = {.iter = coil_iter_array(&array, pointers, 1)};
    GEN *gen = coil_gen_new(delegates_to_iter, &what);

    PASS(coil_gen_next(gen, NULL));
    PASS(coil_gen_close(gen, NULL));
    FAILS(what.rc, -COIL_EGENEXIT);
}

/* A table that writes down what it is asked. */
static int told_next(void *self, void **out)
{
    record(self, "next");
    *out = self;
    return 0;
}

static int told_send(void *self, void *value, void **out)
{
    record(self, "send-%s", (char *)value);
    *out = self;
    return strcmp(value, "end") == 0 ? COIL_STOP : 0;
}

static int told_throw(void *self, int code, void **out)
{
    record(self, "throw");
    *out = self;
    return code == -EDOM ? 0 : code;
}

static int told_close(void *self)
{
    record(self, "close");
    return 0;
}

static int fails_to_close(void *self)
{
    record(self, "close");
    return -EIO;
}

static const coil_iter_table told = {
    .size = sizeof(told),
    .next = told_next,
    .send = told_send,
    .throw_into = told_throw,
    .close = told_close,
};

TEST(gen_delegate, a_program_s_table_gets_everything)
{
    struct record out = {""};
    struct what what = {.iter = {&told, &out}};
    char a[] = "a", end[] = "end";
    void *value = NULL;
    GEN *gen = coil_gen_new(delegates_to_iter, &what);

    PASS(coil_gen_next(gen, &value));
    CHECK_PTR(value, &out);
    PASS(coil_gen_send(gen, a, NULL));
    PASS(coil_gen_throw(gen, -EDOM, NULL));
    CHECK_EQ(coil_gen_send(gen, end, &value), COIL_STOP);
    CHECK_PTR(value, &out);
    CHECK_STR(out.text, "next send-a throw send-end");
}

TEST(gen_delegate, a_program_s_table_is_closed)
{
    struct record out = {""};
    struct what what = {.iter = {&told, &out}};
    GEN *gen = coil_gen_new(delegates_to_iter, &what);

    PASS(coil_gen_next(gen, NULL));
    PASS(coil_gen_close(gen, NULL));
    CHECK_STR(out.text, "next close");
    FAILS(what.rc, -COIL_EGENEXIT);
}

TEST(gen_delegate, a_table_that_fails_to_close_fails_the_delegator)
{
    const coil_iter_table table = {
        .size = sizeof(table), .next = told_next, .close = fails_to_close};
    struct record out = {""};
    struct what what = {.iter = {&table, &out}};
    GEN *gen = coil_gen_new(delegates_to_iter, &what);

    PASS(coil_gen_next(gen, NULL));
    FAILS(coil_gen_close(gen, NULL), -EIO);
}

static int yields_badly(void *self, void **out)
{
    (void)self;
    *out = COIL_ERR(-EDOM);
    return 0;
}

TEST(gen_delegate, bad_iterators_are_refused)
{
    static const coil_iter_table bad = {.size = sizeof(bad), .next = yields_badly};
    struct what whats[] = {
        {.iter = {NULL, &whats}}, {.iter = {&bad, COIL_ERR(-EDOM)}}, {.iter = {&bad, &whats}}};
    static const int codes[] = {-EINVAL, -EDOM, -EINVAL};

    for (int i = 0; i < 3; i++) {
        GEN *gen = coil_gen_new(delegates_to_iter, &whats[i]);
        FAILS(coil_gen_next(gen, NULL), codes[i]);
    }
}

TEST(gen_delegate, an_inner_one_that_was_closed_has_no_error)
{
    struct story story = {.rc = -1};
    PAIR(story, counts);

    PASS(coil_gen_next(outer, NULL));
    PASS(coil_gen_close(outer, NULL));
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_CLOSED);
    CHECK_EQ(coil_gen_error(inner), 0);
    CHECK_EQ(coil_gen_error(outer), 0);
}

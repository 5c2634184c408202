// SPDX-License-Identifier: MIT
#include "faults.h"
#include "gens.h"

#include <pthread.h>

static int runs;

static void *notes_that_it_runs(void *arg)
{
    runs++;
    return yields_once(arg);
}

/* ---- making --------------------------------------------------------------------------------- */

TEST(gen, a_new_one_runs_nothing)
{
    runs = 0;
    GEN *gen = coil_gen_new(notes_that_it_runs, NULL);

    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CREATED);
    CHECK_EQ(runs, 0);
    if (!err_is(gen))
        CHECK_PTR(gen->fiber.stack, NULL);
    PASS(coil_gen_next(gen, NULL));
    CHECK_EQ(runs, 1);
}

TEST(gen, bad_arguments_are_refused)
{
    coil_gen *const error = COIL_ERR(-EDOM);
    char text[8];
    int arg = 0;
    void *out = &arg;

    FAILS(coil_err(coil_gen_new(NULL, NULL)), -EINVAL);
    FAILS(coil_err(coil_gen_primed(NULL, NULL)), -EINVAL);
    coil_gen_options options = {.size = sizeof(options) - 1};
    FAILS(coil_err(coil_gen_new_with(yields_once, NULL, &options)), -EINVAL);
    options = (coil_gen_options){.size = sizeof(options), .stack_size = (8 << 20) + 1};
    FAILS(coil_err(coil_gen_new_with(yields_once, NULL, &options)), -EINVAL);
    options = (coil_gen_options){.size = sizeof(options), .copy_arg = 1};
    FAILS(coil_err(coil_gen_new_with(yields_once, NULL, &options)), -EINVAL);

    FAILS(coil_gen_next(NULL, &out), -EINVAL);
    FAILS(coil_gen_send(NULL, NULL, &out), -EINVAL);
    FAILS(coil_gen_throw(NULL, -EDOM, &out), -EINVAL);
    FAILS(coil_gen_close(NULL, &out), -EINVAL);
    FAILS(coil_gen_foreach(NULL, NULL, NULL), -EINVAL);
    FAILS(coil_gen_state(NULL), -EINVAL);
    FAILS(coil_gen_error(NULL), -EINVAL);
    FAILS(coil_err(coil_gen_yieldfrom(NULL)), -EINVAL);
    FAILS(coil_gen_describe(NULL, text, sizeof(text)), -EINVAL);
    FAILS(coil_gen_next(error, &out), -EDOM);
    FAILS(coil_gen_send(error, NULL, &out), -EDOM);
    FAILS(coil_gen_throw(error, -ENOENT, &out), -EDOM);
    FAILS(coil_gen_close(error, &out), -EDOM);
    FAILS(coil_gen_state(error), -EDOM);
    FAILS(coil_gen_error(error), -EDOM);
    FAILS(coil_err(coil_gen_yieldfrom(error)), -EDOM);
    FAILS(coil_gen_describe(error, text, sizeof(text)), -EDOM);
    CHECK_PTR(out, &arg);
    CHECK_EQ(coil_gen_free(NULL), 0);
    CHECK_EQ(coil_gen_free(error), 0);

    GEN *gen = coil_gen_new(yields_once, NULL);
    if (err_is(gen))
        return;
    FAILS(coil_gen_throw(gen, 0, &out), -EINVAL);
    FAILS(coil_gen_throw(gen, 5, &out), -EINVAL);
    FAILS(coil_gen_throw(gen, -4096, &out), -EINVAL);
    FAILS(coil_gen_send(gen, COIL_ERR(-EDOM), &out), -EINVAL);
    FAILS(coil_gen_describe(gen, NULL, 8), -EINVAL);
    FAILS(coil_gen_describe(gen, text, 0), -EINVAL);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CREATED);
    PASS(coil_gen_next(gen, NULL));
    FAILS(coil_gen_send(gen, COIL_ERR(-EDOM), &out), -EINVAL);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_SUSPENDED);
}

static void *yields_what_it_points_to(void *arg)
{
    return COIL_ERR(coil_yield(*(void **)arg, NULL));
}

TEST(gen, options_are_copied)
{
    int value;
    void *arg = &value, *out = NULL;
    char name[] = "walker";
    coil_gen_options options = {
        .size = sizeof(options), .name = name, .copy_arg = sizeof(arg), .stack_size = 256 << 10};
    GEN *gen = coil_gen_new_with(yields_what_it_points_to, &arg, &options);
    char text[100] = "", expected[100];

    arg = NULL;
    name[0] = 't';
    PASS(coil_gen_next(gen, &out));
    CHECK_PTR(out, &value);
    snprintf(expected, sizeof(expected), "<generator object walker at %p>", (void *)gen);
    CHECK_EQ(coil_gen_describe(gen, text, sizeof(text)), strlen(expected));
    CHECK_STR(text, expected);
    CHECK_EQ(coil_gen_describe(gen, text, 5), strlen(expected));
    CHECK_STR(text, "<gen");
}

static void *uses_much_stack(void *arg)
{
    volatile char room[200 << 10];

    for (size_t i = 0; i < sizeof(room); i += 4096)
        room[i] = 1;
    return COIL_ERR(coil_yield(arg, NULL));
}

TEST(gen, has_the_stack_that_was_asked_for)
{
    coil_gen_options options = {.size = sizeof(options), .stack_size = 256 << 10};
    GEN *gen = coil_gen_new_with(uses_much_stack, NULL, &options);

    PASS(coil_gen_next(gen, NULL));
}

TEST(gen, is_described_without_a_name)
{
    GEN *gen = coil_gen_new(yields_once, NULL);
    char text[100] = "", expected[100];

    snprintf(expected, sizeof(expected), "<generator object at %p>", (void *)gen);
    coil_gen_describe(gen, text, sizeof(text));
    CHECK_STR(text, expected);
}

TEST(gen, a_primed_one_is_suspended_at_its_first_yield)
{
    struct story story = {.rc = 0};
    GEN *gen = coil_gen_primed(counts, &story);
    char hello[] = "hello";

    CHECK_EQ(coil_gen_state(gen), COIL_GEN_SUSPENDED);
    PASS(coil_gen_send(gen, hello, NULL));
    CHECK_STR(story.out.text, "hello");
}

static void *raises_domain(void *arg)
{
    (void)arg;
    return COIL_ERR(-EDOM);
}

TEST(gen, one_that_ends_before_it_yields_cannot_be_primed)
{
    FAILS(coil_err(coil_gen_primed(ends_at_once, NULL)), -ENODATA);
    FAILS(coil_err(coil_gen_primed(raises_domain, NULL)), -EDOM);
    thread_stacks_trim();
}

TEST(gen, without_a_stack_it_is_not_started)
{
    if (check_walking())
        return; /* it sets faults of its own */
    thread_stacks_trim();
    runs = 0;
    GEN *gen = coil_gen_new(notes_that_it_runs, NULL);

    faults_fail(1, "os_reserve");
    FAILS(coil_gen_next(gen, NULL), -ENOMEM);
    faults_fail(1, "os_reserve");
    FAILS(coil_err(coil_gen_primed(notes_that_it_runs, NULL)), -ENOMEM);
    faults_end();
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CREATED);
    CHECK_EQ(runs, 0);
    PASS(coil_gen_next(gen, NULL));
}

/* ---- closing -------------------------------------------------------------------------------- */

TEST(gen, closing_one_that_is_new_runs_nothing)
{
    int value;
    void *out = &value;

    runs = 0;
    GEN *gen = coil_gen_new(notes_that_it_runs, NULL);
    PASS(coil_gen_close(gen, &out));
    CHECK_PTR(out, NULL);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
    CHECK_EQ(coil_gen_next(gen, NULL), COIL_STOP);
    CHECK_EQ(runs, 0);
}

TEST(gen, closing_one_that_has_ended_does_nothing)
{
    int value;
    void *out = &value;
    GEN *gen = coil_gen_new(ends_at_once, NULL);

    CHECK_EQ(coil_gen_next(gen, NULL), COIL_STOP);
    PASS(coil_gen_close(gen, &out));
    CHECK_PTR(out, NULL);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
}

TEST(gen, closing_makes_the_yield_fail_and_the_body_clean_up)
{
    struct story story = {.rc = 0};
    GEN *gen = coil_gen_new(counts, &story);

    PASS(coil_gen_next(gen, NULL));
    PASS(coil_gen_close(gen, NULL));
    CHECK_STR(story.out.text, "exit");
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
    CHECK_EQ(coil_gen_error(gen), 0);
}

static void *returns_when_closed(void *arg)
{
    while (coil_yield(NULL, NULL) != -COIL_EGENEXIT) {
    }
    return arg;
}

TEST(gen, closing_gives_what_the_body_returns)
{
    int value;
    void *out = NULL;
    GEN *gen = coil_gen_new(returns_when_closed, &value);

    PASS(coil_gen_next(gen, NULL));
    PASS(coil_gen_close(gen, &out));
    CHECK_PTR(out, &value);
}

static void *raises_when_closed(void *arg)
{
    while (coil_yield(arg, NULL) != -COIL_EGENEXIT) {
    }
    return COIL_ERR(-ENOENT);
}

TEST(gen, closing_passes_on_another_code)
{
    GEN *gen = coil_gen_new(raises_when_closed, NULL);

    PASS(coil_gen_next(gen, NULL));
    FAILS(coil_gen_close(gen, NULL), -ENOENT);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
    FAILS(coil_gen_error(gen), -ENOENT);
}

/* Goes on once when it is closed. */
static void *ignores_once(void *arg)
{
    int rc = coil_yield(NULL, NULL);

    if (rc == -COIL_EGENEXIT)
        rc = coil_yield(arg, NULL);
    return rc < 0 ? COIL_ERR(rc) : arg;
}

TEST(gen, one_that_yields_when_it_is_closed_is_told_on_and_goes_on)
{
    int value;
    void *out = NULL;
    GEN *gen = coil_gen_new(ignores_once, &value);

    PASS(coil_gen_next(gen, NULL));
    FAILS(coil_gen_close(gen, NULL), -COIL_EIGNORED);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_SUSPENDED);
    CHECK_EQ(coil_gen_next(gen, &out), COIL_STOP);
    CHECK_PTR(out, &value);
}

TEST(gen, one_that_yields_when_it_is_closed_can_be_closed_again)
{
    GEN *gen = coil_gen_new(ignores_once, NULL);

    PASS(coil_gen_next(gen, NULL));
    FAILS(coil_gen_close(gen, NULL), -COIL_EIGNORED);
    PASS(coil_gen_close(gen, NULL));
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
}

/* ---- freeing -------------------------------------------------------------------------------- */

TEST(gen, freeing_closes)
{
    struct story story = {.rc = 0};
    coil_gen *gen = coil_gen_new(counts, &story);

    PASS(coil_gen_next(gen, NULL));
    PASS(coil_gen_free(gen));
    CHECK_STR(story.out.text, "exit");
    CHECK(thread_stacks_trim());
}

TEST(gen, freeing_one_that_goes_on_yielding_takes_its_stack_and_says_so)
{
    struct record out = {""};
    const coil_gen_options options = {.size = sizeof(options), .name = "stubborn"};
    coil_gen *gen = coil_gen_new_with(ignores, NULL, &options);

    coil_set_warning_sink(record_warning, &out);
    PASS(coil_gen_next(gen, NULL));
    FAILS(coil_gen_free(gen), -COIL_EIGNORED);
    CHECK_STR(out.text,
              "generator stubborn, freed: the generator went on yielding when it was closed");
    coil_set_warning_sink(NULL, NULL);
    CHECK(thread_stacks_trim());
}

TEST(gen, freeing_one_that_fails_meanwhile_says_so)
{
    struct record out = {""};
    coil_gen *gen = coil_gen_new(raises_when_closed, NULL);

    coil_set_warning_sink(record_warning, &out);
    PASS(coil_gen_next(gen, NULL));
    FAILS(coil_gen_free(gen), -ENOENT);
    CHECK_STR(out.text, "generator without a name, freed: No such file or directory");
    coil_set_warning_sink(NULL, NULL);
    thread_stacks_trim();
}

static void *frees_itself(void *arg)
{
    struct story *story = arg;

    story->rc = coil_gen_free(story->gen);
    return COIL_ERR(coil_yield(NULL, NULL));
}

TEST(gen, one_that_runs_is_not_freed)
{
    struct story story = {.rc = 0};
    GEN *gen = story.gen = coil_gen_new(frees_itself, &story);

    PASS(coil_gen_next(gen, NULL));
    FAILS(story.rc, -EBUSY);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_SUSPENDED);
}

/* Each holds the next one, without delegating to it. */
static void *holds_another(void *arg)
{
    int *depth = arg;

    if (--*depth == 0)
        return COIL_ERR(coil_yield(NULL, NULL));
    coil_gen *inner = coil_gen_new(holds_another, depth);
    int rc = coil_gen_next(inner, NULL);
    if (rc == 0)
        rc = coil_yield(NULL, NULL);
    if (rc == -COIL_EGENEXIT)
        ++*depth;
    PASS(coil_gen_free(inner));
    return COIL_ERR(rc);
}

TEST(gen, a_thousand_that_hold_each_other_are_freed_half_way)
{
    int depth = check_walking() ? 3 : 1000;
    const int levels = depth;
    coil_gen *gen = coil_gen_new(holds_another, &depth);

    if (coil_gen_next(gen, NULL) == 0)
        CHECK_EQ(depth, 0);
    PASS(coil_gen_free(gen));
    CHECK_EQ(depth, levels - 1);
    thread_stacks_trim();
}

/* ---- threads -------------------------------------------------------------------------------- */

static void *resume(void *gen)
{
    coil_gen_next(gen, NULL);
    return NULL;
}

static void resume_on_another_thread(void *gen)
{
    pthread_t thread;

    coil_gen_next(gen, NULL);
    if (pthread_create(&thread, NULL, resume, gen) == 0)
        pthread_join(thread, NULL);
}

TEST(gen, belongs_to_the_thread_that_first_resumes_it)
{
    GEN *gen = coil_gen_new(ignores_once, NULL);

    CHECK(DIES(resume_on_another_thread, gen));
}

static void *make_one(void *arg)
{
    (void)arg;
    return coil_gen_new(yields_once, NULL);
}

TEST(gen, may_be_made_on_another_thread)
{
    pthread_t thread;
    void *made = NULL;

    if (os_thread_start(&thread, "maker", make_one, NULL) < 0)
        return;
    pthread_join(thread, &made);
    GEN *gen = made;
    PASS(coil_gen_next(gen, NULL));
}

TEST(gen, one_that_yields_when_it_is_closed_has_no_result)
{
    int value;
    void *result = &value;
    GEN *gen = coil_gen_new(ignores_once, &value);

    PASS(coil_gen_next(gen, NULL));
    FAILS(coil_gen_close(gen, &result), -COIL_EIGNORED);
    CHECK_PTR(result, NULL);
}

static void *asks_again_when_closed(void *arg)
{
    void **heard = arg;
    int rc = coil_yield(NULL, NULL);

    if (rc == -COIL_EGENEXIT)
        rc = coil_yield(NULL, heard);
    return COIL_ERR(rc);
}

TEST(gen, one_that_ignored_a_close_is_sent_values_as_before)
{
    void *heard = NULL;
    GEN *gen = coil_gen_new(asks_again_when_closed, &heard);

    PASS(coil_gen_next(gen, NULL));
    FAILS(coil_gen_close(gen, NULL), -COIL_EIGNORED);
    CHECK_EQ(coil_gen_send(gen, &heard, NULL), COIL_STOP);
    CHECK_PTR(heard, &heard);
}

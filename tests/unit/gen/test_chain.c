// SPDX-License-Identifier: MIT
/* Chains that are cut, by those who come in from the side and by tasks that are abandoned. */
#include "gens.h"

/* Delegates to `other`; its end is the own one. */
static void *passes_on(void *arg)
{
    struct story *story = arg;
    void *result = NULL;

    story->rc = coil_yield_from(coil_iter_gen(story->other), &result);
    return story->rc < 0 ? COIL_ERR(story->rc) : result;
}

/* Three in a chain: top delegates to middle and middle to bottom, which counts. */
#define THREE                                                                                      \
    struct story below = {.rc = 0}, middling = {.rc = 1}, topmost = {.rc = 1};                     \
    void *first = NULL, *out = NULL;                                                               \
    char a[] = "a", end[] = "end";                                                                 \
    GEN *bottom = middling.other = coil_gen_new(counts, &below);                                   \
    GEN *middle = topmost.other = coil_gen_new(passes_on, &middling);                              \
    GEN *top = coil_gen_new(passes_on, &topmost);                                                  \
    if (!CHECK_EQ(coil_gen_next(top, &first), 0))                                                  \
        return;                                                                                    \
    (void)out, (void)a, (void)end, (void)bottom, (void)middle

TEST(gen_chain, tells_who_delegates_to_whom)
{
    THREE;
    CHECK_PTR(coil_gen_yieldfrom(top), middle);
    CHECK_PTR(coil_gen_yieldfrom(middle), bottom);
    CHECK_PTR(coil_gen_yieldfrom(bottom), NULL);
    CHECK_PTR(top->leaf, bottom);
}

TEST(gen_chain, an_inner_one_can_be_resumed_by_others)
{
    THREE;
    PASS(coil_gen_send(middle, a, &out));
    CHECK_EQ(number(out, first), 2);
    CHECK_PTR(coil_gen_yieldfrom(top), middle);
    PASS(coil_gen_next(top, &out));
    CHECK_EQ(number(out, first), 3);
    PASS(coil_gen_next(bottom, &out));
    CHECK_EQ(number(out, first), 4);
    PASS(coil_gen_send(top, a, &out));
    CHECK_EQ(number(out, first), 5);
    CHECK_EQ(coil_gen_send(top, end, &out), COIL_STOP);
    CHECK_PTR(out, &below);
    CHECK_STR(below.out.text, "a a end");
    CHECK_EQ(coil_gen_state(middle), COIL_GEN_CLOSED);
}

TEST(gen_chain, a_result_goes_to_who_resumed_and_the_delegator_gets_null)
{
    THREE;
    CHECK_EQ(coil_gen_send(bottom, end, &out), COIL_STOP);
    CHECK_PTR(out, &below);
    CHECK_EQ(coil_gen_state(middle), COIL_GEN_SUSPENDED);
    CHECK_EQ(coil_gen_next(top, &out), COIL_STOP);
    CHECK_PTR(out, NULL);
    CHECK_EQ(middling.rc, 0);
}

TEST(gen_chain, a_code_thrown_after_a_cut_still_goes_to_the_innermost)
{
    THREE;
    PASS(coil_gen_next(middle, NULL));
    PASS(coil_gen_throw(top, -EDOM, &out));
    CHECK_EQ(number(out, first), 3);
    CHECK_STR(below.out.text, "domain");
    FAILS(coil_gen_throw(top, -ENOENT, NULL), -ENOENT);
    FAILS(middling.rc, -ENOENT);
    FAILS(topmost.rc, -ENOENT);
}

TEST(gen_chain, closing_after_a_cut_still_closes_the_innermost_first)
{
    THREE;
    PASS(coil_gen_next(middle, NULL));
    PASS(coil_gen_close(top, NULL));
    CHECK_STR(below.out.text, "exit");
    FAILS(middling.rc, -COIL_EGENEXIT);
    FAILS(topmost.rc, -COIL_EGENEXIT);
}

TEST(gen_chain, one_in_the_middle_can_be_closed)
{
    THREE;
    PASS(coil_gen_close(middle, NULL));
    CHECK_STR(below.out.text, "exit");
    FAILS(middling.rc, -COIL_EGENEXIT);
    CHECK_EQ(coil_gen_state(top), COIL_GEN_SUSPENDED);
    CHECK_EQ(coil_gen_next(top, &out), COIL_STOP);
    CHECK_EQ(topmost.rc, 0);
}

TEST(gen_chain, one_in_the_middle_can_be_freed)
{
    THREE;
    PASS(coil_gen_free(middle));
    middle = NULL;
    CHECK_STR(below.out.text, "exit");
    CHECK_EQ(coil_gen_next(top, &out), COIL_STOP);
    CHECK_PTR(out, NULL);
}

TEST(gen_chain, the_innermost_can_be_freed)
{
    THREE;
    PASS(coil_gen_free(bottom));
    bottom = NULL;
    FAILS(coil_gen_throw(top, -EDOM, NULL), -EDOM); /* thrown into one that has ended */
    FAILS(middling.rc, -EDOM);
}

TEST(gen_chain, the_outermost_is_freed_first_or_last)
{
    THREE;
    PASS(coil_gen_next(middle, NULL));
    PASS(coil_gen_free(middle));
    middle = NULL;
    PASS(coil_gen_free(top)); /* what it delegates to lives on as long as it needs it */
    top = NULL;
}

/* ---- two that delegate to one --------------------------------------------------------------- */

TEST(gen_chain, two_may_delegate_to_the_same)
{
    struct story below = {.rc = 0}, left = {.rc = 1}, right = {.rc = 1};
    void *first = NULL, *out = NULL;
    char end[] = "end";
    GEN *inner = left.other = right.other = coil_gen_new(counts, &below);
    GEN *a = coil_gen_new(passes_on, &left);
    GEN *b = coil_gen_new(passes_on, &right);

    PASS(coil_gen_next(a, &first));
    for (int i = 2; i < 8; i += 2) {
        PASS(coil_gen_next(b, &out));
        CHECK_EQ(number(out, first), i);
        PASS(coil_gen_next(a, &out));
        CHECK_EQ(number(out, first), i + 1);
    }
    CHECK_EQ(coil_gen_send(b, end, &out), COIL_STOP);
    CHECK_PTR(out, &below);
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_CLOSED);
    CHECK_EQ(coil_gen_next(a, &out), COIL_STOP);
    CHECK_PTR(out, NULL);
}

/* ---- chains that meet ----------------------------------------------------------------------- */

TEST(gen_chain, one_that_delegates_already_is_joined_whole)
{
    struct story below = {.rc = 0}, middling = {.rc = 1}, topmost = {.rc = 1};
    void *first = NULL, *out = NULL;
    char end[] = "end";
    GEN *bottom = middling.other = coil_gen_new(counts, &below);
    GEN *middle = topmost.other = coil_gen_new(passes_on, &middling);
    GEN *top = coil_gen_new(passes_on, &topmost);

    PASS(coil_gen_next(middle, &first));
    PASS(coil_gen_next(top, &out));
    CHECK_EQ(number(out, first), 2);
    if (!err_is(top))
        CHECK_PTR(top->leaf, bottom);
    CHECK_EQ(coil_gen_send(top, end, &out), COIL_STOP);
    CHECK_PTR(out, &below);
}

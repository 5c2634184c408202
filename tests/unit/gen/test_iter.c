// SPDX-License-Identifier: MIT
#include "gens.h"

#include "gen/iter.h"

static char letters[] = "abcdefgh";

/* What an iterator has, as text. */
static int gather_text(coil_iter iter, char *text)
{
    void *value;
    int rc;

    while ((rc = coil_iter_next(iter, &value)) == 0)
        *text++ = *(char *)value;
    *text = '\0';
    return rc;
}

TEST(gen_iter, an_array_s_items_come_in_order)
{
    void *const items[] = {&letters[0], &letters[2], &letters[1]};
    coil_array array;
    char text[10];
    void *out = text;

    coil_iter iter = coil_iter_array(&array, items, 3);
    CHECK_EQ(gather_text(iter, text), COIL_STOP);
    CHECK_STR(text, "acb");
    CHECK_EQ(coil_iter_next(iter, &out), COIL_STOP);
    CHECK_PTR(out, NULL);
    CHECK_EQ(gather_text(coil_iter_array(&array, NULL, 0), text), COIL_STOP);
    CHECK_STR(text, "");
}

TEST(gen_iter, bad_ones_give_their_code)
{
    const coil_iter_table no_next = {.size = sizeof(no_next)}, wrong_size = {.size = 1};
    void *const items[] = {letters};
    coil_array array;
    coil_chain chain;
    void *out = letters;

    FAILS(coil_iter_next(coil_iter_array(NULL, items, 1), &out), -EINVAL);
    CHECK_PTR(out, NULL);
    FAILS(coil_iter_next(coil_iter_array(&array, NULL, 1), NULL), -EINVAL);
    FAILS(coil_iter_next(coil_iter_chain(NULL, NULL, 0), NULL), -EINVAL);
    FAILS(coil_iter_next(coil_iter_chain(&chain, NULL, 1), NULL), -EINVAL);
    FAILS(coil_iter_next(coil_iter_gen(NULL), NULL), -EINVAL);
    FAILS(coil_iter_next(coil_iter_gen(COIL_ERR(-EDOM)), NULL), -EDOM);
    FAILS(coil_iter_next((coil_iter){.self = letters}, NULL), -EINVAL);
    FAILS(coil_iter_next((coil_iter){.table = &no_next, .self = letters}, NULL), -EINVAL);
    FAILS(coil_iter_next((coil_iter){.table = &wrong_size, .self = letters}, NULL), -EINVAL);
}

static void *yields_two(void *arg)
{
    char *text = arg;
    int rc = coil_yield(text, NULL);

    if (rc == 0)
        rc = coil_yield(text + 1, NULL);
    return rc < 0 ? COIL_ERR(rc) : arg;
}

static void *yields_one_and_fails(void *arg)
{
    int rc = coil_yield(arg, NULL);
    return COIL_ERR(rc < 0 ? rc : -EDOM);
}

TEST(gen_iter, a_generator_is_one)
{
    GEN *gen = coil_gen_new(yields_two, letters);
    char text[10];

    CHECK(iter_is_gen(coil_iter_gen(gen)));
    CHECK_EQ(gather_text(coil_iter_gen(gen), text), COIL_STOP);
    CHECK_STR(text, "ab");
}

TEST(gen_iter, a_chain_has_what_each_has_one_after_the_other)
{
    GEN *gen = coil_gen_new(yields_two, letters);
    void *const items[] = {&letters[4], &letters[5]};
    coil_array first, empty, last;
    const coil_iter iters[] = {coil_iter_array(&first, items, 2), coil_iter_array(&empty, NULL, 0),
                               coil_iter_gen(gen), coil_iter_array(&last, items, 1)};
    coil_chain chain;
    char text[10];
    void *out = text;

    coil_iter iter = coil_iter_chain(&chain, iters, 4);
    CHECK_EQ(gather_text(iter, text), COIL_STOP);
    CHECK_STR(text, "efabe");
    CHECK_EQ(coil_iter_next(iter, &out), COIL_STOP);
    CHECK_PTR(out, NULL);
}

TEST(gen_iter, an_error_of_one_is_the_chain_s)
{
    GEN *gen = coil_gen_new(yields_one_and_fails, letters);
    void *const items[] = {&letters[4]};
    coil_array last;
    const coil_iter iters[] = {coil_iter_gen(gen), coil_iter_array(&last, items, 1)};
    coil_chain chain;
    char text[10];

    coil_iter iter = coil_iter_chain(&chain, iters, 2);
    FAILS(gather_text(iter, text), -EDOM);
    CHECK_STR(text, "a");
    CHECK_EQ(gather_text(iter, text), COIL_STOP); /* the generator has ended: the next one's turn */
    CHECK_STR(text, "e");
}

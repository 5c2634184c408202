// SPDX-License-Identifier: MIT
#include "pair.h"

static coil_stream *limited(struct world *w, size_t limit)
{
    const coil_stream_options options = {.size = sizeof(options), .limit = limit};
    return stream_of(w, &options);
}

/* ---- lines ---------------------------------------------------------------------------------- */

static void *reads_lines(void *argument)
{
    char byte;

    FAILS(coil_stream_readline(argument, NULL, 1), -EINVAL);
    CHECK_LINE(argument, "one\n");
    FAILS(coil_stream_readline(argument, &byte, 1), -ENOBUFS); /* and it is still there */
    CHECK_LINE(argument, "two\n");
    CHECK_LINE(argument, "\n");
    CHECK_LINE(argument, "rest");
    CHECK_LINE(argument, "");
    CHECK(coil_stream_at_eof(argument));
    return NULL;
}

TEST(until, lines_come_whole_however_they_arrive)
{
    WORLD(w);
    STREAM *stream = limited(&w, 0);
    says(&w, "on", COIL_MS(1), true);
    says(&w, "e\ntwo", COIL_MS(1), true);
    says(&w, "\n\nrest", COIL_MS(1), true);
    ends_with(&w, 0, COIL_MS(1));
    PASS(world_run(&w, reads_lines, stream));
}

static void *reads_too_long_a_line(void *argument)
{
    char buffer[8];

    FAILS(coil_stream_readline(argument, buffer, sizeof(buffer)), -EMSGSIZE);
    CHECK_LINE(argument, "abc\n");
    FAILS(coil_stream_readline(argument, buffer, sizeof(buffer)), -EMSGSIZE);
    CHECK_LINE(argument, "end\n");
    return NULL;
}

TEST(until, a_line_over_the_limit_is_dropped)
{
    WORLD(w);
    STREAM *stream = limited(&w, 3);
    says(&w, "1234\nabc\n", 0, true);    /* found: what follows stays */
    says(&w, "12345", COIL_MS(1), true); /* not found: all goes */
    says(&w, "end\n", COIL_MS(1), true);
    ends_with(&w, 0, COIL_MS(1));
    PASS(world_run(&w, reads_too_long_a_line, stream));
}

/* ---- separators ----------------------------------------------------------------------------- */

static void *reads_until(void *argument)
{
    coil_stream *stream = argument;
    char buffer[16] = {0};
    size_t got;

    FAILS(coil_stream_readuntil(stream, "", 0, buffer, 1, NULL), -EINVAL);
    FAILS(coil_stream_readuntil(stream, NULL, 1, buffer, 1, NULL), -EINVAL);
    FAILS(coil_stream_readuntil(stream, "x", 1, NULL, 1, NULL), -EINVAL);
    FAILS(coil_stream_readuntil(stream, "--", 2, buffer, 2, &got), -ENOBUFS);
    CHECK_EQ(got, 5);
    CHECK_EQ(coil_stream_readuntil(stream, "--", 2, buffer, sizeof(buffer), &got), 5);
    CHECK_EQ(got, 5);
    CHECK(memcmp(buffer, "a-b--", 5) == 0);
    FAILS(coil_stream_readuntil(stream, "--", 2, buffer, 1, &got), -ENOBUFS);
    CHECK_EQ(got, 2);
    FAILS(coil_stream_readuntil(stream, "--", 2, buffer, sizeof(buffer), &got), -ENODATA);
    CHECK_EQ(got, 2);
    CHECK(memcmp(buffer, "c-", 2) == 0);
    CHECK(coil_stream_at_eof(stream));
    return NULL;
}

TEST(until, a_separator_may_come_in_pieces)
{
    WORLD(w);
    STREAM *stream = limited(&w, 0);
    says(&w, "a-", COIL_MS(1), true);
    says(&w, "b-", COIL_MS(1), true);
    says(&w, "-c-", COIL_MS(1), true);
    ends_with(&w, 0, COIL_MS(1));
    PASS(world_run(&w, reads_until, stream));
}

static void *reads_over_the_limit(void *argument)
{
    coil_stream *stream = argument;
    char buffer[16];
    size_t got;

    FAILS(coil_stream_readuntil(stream, "AB", 2, buffer, 1, &got), -EMSGSIZE);
    CHECK_EQ(got, 4); /* it is there */
    FAILS(coil_stream_readuntil(stream, "XY", 2, buffer, 1, &got), -EMSGSIZE);
    CHECK_EQ(got, 6); /* where it was not found */
    CHECK_READ(stream, 16, "1234AB.");
    return NULL;
}

TEST(until, over_the_limit_the_data_stays)
{
    WORLD(w);
    STREAM *stream = limited(&w, 3);
    says(&w, "1234AB.", 0, true);
    ends_with(&w, 0, COIL_MS(1));
    PASS(world_run(&w, reads_over_the_limit, stream));
}

static void *reads_until_any(void *argument)
{
    coil_stream *stream = argument;
    struct iovec separators[] = {{(char[]){"\r\n"}, 2}, {(char[]){"\n"}, 1}, {(char[]){"END"}, 3}};
    char buffer[16];

    FAILS(coil_stream_readuntil_any(stream, separators, 0, buffer, 1, NULL), -EINVAL);
    FAILS(coil_stream_readuntil_any(stream, NULL, 1, buffer, 1, NULL), -EINVAL);
    CHECK_EQ(coil_stream_readuntil_any(stream, separators, 3, buffer, 16, NULL), 3); /* a\r\n */
    CHECK_EQ(coil_stream_readuntil_any(stream, separators, 3, buffer, 16, NULL), 4); /* bEND */
    CHECK_EQ(coil_stream_readuntil_any(stream, separators, 3, buffer, 16, NULL), 2); /* c\n */
    return NULL;
}

TEST(until, of_several_separators_the_first_complete_one_counts)
{
    WORLD(w);
    STREAM *stream = limited(&w, 0);
    says(&w, "a\r", COIL_MS(1), true);
    says(&w, "\nbEN", COIL_MS(1), true);
    says(&w, "Dc\n", COIL_MS(1), true);
    ends_with(&w, 0, COIL_MS(1));
    PASS(world_run(&w, reads_until_any, stream));
}

/* The limit is judged on the shortest of those that end together. */
static void *judges_the_shortest(void *argument)
{
    struct iovec separators[] = {{(char[]){"34\n"}, 3}, {(char[]){"\n"}, 1}};
    char buffer[16];
    size_t got;

    FAILS(coil_stream_readuntil_any(argument, separators, 2, buffer, 16, &got), -EMSGSIZE);
    CHECK_EQ(got, 4);
    return NULL;
}

TEST(until, the_shortest_match_is_held_against_the_limit)
{
    WORLD(w);
    STREAM *stream = limited(&w, 3);
    says(&w, "1234\n", 0, true);
    ends_with(&w, 0, COIL_MS(1));
    PASS(world_run(&w, judges_the_shortest, stream));
}

/* ---- more than comes at a time --------------------------------------------------------------- */

enum { PIECE = 2048, LINE = 2 * PIECE + 2, TEXT = LINE + PIECE };

static char text[TEXT];

/* One line of `text`, which ends with --, and what follows it. */
static void *reads_a_long_line(void *stream)
{
    static char buffer[TEXT];
    size_t got = 0;

    FAILS(coil_stream_readuntil(stream, "--", 2, buffer, 8, &got), -ENOBUFS);
    CHECK_EQ(got, LINE); /* and it is still there */
    CHECK_EQ(coil_stream_readuntil(stream, "--", 2, buffer, sizeof(buffer), NULL), LINE);
    CHECK(memcmp(buffer, text, LINE) == 0);
    CHECK_EQ(coil_stream_readexactly(stream, buffer, PIECE, NULL), PIECE);
    CHECK(memcmp(buffer, text + LINE, PIECE) == 0);
    return NULL;
}

TEST(until, a_line_may_be_longer_than_what_comes_at_a_time)
{
    static char pieces[3][2 * PIECE];

    for (int i = 0; i < TEXT; i++)
        text[i] = (char)('a' + i % 23);
    memcpy(text + LINE - 2, "--", 2);
    /* The last piece has both of the bytes that end the line, one, or none. */
    for (int both = 0; both <= 2; both++) {
        const int at[] = {0, PIECE, LINE - both, TEXT};
        WORLD(w);
        STREAM *stream = limited(&w, 0);
        for (int i = 0; i < 3; i++) {
            snprintf(pieces[i], sizeof(pieces[i]), "%.*s", at[i + 1] - at[i], text + at[i]);
            says(&w, pieces[i], COIL_MS(1), true);
        }
        ends_with(&w, 0, COIL_MS(1));
        PASS(world_run(&w, reads_a_long_line, stream));
    }
}

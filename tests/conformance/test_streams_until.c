// SPDX-License-Identifier: MIT
/* CPython's test_streams.py, and 3.13's: readuntil. */
#include "wire.h"

static const coil_stream_options limited = {.size = sizeof(limited), .limit = 3};

static void run(struct wire *wire, coil_fn fn)
{
    PASS(kernel_run(wire->loop, fn, wire));
}

/* The next readuntil gives this text. */
static void check_until(struct wire *wire, const char *separator, const char *text)
{
    char buffer[64] = {0};

    PASS(coil_stream_readuntil(wire->stream, separator, strlen(separator), buffer, 63, NULL));
    CHECK_STR(buffer, text);
}

static void *gives_bad_separators(void *argument)
{
    struct wire *wire = argument;
    struct iovec one_empty[] = {{(char[]){"x"}, 1}, {(char[]){""}, 0}};
    char buffer[8];

    FAILS(coil_stream_readuntil(wire->stream, "", 0, buffer, 8, NULL), -EINVAL);
    FAILS(coil_stream_readuntil_any(wire->stream, one_empty, 2, buffer, 8, NULL), -EINVAL);
    FAILS(coil_stream_readuntil_any(wire->stream, one_empty, 0, buffer, 8, NULL), -EINVAL);
    return NULL;
}

TEST(StreamTests, test_readuntil_separator)
{
    WIRE(wire);
    run(&wire, gives_bad_separators);
}

static void *says_pieces(void *argument)
{
    wire_say(argument, "lineA");
    wire_settle();
    wire_say(argument, "A");
    wire_settle();
    wire_say(argument, "AAB|dataAA");
    wire_settle();
    wire_say(argument, "ABrest");
    return NULL;
}

static void *reads_pieces(void *argument)
{
    struct wire *wire = argument;
    COIL_AUTO coil_task *peer = coil_create_task(says_pieces, wire);

    check_until(wire, "AAB", "lineAAAAB");
    check_until(wire, "AAAB", "|dataAAAB");
    WIRE_READ(wire->stream, 8, "rest");
    kernel_await(peer);
    return NULL;
}

TEST(StreamTests, test_readuntil_multi_chunks)
{
    WIRE(wire);
    run(&wire, reads_pieces);
}

static void *says_prefixes(void *argument)
{
    static const char *const pieces[] = {"QWERTYaa", "XYaa", "a", "data", "aXaa", "aX", "Xaaa"};

    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        wire_say(argument, pieces[i]);
        wire_settle();
    }
    return NULL;
}

static void *reads_prefixes(void *argument)
{
    struct wire *wire = argument;
    COIL_AUTO coil_task *peer = coil_create_task(says_prefixes, wire);

    check_until(wire, "aaa", "QWERTYaaXYaaa");
    check_until(wire, "aaa", "dataaXaaa");
    check_until(wire, "Xaaa", "XXaaa");
    kernel_await(peer);
    return NULL;
}

TEST(StreamTests, test_readuntil_multi_chunks_1)
{
    WIRE(wire);
    run(&wire, reads_prefixes);
}

static void *reads_until_the_end(void *argument)
{
    struct wire *wire = argument;
    char buffer[32] = {0};
    size_t got = 0;

    wire_say(wire, "some dataAA");
    wire_end(wire);
    FAILS(coil_stream_readuntil(wire->stream, "AAB", 3, buffer, 31, &got), -ENODATA);
    CHECK_EQ(got, 11);
    CHECK_STR(buffer, "some dataAA");
    CHECK(coil_stream_at_eof(wire->stream));
    return NULL;
}

TEST(StreamTests, test_readuntil_eof)
{
    WIRE(wire);
    run(&wire, reads_until_the_end);
}

static void *meets_the_limit(void *argument)
{
    struct wire *wire = argument;
    char buffer[32];
    size_t got = 0;

    wire_say(wire, "some dataAA");
    FAILS(coil_stream_readuntil(wire->stream, "AAB", 3, buffer, 31, &got), -EMSGSIZE);
    CHECK_EQ(got, 9); /* from there on the separator may still come */
    wire_say(wire, "A");
    wire_settle();
    FAILS(coil_stream_readuntil(wire->stream, "AAA", 3, buffer, 31, &got), -EMSGSIZE);
    CHECK_EQ(got, 9);
    WIRE_READ(wire->stream, 32, "some dataAAA");
    return NULL;
}

TEST(StreamTests, test_readuntil_limit_found_sep)
{
    WIRE_WITH(wire, &limited);
    run(&wire, meets_the_limit);
}

/* ---- several separators --------------------------------------------------------------------- */

static void check_until_any(struct wire *wire, const char *first, const char *second,
                            const char *text)
{
    const struct iovec separators[] = {{(void *)(uintptr_t)first, strlen(first)},
                                       {(void *)(uintptr_t)second, strlen(second)}};
    char buffer[64] = {0};

    PASS(coil_stream_readuntil_any(wire->stream, separators, 2, buffer, 63, NULL));
    CHECK_STR(buffer, text);
}

static void *says_separators(void *argument)
{
    wire_say(argument, "some data@");
    wire_settle();
    wire_say(argument, "@@more\nstill<en");
    wire_settle();
    wire_say(argument, "d>rest");
    return NULL;
}

static void *reads_until_any(void *argument)
{
    struct wire *wire = argument;
    COIL_AUTO coil_task *peer = coil_create_task(says_separators, wire);

    check_until_any(wire, "@@@", "@@", "some data@@");
    check_until_any(wire, "<end>", "\n", "@more\n");
    check_until_any(wire, "\n", "<end>", "still<end>");
    kernel_await(peer);
    return NULL;
}

TEST(StreamTests, test_readuntil_multi_separator)
{
    WIRE(wire);
    run(&wire, reads_until_any);
}

static void *meets_the_limit_of_the_shortest(void *argument)
{
    struct wire *wire = argument;
    struct iovec separators[] = {{(char[]){"A"}, 1}, {(char[]){"ome dataA"}, 9}};
    char buffer[32];
    size_t got = 0;

    wire_say(wire, "some dataA");
    FAILS(coil_stream_readuntil_any(wire->stream, separators, 2, buffer, 31, &got), -EMSGSIZE);
    CHECK_EQ(got, 9); /* where the shorter one is */
    WIRE_READ(wire->stream, 32, "some dataA");
    return NULL;
}

TEST(StreamTests, test_readuntil_multi_separator_limit)
{
    WIRE_WITH(wire, &limited);
    run(&wire, meets_the_limit_of_the_shortest);
}

static void *says_data_later(void *argument)
{
    wire_say(argument, "data");
    wire_settle();
    wire_say(argument, "A");
    return NULL;
}

static void *searches_from_the_start(void *argument)
{
    struct wire *wire = argument;
    COIL_AUTO coil_task *peer = coil_create_task(says_data_later, wire);

    check_until_any(wire, "A", "long sep", "dataA");
    kernel_await(peer);
    return NULL;
}

TEST(StreamTests, test_readuntil_multi_separator_negative_offset)
{
    WIRE(wire);
    run(&wire, searches_from_the_start);
}

static void *reads_until_any_bytes(void *argument)
{
    struct wire *wire = argument;
    const char separator[] = {'\r', '\0'};
    char buffer[32];

    CHECK_EQ(send(wire->peer, "some data\r\0", 11, 0), 11);
    CHECK_EQ(coil_stream_readuntil(wire->stream, separator, 2, buffer, 32, NULL), 11);
    CHECK(memcmp(buffer, "some data\r\0", 11) == 0);
    return NULL;
}

TEST(StreamTests, test_readuntil_bytearray)
{
    WIRE(wire);
    run(&wire, reads_until_any_bytes);
}

// SPDX-License-Identifier: MIT
#include "check.h"

#include "base/assert.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void end_quietly(int signal)
{
    (void)signal;
    _exit(1);
}

/* What a function that ends its process said on stderr, and how many bytes. */
static size_t last_words(void (*function)(void), char *text, size_t size)
{
    int ends[2];

    text[0] = '\0';
    if (!CHECK_EQ(pipe(ends), 0))
        return 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, end_quietly); /* or an emulator would have the last words */
        dup2(ends[1], STDERR_FILENO);
        function();
        _exit(0);
    }
    close(ends[1]);
    size_t length = 0;
    ssize_t more;
    while (length < size - 1 && (more = read(ends[0], text + length, size - 1 - length)) > 0)
        length += (size_t)more;
    text[length] = '\0';
    close(ends[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    return length;
}

static int evaluated;

static bool so(bool value)
{
    evaluated++;
    return value;
}

TEST(assert, what_holds_is_evaluated_once_and_goes_on)
{
    evaluated = 0;
    ASSERT(so(true));
    ASSERT_CONTRACT(so(true), "it holds");
    CHECK_EQ(evaluated, 2);
}

static void break_invariant(void *argument)
{
    ASSERT(argument != NULL);
}

static void break_contract(void *argument)
{
    ASSERT_CONTRACT(argument != NULL, "an argument was forgotten");
}

TEST(assert, what_does_not_hold_ends_the_program)
{
    DIES(break_invariant, NULL);
    DIES(break_contract, NULL);
}

enum { BROKEN_LINE = __LINE__ + 4 };

static void break_named_invariant(void)
{
    ASSERT(evaluated == -1);
}

TEST(assert, the_message_says_what_and_where)
{
    char text[1024], expected[512];

    last_words(break_named_invariant, text, sizeof(text));
    snprintf(expected, sizeof(expected), "coil: %s:%d: %s: assertion failed: evaluated == -1\n",
             __FILE__, BROKEN_LINE, "break_named_invariant");
    CHECK_STR(text, expected);
}

static void break_contract_in_words(void)
{
    break_contract(NULL);
}

TEST(assert, a_broken_contract_is_told_in_words)
{
    char text[1024];

    last_words(break_contract_in_words, text, sizeof(text));
    CHECK(strstr(text, "assertion failed: an argument was forgotten\n"));
}

static void in_the_kitchen(char *text, size_t size)
{
    snprintf(text, size, "the kitchen");
}

static void break_in_context(void)
{
    coil__assert_context = in_the_kitchen; /* of this process only */
    break_contract(NULL);
}

TEST(assert, the_message_says_who_was_running)
{
    char text[1024];

    last_words(break_in_context, text, sizeof(text));
    CHECK(strstr(text, "an argument was forgotten, in the kitchen\n"));
}

static void break_at_length(void)
{
    char words[2048];

    memset(words, 'w', sizeof(words));
    words[sizeof(words) - 1] = '\0';
    coil__assert_failed(words, "file", 1, "function");
}

TEST(assert, a_long_message_is_cut)
{
    char text[4096];

    CHECK_EQ(last_words(break_at_length, text, sizeof(text)), 511);
    CHECK(strncmp(text, "coil: file:1: function: assertion failed: www", 45) == 0);
}

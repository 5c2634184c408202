// SPDX-License-Identifier: MIT
#include "check.h"

#include "base/warn.h"

#include <unistd.h>

struct heard {
    char line[512];
    int times;
};

static void hear(const char *line, void *userdata)
{
    struct heard *heard = userdata;

    snprintf(heard->line, sizeof(heard->line), "%s", line);
    heard->times++;
}

TEST(warn, the_sink_gets_the_line_and_its_userdata)
{
    struct heard heard = {.times = 0};

    PASS(coil_set_warning_sink(hear, &heard));
    coil__warn("%s of %d", "loss", 3);
    CHECK_EQ(heard.times, 1);
    CHECK_STR(heard.line, "loss of 3");
    PASS(coil_set_warning_sink(NULL, NULL));
}

TEST(warn, a_long_line_is_cut_at_255_characters)
{
    struct heard heard = {.times = 0};

    PASS(coil_set_warning_sink(hear, &heard));
    coil__warn("%0255d", 7);
    CHECK_EQ(strlen(heard.line), 255);
    CHECK_EQ(heard.line[254], '7');
    coil__warn("%0256d", 7);
    CHECK_EQ(strlen(heard.line), 255);
    CHECK_EQ(heard.line[254], '0');
    CHECK_EQ(heard.times, 2);
    PASS(coil_set_warning_sink(NULL, NULL));
}

/* What is written to stderr while one warning is given. */
static void warn_to_stderr(char *text, size_t size)
{
    int ends[2];
    int before = dup(STDERR_FILENO);

    text[0] = '\0';
    if (before < 0 || pipe(ends) < 0)
        return;
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    coil__warn("loss of %d", 4);
    dup2(before, STDERR_FILENO); /* the pipe's last writer: reading ends */
    close(before);
    ssize_t length = read(ends[0], text, size - 1);
    text[length > 0 ? length : 0] = '\0';
    close(ends[0]);
}

TEST(warn, without_a_sink_the_line_goes_to_stderr)
{
    struct heard heard = {.times = 0};
    char text[64];

    PASS(coil_set_warning_sink(hear, &heard));
    PASS(coil_set_warning_sink(NULL, &heard));
    warn_to_stderr(text, sizeof(text));
    CHECK_STR(text, "coil: loss of 4\n");
    CHECK_EQ(heard.times, 0);
}

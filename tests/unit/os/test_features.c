// SPDX-License-Identifier: MIT
#include "check.h"
#include "kernel.h"

#include "os/features.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static uint32_t masked_by(const char *text)
{
    uint32_t masked = 0;

    PASS(features_parse(text, &masked));
    return masked;
}

static bool masks(const char *text, enum feature feature)
{
    return masked_by(text) >> feature & 1;
}

TEST(features, a_version_masks_what_is_newer)
{
    CHECK_EQ(masked_by("99.0"), 0);
    CHECK_EQ(masked_by("5.0"), (UINT64_C(1) << FEATURES) - 1);
    CHECK(!masks("6.1", FEATURE_DEFER_TASKRUN));
    CHECK(masks("6.0", FEATURE_DEFER_TASKRUN));
    CHECK(!masks("6.1", FEATURE_MANY_RECV));
    CHECK(masks("6.1", FEATURE_BIND));
    CHECK(masks("6.1", FEATURE_GUARD_INSTALL));
    CHECK(masks("6.9", FEATURE_BIND)); /* a number, not a text or a fraction */
    CHECK(!masks("6.11", FEATURE_BIND));
}

TEST(features, a_name_masks_that_one)
{
    CHECK_EQ(masked_by("-bind"), UINT32_C(1) << FEATURE_BIND);
    CHECK_EQ(masked_by("-bind,-listen"), UINT32_C(1) << FEATURE_BIND | UINT32_C(1)
                                                                           << FEATURE_LISTEN);
    CHECK_EQ(masked_by("99.0,-bind"), UINT32_C(1) << FEATURE_BIND);
    CHECK_EQ(masked_by(""), 0);
}

TEST(features, what_makes_no_sense_masks_nothing)
{
    static const char *const bad[] = {"6",    "6.",        ".1",    "6.1x",   "6.1.0",
                                      "-",    "bind",      "-bin",  "-bindx", "-bind -ab",
                                      " 6.1", "-bind;6.1", "6.1,,", "9999.1", "-bind,x"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint32_t masked = 5;
        FAILS(features_parse(bad[i], &masked), -EINVAL);
        CHECK_EQ(masked, 5);
    }
}

TEST(features, a_test_masks_for_itself)
{
    uint32_t before = features_mask(UINT32_C(1) << FEATURE_BIND);

    CHECK(!feature_allowed(FEATURE_BIND));
    CHECK(feature_allowed(FEATURE_LISTEN));
    CHECK_EQ(features_mask(before), UINT32_C(1) << FEATURE_BIND);
}

/* ---- the environment, which is read once: in a process of its own --------------------------- */

static int warnings;

static void count(const char *line, void *userdata)
{
    (void)userdata;
    warnings += strstr(line, "COIL_FEATURES") != NULL;
}

static int look(int expected_warnings, bool expected)
{
    coil_set_warning_sink(count, NULL);
    bool allowed = feature_allowed(FEATURE_BIND);
    (void)feature_allowed(FEATURE_LISTEN);
    return allowed == expected && warnings == expected_warnings ? 0 : 1;
}

/* This program once more; by meson's word through an emulator, where the kernel cannot start it. */
static void start_again(void)
{
    char self[512] = "";
    char *emulator = getenv("MESON_EXE_WRAPPER");

    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
        return;
    char *const directly[] = {self, NULL}, *const emulated[] = {emulator, self, NULL};
    execv(emulator ? emulator : self, emulator ? emulated : directly);
}

static void with(const char *value, int expected_warnings, bool expected)
{
    int status = -1;

    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        setenv("COIL_FEATURES", value, 1);
        setenv("COIL_TEST_FEATURES", expected ? "allowed" : "masked", 1);
        setenv("COIL_TEST_WARNINGS", expected_warnings ? "1" : "0", 1);
        start_again();
        _exit(127);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
}

/* In the new image, before the tests. */
__attribute__((constructor)) static void look_if_asked(void)
{
    const char *expected = getenv("COIL_TEST_FEATURES");

    if (expected)
        _exit(look(getenv("COIL_TEST_WARNINGS")[0] == '1', strcmp(expected, "allowed") == 0));
}

TEST(features, the_environment_masks)
{
    if (check_walking() || !kernel_has_rings()) /* qemu-user cannot start it again */
        return;
    with("6.1", 0, false);
    with("-bind", 0, false);
    with("99.0", 0, true);
    with("", 0, true);
    with("6.one", 1, true);
}

// SPDX-License-Identifier: MIT
#include "check.h"

#include <errno.h>
#include <limits.h>

TEST(error, a_code_travels_in_a_pointer)
{
    const int codes[] = {-1, -EAGAIN, -ECANCELED, -COIL_EDEADLOCK, -COIL_ERROR_MAX};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        void *pointer = COIL_ERR(codes[i]);
        CHECK(coil_is_err(pointer));
        CHECK_EQ(coil_err(pointer), codes[i]);
    }
}

/* So that a coroutine may end with the code of its last call. */
TEST(error, no_error_is_no_pointer)
{
    CHECK_PTR(COIL_ERR(0), NULL);
    CHECK_EQ(coil_err(COIL_ERR(0)), 0);
}

TEST(error, what_is_no_code_travels_as_invalid)
{
    CHECK_EQ(coil_err(COIL_ERR(EAGAIN)), -EINVAL);
    CHECK_EQ(coil_err(COIL_ERR(-COIL_ERROR_MAX - 1)), -EINVAL);
    CHECK_EQ(coil_err(COIL_ERR(INT_MIN)), -EINVAL);
}

TEST(error, other_pointers_carry_none)
{
    int local;
    const void *pointers[] = {NULL, &local, (void *)(uintptr_t)(-COIL_ERROR_MAX - 1),
                              (void *)(uintptr_t)COIL_ERROR_MAX};

    for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
        CHECK(!coil_is_err(pointers[i]));
        CHECK_EQ(coil_err(pointers[i]), 0);
    }
}

TEST(error, an_errno_is_described_with_either_sign)
{
    CHECK_STR(coil_strerror(ENOENT), "No such file or directory");
    CHECK_STR(coil_strerror(-ENOENT), "No such file or directory");
    CHECK_STR(coil_strerror(0), "success");
}

#define DESCRIBED(name, value, text)                                                               \
    CHECK_EQ(COIL_##name, value);                                                                  \
    CHECK_STR(coil_strerror(COIL_##name), text);                                                   \
    CHECK_STR(coil_strerror(-COIL_##name), text);

TEST(error, a_code_of_our_own_is_described_with_either_sign){COIL_ERRORS(DESCRIBED)}

TEST(error, our_codes_are_no_errnos)
{
    CHECK_PTR(strerrordesc_np(COIL_EINVALSTATE), NULL);
    CHECK_PTR(strerrordesc_np(COIL_EDEADLOCK), NULL);
}

TEST(error, an_unknown_code_is_said_to_be_unknown)
{
    const int codes[] = {2999, -2999, COIL_ERROR_MAX, -COIL_ERROR_MAX, INT_MAX, INT_MIN, 4096};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        CHECK_STR(coil_strerror(codes[i]), "unknown error");
}

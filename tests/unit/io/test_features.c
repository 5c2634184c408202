// SPDX-License-Identifier: MIT
#include <coil/features.h>

#include "kernel.h"
#include "os/features.h"

TEST(features_of_a_loop, are_none_where_there_is_no_loop)
{
    CHECK_EQ(coil_features(NULL), 0);
    CHECK_EQ(coil_features(COIL_ERR(-ENOMEM)), 0);
}

TEST(features_of_a_loop, are_all_on_the_simulated_engine)
{
    WORLD(w);
    if (!coil_is_err(w.loop))
        CHECK_EQ(coil_features(w.loop) & COIL_HAS_PIPE, COIL_HAS_PIPE);
    PASS(coil_close(w.loop));
    CHECK_EQ(coil_features(w.loop), 0);
}

TEST(features_of_a_loop, are_those_that_are_not_masked)
{
    uint32_t before = features_mask(UINT32_C(1) << FEATURE_WAITID | UINT32_C(1) << FEATURE_PIPE |
                                    UINT32_C(1) << FEATURE_MANY_ACCEPT);
    {
        KERNEL(loop);
        unsigned features = coil_features(loop);
        CHECK_EQ(features & (COIL_HAS_WAITID | COIL_HAS_PIPE | COIL_HAS_MANY_ACCEPT), 0);
        CHECK(features & COIL_HAS_SOCKET);
    }
    features_mask(before);
}

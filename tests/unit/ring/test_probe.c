// SPDX-License-Identifier: MIT
#include "kernel.h"

static uint32_t bit(enum feature feature)
{
    return UINT32_C(1) << feature;
}

/* What a ring offers when these features are masked, whatever the environment says. */
static struct engine offered(uint32_t masked)
{
    struct engine *engine, seen = {.capabilities = 0};
    uint32_t before = features_mask(masked);

    if (PASS(ring_new(&engine))) {
        seen = *engine;
        engine_detach(engine);
    }
    features_mask(before);
    return seen;
}

TEST(ring_probe, knows_what_every_supported_kernel_carries)
{
    struct engine engine = offered(0);

    if (check_walking())
        return;
    CHECK(engine_carries(&engine, OP_READ));
    CHECK(engine_carries(&engine, OP_ACCEPT));
    CHECK(engine_carries(&engine, OP_SOCKET));
    CHECK(engine_carries(&engine, OP_SHUTDOWN));
    CHECK_EQ(engine.capabilities, ENGINE_MANY_ACCEPT | ENGINE_MANY_RECV | ENGINE_LEND);
}

TEST(ring_probe, finds_the_same_again)
{
    struct engine first = offered(0), second = offered(0);

    CHECK(check_walking() || first.opcodes == second.opcodes);
    CHECK(check_walking() || first.capabilities == second.capabilities);
}

TEST(ring_probe, leaves_out_what_is_masked)
{
    uint32_t masked;

    if (check_walking() || !PASS(features_parse("6.1", &masked)))
        return;
    struct engine floor = offered(masked);
    CHECK(engine_carries(&floor, OP_SOCKET));
    CHECK(!engine_carries(&floor, OP_WAITID));
    CHECK(!engine_carries(&floor, OP_BIND));
    CHECK(!engine_carries(&floor, OP_LISTEN));
    CHECK_EQ(floor.capabilities, ENGINE_MANY_ACCEPT | ENGINE_MANY_RECV | ENGINE_LEND);
    struct engine old = offered(bit(FEATURE_SOCKET) | bit(FEATURE_MANY_RECV));
    CHECK(!engine_carries(&old, OP_SOCKET));
    CHECK_EQ(old.capabilities, ENGINE_MANY_ACCEPT | ENGINE_LEND);
    CHECK_EQ(offered(bit(FEATURE_BUFFER_RINGS)).capabilities, ENGINE_MANY_ACCEPT);
    CHECK_EQ(offered(bit(FEATURE_MANY_ACCEPT)).capabilities, ENGINE_MANY_RECV | ENGINE_LEND);
}

// SPDX-License-Identifier: MIT
#include "faults.h"
#include "loop/loop.h"
#include "world.h"

#include <coil/coil.h>

#include <errno.h>

/* ---- options -------------------------------------------------------------------------------- */

static int code_for(const coil_loop_options *options)
{
    coil_loop *loop = coil_loop_new(options);
    int rc = coil_err(loop);

    PASS(coil_loop_free(loop));
    return rc;
}

TEST(new, bad_options_are_refused)
{
    coil_sim *sim = coil_sim_new(NULL);
    const coil_loop_options bad[] = {
        {.size = 0, .sim = sim},
        {.size = sizeof(bad[0]) - 1, .sim = sim},
        {.size = sizeof(bad[0]) + 1, .sim = sim},
        {.size = sizeof(bad[0]), .sim = sim, .stack_size = 1},
        {.size = sizeof(bad[0]), .sim = sim, .stack_size = (16 << 10) - 1},
        {.size = sizeof(bad[0]), .sim = sim, .stack_size = (8 << 20) + 1},
        {.size = sizeof(bad[0]), .sim = sim, .stack_size = SIZE_MAX},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        FAILS(code_for(&bad[i]), -EINVAL);
    PASS(coil_sim_free(sim));
}

TEST(new, good_options_are_taken)
{
    coil_sim *sim = coil_sim_new(NULL);
    const coil_loop_options good[] = {
        {.size = sizeof(good[0]), .sim = sim},
        {.size = sizeof(good[0]), .sim = sim, .stack_size = 16 << 10, .stacks_kept = 1},
        {.size = sizeof(good[0]), .sim = sim, .stack_size = 8 << 20, .stacks_kept = SIZE_MAX},
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        PASS(code_for(&good[i])); /* one after the other on the same engine */
    PASS(coil_sim_free(sim));
}

TEST(new, a_loop_neither_runs_nor_is_closed_at_first)
{
    WORLD(w);

    CHECK(!coil_is_running(w.loop));
    CHECK(!coil_is_closed(w.loop));
    FAILS(coil_err(coil_get_running_loop()), -COIL_ENOLOOP);
    CHECK_EQ(coil_loop_guard(w.loop), COIL_GUARD_NONE);
}

/* ---- engines -------------------------------------------------------------------------------- */

TEST(new, without_a_simulated_engine_it_is_the_kernels)
{
    const coil_loop_options options = {.size = sizeof(options)};
    coil_loop *loop = coil_loop_new(NULL), *other = coil_loop_new(&options);

    PASS(coil_err(loop));
    PASS(coil_err(other));
    if (!coil_is_err(loop))
        CHECK_STR(loop->engine->class->name, "io_uring");
    PASS(coil_loop_free(loop));
    PASS(coil_loop_free(other));
}

TEST(new, a_simulated_engine_has_one_loop_at_a_time)
{
    WORLD(w);
    const coil_loop_options options = {.size = sizeof(options), .sim = w.sim};

    if (coil_is_err(w.loop)) /* the engine would be free indeed */
        return;
    FAILS(code_for(&options), -EBUSY);
    FAILS(coil_sim_free(w.sim), -EBUSY);
    PASS(coil_close(w.loop));
    PASS(code_for(&options));
}

TEST(new, an_error_instead_of_an_engine_is_passed_on)
{
    const coil_loop_options options = {.size = sizeof(options), .sim = COIL_ERR(-ENOSPC)};

    FAILS(code_for(&options), -ENOSPC);
}

TEST(new, without_memory_the_engine_stays_free)
{
    coil_sim *sim = coil_sim_new(NULL);
    const coil_loop_options options = {.size = sizeof(options), .sim = sim};

    for (size_t k = 1; k <= 2 && !check_walking(); k++) { /* the loop, its scheduler */
        faults_fail(k, "alloc");
        FAILS(code_for(&options), -ENOMEM);
        CHECK_EQ(faults_met(), k);
        faults_end();
    }
    PASS(code_for(&options));
    PASS(coil_sim_free(sim));
}

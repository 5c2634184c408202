// SPDX-License-Identifier: MIT
#include "world.h"

#include <errno.h>

static void *blocks(void *log)
{
    PASS(coil_block_for(COIL_SEC(2)));
    record(log, "blocked");
    return NULL;
}

static int note_time(void *log)
{
    record(log, "%d", (int)(world_now() / COIL_SEC(1)));
    return 0;
}

TEST(block, moves_the_clock_and_keeps_the_thread)
{
    struct record log = {""};
    WORLD(w);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_SEC(1), note_time, &log)));
    PASS(world_run(&w, blocks, &log));
    CHECK_EQ(world_time(&w), COIL_SEC(2));
    PASS(world_turn(&w));
    CHECK_STR(log.text, "blocked 2"); /* the callback is late: the thread was not there */
}

TEST(block, outside_a_run_it_is_this_threads_loop)
{
    WORLD(w);
    PASS(coil_set_event_loop(w.loop));
    CHECK_EQ(coil_block_for(COIL_MS(200)), 0);
    CHECK_EQ(world_time(&w), COIL_MS(200));
    PASS(coil_set_event_loop(NULL));
}

TEST(block, without_a_loop_it_blocks_the_thread)
{
    coil_loop *loop = coil_loop_new(NULL);
    coil_time before = coil_loop_time(loop);
    CHECK_EQ(coil_block_for(1), 0);
    CHECK(coil_loop_time(loop) > before || check_walking());
    PASS(coil_set_event_loop(loop)); /* one on the kernel's ring: the same */
    before = coil_loop_time(loop);
    CHECK_EQ(coil_block_for(1), 0);
    CHECK(coil_loop_time(loop) > before || check_walking());
    PASS(coil_loop_free(loop));
}

TEST(block, bad_delays)
{
    WORLD(w);
    PASS(coil_set_event_loop(w.loop));
    CHECK_EQ(coil_block_for(0), 0);
    CHECK_EQ(coil_block_for(-COIL_SEC(1)), 0);
    FAILS(coil_block_for(COIL_NEVER), -EINVAL);
    CHECK_EQ(world_time(&w), 0);
    PASS(coil_set_event_loop(NULL));
}

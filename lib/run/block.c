// SPDX-License-Identifier: MIT
/* The call that blocks: a thread's, or a simulated one. */
#include "run/run.h"

int coil_block_for(coil_time delay)
{
    coil_loop *loop = run_present_loop();
    bool open = loop && loop->engine;

    if (delay <= 0)
        return 0;
    int64_t until = timer_after(open ? engine_now(loop->engine) : os_now(), delay);
    if (until == TIMER_NEVER)
        return -EINVAL;
    if (open)
        engine_block(loop->engine, until);
    else
        os_block(until);
    return 0;
}

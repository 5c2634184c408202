/* SPDX-License-Identifier: MIT */
#include "main_task.h"

void bench_main_task(struct bench *bench, coil_fn main_task, size_t stacks_kept)
{
    const coil_loop_options options = {.size = sizeof(options), .stacks_kept = stacks_kept};

    (void)bench_failed(bench, coil_run_with(main_task, bench, NULL, &options));
}

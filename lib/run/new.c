// SPDX-License-Identifier: MIT
/* Makes loops: reads the options and chooses the engine. */
#include "run/run.h"
#include "sim/sim.h"

static const coil_loop_options defaults = {.size = sizeof(defaults)};

coil_loop *coil_loop_new(const coil_loop_options *options)
{
    if (!options)
        options = &defaults;
    if (options->size != sizeof(*options))
        return COIL_ERR(-EINVAL);
    size_t size = options->stack_size ? options->stack_size : STACK_SIZE_DEFAULT;
    size_t kept = options->stacks_kept ? options->stacks_kept : STACKS_KEPT_DEFAULT;
    int class = stack_class(size);
    if (size < STACK_SIZE_MIN || class < 0)
        return COIL_ERR(-EINVAL);
    if (!options->sim)
        return COIL_ERR(-ENOSYS); /* no engine for the kernel is part of this library yet */
    struct engine *engine;
    int rc = sim_attach(options->sim, &engine);
    if (rc < 0)
        return COIL_ERR(rc);
    coil_loop *loop = loop_new(engine, class, kept);
    if (err_is(loop))
        engine_detach(engine);
    return loop;
}

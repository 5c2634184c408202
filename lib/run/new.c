// SPDX-License-Identifier: MIT
/* Makes loops: reads the options and chooses the engine. */
#include "base/warn.h"
#include "ring/ring.h"
#include "run/run.h"
#include "sim/sim.h"

#include <stdlib.h>
#include <string.h>

static const coil_loop_options defaults = {.size = sizeof(defaults)};

/* io_uring, or a line that says what to do. */
static int kernel_engine(const coil_loop_options *options, struct engine **engine)
{
    int rc = ring_new(engine);

    if (rc == 0 && options->no_paths && (rc = ring_restrict(*engine)) < 0)
        engine_detach(*engine);

    if (rc == -EPERM || rc == -EACCES)
        coil__warn("io_uring is forbidden here (%s): allow the io_uring_* system calls in the "
                   "container's seccomp profile, or set sysctl kernel.io_uring_disabled=0",
                   coil_strerror(rc));
    else if (rc == -ENOSYS || rc == -EINVAL)
        coil__warn("this kernel has no usable io_uring (%s): Linux 6.1 or newer is needed",
                   coil_strerror(rc));
    else if (rc == -ENOMEM)
        coil__warn("no memory for an io_uring: raise the limit on locked memory (ulimit -l)");
    return rc;
}

static bool debug_in_environment(void)
{
    const char *text = secure_getenv("COIL_DEBUG");
    return text && *text && strcmp(text, "0") != 0;
}

static void apply(coil_loop *loop, const coil_loop_options *options)
{
    loop->interrupts.kept = options->keep_sigint;
    (void)coil_set_debug(loop, options->debug ? options->debug > 0 : debug_in_environment());
}

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
    struct engine *engine;
    int rc = options->sim ? sim_attach(options->sim, &engine) : kernel_engine(options, &engine);
    if (rc < 0)
        return COIL_ERR(rc);
    coil_loop *loop = loop_new(engine, class, kept);
    if (err_is(loop))
        engine_detach(engine);
    else
        apply(loop, options);
    return loop;
}

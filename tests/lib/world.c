// SPDX-License-Identifier: MIT
#include "world.h"

#include <stdarg.h>

#define START COIL_SEC(1)

struct world world_new(const coil_sim_options *options)
{
    struct world world = {.sim = coil_sim_new(options)};
    coil_loop_options loop_options = {.size = sizeof(loop_options), .sim = world.sim};

    world.loop = coil_loop_new(&loop_options);
    PASS(coil_err(world.loop));
    return world;
}

void world_free(struct world *world)
{
    PASS(coil_loop_free(world->loop));
    PASS(coil_sim_free(world->sim));
}

int world_run(struct world *world, coil_fn fn, void *argument)
{
    coil_task *task = coil_create_task_with(world->loop, fn, argument, NULL);
    int rc = coil_run_until_complete(world->loop, task, NULL);

    coil_unref(task);
    return rc;
}

coil_time world_time(const struct world *world)
{
    return coil_sim_time(world->sim) - START;
}

void world_answer(struct world *world, int opcode, int result, coil_time delay)
{
    coil_sim_answer answer = {.size = sizeof(answer),
                              .opcode = opcode,
                              .fd = COIL_SIM_ANY,
                              .result = result,
                              .delay = delay};
    PASS(coil_sim_script(world->sim, &answer));
}

void record(struct record *record, const char *format, ...)
{
    size_t length = strlen(record->text);
    va_list arguments;

    if (length && length + 1 < sizeof(record->text)) {
        record->text[length++] = ' ';
        record->text[length] = '\0';
    }
    va_start(arguments, format);
    vsnprintf(record->text + length, sizeof(record->text) - length, format, arguments);
    va_end(arguments);
}

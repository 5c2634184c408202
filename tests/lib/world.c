// SPDX-License-Identifier: MIT
#include "world.h"

#include "loop/await.h"

#include <stdarg.h>
#include <stdlib.h>

/* What the clock showed when the last world was made. */
static _Atomic coil_time start;

bool world_is_virtual(void)
{
    const char *engine = getenv("COIL_TEST_ENGINE");

    return !engine || strcmp(engine, "ring") != 0;
}

struct world world_new(const coil_sim_options *options)
{
    struct world world = {.sim = world_is_virtual() ? coil_sim_new(options) : NULL};
    coil_loop_options loop_options = {.size = sizeof(loop_options), .sim = world.sim};

    world.loop = coil_loop_new(&loop_options);
    PASS(coil_err(world.loop));
    start = coil_loop_time(world.loop);
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

int world_turn(struct world *world)
{
    coil_stop(world->loop);
    return coil_run_forever(world->loop);
}

coil_time world_time(const struct world *world)
{
    return coil_loop_time(world->loop) - start;
}

bool check_time(coil_time actual, coil_time expected, const char *text, const char *file, int line)
{
    if (world_is_virtual())
        return check_equal(actual, expected, text, file, line);
    return check_true(actual >= expected, text, file, line);
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

void world_script(coil_sim *sim, coil_sim_answer answer)
{
    answer.size = sizeof(answer);
    PASS(coil_sim_script(sim, &answer));
}

coil_sim_counts world_counts(const struct world *world)
{
    coil_sim_counts counts = {.size = sizeof(counts)};

    PASS(coil_sim_count(world->sim, &counts));
    return counts;
}

coil_time world_now(void)
{
    return coil_loop_time(coil_get_running_loop()) - start;
}

int world_op(int opcode, int fd, void *buffer, size_t size)
{
    struct op op;

    op_init(&op, (enum op_code)opcode, fd, NULL);
    op.address = buffer;
    op.length = (uint32_t)size;
    return await_op(&op);
}

int world_cancel(void *task)
{
    (void)coil_cancel(task);
    return 0;
}

void record_warning(const char *line, void *userdata)
{
    record(userdata, "%s", line);
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

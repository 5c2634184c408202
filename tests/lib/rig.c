// SPDX-License-Identifier: MIT
#include "rig.h"

#include "sim/sim.h"

#define START COIL_SEC(1)

struct rig rig_new(const coil_sim_options *options)
{
    struct rig rig = {.sim = coil_sim_new(options)};

    PASS(sim_attach(rig.sim, &rig.engine));
    return rig;
}

void rig_free(struct rig *rig)
{
    if (rig->engine) {
        list_for_each (node, &rig->engine->in_flight) {
            rig_cancel(rig, list_entry(node, struct op, in_flight));
        }
        rig_run(rig);
        while (rig->lent_count)
            rig_give_back(rig, rig->lent[0].group, rig->lent[0].buffer);
        engine_detach(rig->engine);
    }
    PASS(coil_sim_free(rig->sim));
}

static void nothing(struct op *op, const struct completion *completion)
{
    (void)op;
    (void)completion;
}

struct op rig_op(enum op_code opcode, int fd, const char *name)
{
    struct op op;

    op_init(&op, opcode, fd, nothing);
    op.submitter = (void *)(uintptr_t)name;
    return op;
}

struct op rig_read(int fd, const char *name, void *buffer, size_t size)
{
    struct op op = rig_op(OP_READ, fd, name);

    op.address = buffer;
    op.length = (uint32_t)size;
    return op;
}

int rig_submit(struct rig *rig, struct op *op)
{
    if (op->state != OP_IDLE) /* its answer could not be scripted, so it still waits */
        return -EALREADY;
    return rig->engine ? engine_submit(rig->engine, op) : -ENOMEM;
}

void rig_cancel(struct rig *rig, struct op *op)
{
    if (rig->engine && op->state != OP_IDLE)
        engine_cancel(rig->engine, op);
}

int rig_enter(struct rig *rig, int64_t deadline, bool block)
{
    return rig->engine ? engine_enter(rig->engine, deadline, block) : -ENOMEM;
}

unsigned rig_news(struct rig *rig)
{
    return rig->engine ? engine_news(rig->engine) : 0;
}

static void write_down(struct rig *rig, const struct completion *completion)
{
    char lent[16] = "";
    const char *more = completion->flags & COMPLETION_MORE ? "+" : "";

    if (completion->flags & COMPLETION_BUFFER) {
        snprintf(lent, sizeof(lent), "#%u", completion->buffer);
        rig->lent[rig->lent_count++] = (struct rig_lent){completion->op->group, completion->buffer};
    }
    record(&rig->log, "%s=%d%s%s@%d", (const char *)completion->op->submitter, completion->result,
           lent, more, (int)(rig_time(rig) / COIL_MS(1)));
}

size_t rig_reap(struct rig *rig, size_t most)
{
    struct completion completions[8];
    size_t total = 0, n;

    do {
        size_t want = most - total < 8 ? most - total : 8;
        n = rig->engine && want ? engine_reap(rig->engine, completions, want) : 0;
        for (size_t i = 0; i < n; i++)
            write_down(rig, &completions[i]);
        total += n;
    } while (n);
    return total;
}

void rig_run(struct rig *rig)
{
    do
        (void)rig_reap(rig, SIZE_MAX);
    while (rig->engine && rig->engine->in_flight_count && rig_enter(rig, COIL_NEVER, true) == 0);
}

int rig_lend(struct rig *rig, uint16_t group, unsigned count, size_t size)
{
    return rig->engine ? engine_lend(rig->engine, group, count, size) : -ENOMEM;
}

const void *rig_lent(const struct rig *rig)
{
    static const char none[64];

    if (!rig->lent_count)
        return none;
    struct rig_lent last = rig->lent[rig->lent_count - 1];
    return engine_lent(rig->engine, last.group, last.buffer);
}

void rig_give_back(struct rig *rig, uint16_t group, uint16_t buffer)
{
    for (size_t i = 0; i < rig->lent_count; i++) {
        if (rig->lent[i].group != group || rig->lent[i].buffer != buffer)
            continue;
        rig->lent_count--;
        memmove(&rig->lent[i], &rig->lent[i + 1], (rig->lent_count - i) * sizeof(rig->lent[0]));
        engine_give_back(rig->engine, group, buffer);
        return;
    }
}

coil_time rig_time(const struct rig *rig)
{
    return coil_sim_time(rig->sim) - START;
}

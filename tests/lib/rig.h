// SPDX-License-Identifier: MIT
/*
 * The simulated engine without a loop. What it hands over is written down as NAME=RESULT@MS, with
 * a + when more is to come and #BUFFER when a buffer was lent:
 *
 *     struct op a = rig_op(OP_RECV, 3, "a");
 *     RIG(r);
 *     PASS(rig_submit(&r, &a));
 *     rig_run(&r);
 *     CHECK_STR(r.log.text, "a=5@10");
 *
 * At the end of its scope it cancels, drains and gives back what is left, so operations are
 * declared before it. Without memory for the engine every call does nothing.
 */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H

#include "engine/engine.h"
#include "world.h"

struct rig {
    coil_sim *sim;
    struct engine *engine; /* NULL when there was no memory */
    struct record log;
    struct rig_lent {
        uint16_t group, buffer;
    } lent[16]; /* and not given back */
    size_t lent_count;
};

#define RIG(name) RIG_WITH(name, NULL)
#define RIG_WITH(name, options)                                                                    \
    __attribute__((cleanup(rig_free))) struct rig name = rig_new(options)

struct rig rig_new(const coil_sim_options *options);
void rig_free(struct rig *rig);

struct op rig_op(enum op_code opcode, int fd, const char *name);
struct op rig_read(int fd, const char *name, void *buffer, size_t size);

int rig_submit(struct rig *rig, struct op *op);
void rig_cancel(struct rig *rig, struct op *op);
int rig_enter(struct rig *rig, int64_t deadline, bool block);
unsigned rig_news(struct rig *rig);

/* Takes at most so many completions, writes them down, and returns how many there were. */
size_t rig_reap(struct rig *rig, size_t most);

/* Enters and reaps until nothing can come any more. */
void rig_run(struct rig *rig);

int rig_lend(struct rig *rig, uint16_t group, unsigned count, size_t size);

/* The memory of the buffer that was lent last. */
const void *rig_lent(const struct rig *rig);
void rig_give_back(struct rig *rig, uint16_t group, uint16_t buffer);

coil_time rig_time(const struct rig *rig);

#endif

// SPDX-License-Identifier: MIT
#include "engine/engine.h"
#include "loop/loop.h"

#include <coil/features.h>

static const struct {
    unsigned feature;
    enum op_code opcode;
} by_opcode[] = {
    {COIL_HAS_SOCKET, OP_SOCKET},    {COIL_HAS_BIND, OP_BIND}, {COIL_HAS_WAITID, OP_WAITID},
    {COIL_HAS_FUTEX, OP_FUTEX_WAIT}, {COIL_HAS_PIPE, OP_PIPE}, {COIL_HAS_FTRUNCATE, OP_FTRUNCATE},
};

static const struct {
    unsigned feature;
    uint32_t capability;
} by_capability[] = {
    {COIL_HAS_MANY_ACCEPT, ENGINE_MANY_ACCEPT},
    {COIL_HAS_MANY_RECV, ENGINE_MANY_RECV},
    {COIL_HAS_LENT_BUFFERS, ENGINE_LEND},
};

unsigned coil_features(const coil_loop *loop)
{
    unsigned found = 0;

    if (loop_argument(loop) < 0)
        return 0;
    sched_check_thread(loop->sched);
    if (loop->sched->closed)
        return 0;
    for (size_t i = 0; i < array_length(by_opcode); i++)
        if (engine_carries(loop->engine, by_opcode[i].opcode))
            found |= by_opcode[i].feature;
    for (size_t i = 0; i < array_length(by_capability); i++)
        if (loop->engine->capabilities & by_capability[i].capability)
            found |= by_capability[i].feature;
    return found;
}

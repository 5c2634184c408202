// SPDX-License-Identifier: MIT
#include "kernel.h"

#include "loop/await.h"

int kernel_nop(void)
{
    struct op op;

    op_init(&op, OP_NOP, -1, NULL);
    return await_op(&op);
}

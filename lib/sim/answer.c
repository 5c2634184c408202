// SPDX-License-Identifier: MIT
/*
 * What an operation of the simulated engine gets for an answer: the first fitting one of the
 * script, else one from the seed, else none.
 */
#include "base/alloc.h"
#include "sim/sim.h"

enum { MILLION = 1000000 };

/* ---- the script --------------------------------------------------------------------------- */

static bool fits(const coil_sim_answer *answer, const struct op *op)
{
    return (answer->opcode == COIL_SIM_ANY || answer->opcode == op->opcode) &&
           (answer->fd == COIL_SIM_ANY || answer->fd == op->fd);
}

/* Moves the first fitting answer, and those that follow it by `more`, to `answers`. */
static bool take_scripted(struct coil_sim *sim, const struct op *op, struct fifo *answers)
{
    for (struct fifo_node *node = sim->script.first; node; node = node->next) {
        struct sim_answer *entry = container_of(node, struct sim_answer, node);
        if (!fits(&entry->answer, op))
            continue;
        for (bool more = true; more;) {
            struct fifo_node *next = entry->node.next;
            more = entry->answer.more && next;
            fifo_remove(&sim->script, &entry->node);
            fifo_append(answers, &entry->node);
            if (more)
                entry = container_of(next, struct sim_answer, node);
        }
        return true;
    }
    return false;
}

int coil_sim_script(coil_sim *sim, const coil_sim_answer *answer)
{
    if (!sim || !answer)
        return -EINVAL;
    if (err_is(sim))
        return err_code(sim);
    if (answer->size != sizeof(*answer) || answer->delay < 0)
        return -EINVAL;
    sim_check_thread(sim);
    struct sim_answer *entry = coil__alloc(sizeof(*entry));
    if (!entry)
        return -ENOMEM;
    *entry = (struct sim_answer){.answer = *answer};
    fifo_append(&sim->script, &entry->node);
    return 0;
}

void sim_answers_free(struct fifo *answers)
{
    struct fifo_node *node;

    while ((node = fifo_take(answers)))
        coil__free(container_of(node, struct sim_answer, node));
}

/* ---- the seed ----------------------------------------------------------------------------- */

/* splitmix64 (G. Steele, D. Lea, C. Flood, 2014): good enough for tests, and one line of state. */
static uint64_t next_random(struct coil_sim *sim)
{
    uint64_t x = sim->random += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static bool moves_bytes(uint8_t opcode)
{
    return opcode == OP_READ || opcode == OP_WRITE || opcode == OP_SEND || opcode == OP_RECV;
}

static bool gives_descriptor(uint8_t opcode)
{
    return opcode == OP_ACCEPT || opcode == OP_OPENAT || opcode == OP_SOCKET;
}

static int good_result(struct coil_sim *sim, const struct op *op)
{
    if (moves_bytes(op->opcode))
        return op->length > INT32_MAX ? INT32_MAX : (int)op->length;
    if (op->opcode == OP_POLL)
        return (int)(op->mask & INT32_MAX); /* all that it asked for */
    return gives_descriptor(op->opcode) ? sim->next_fd++ : 0;
}

static int bad_result(struct coil_sim *sim, const struct op *op)
{
    static const int errors[] = {-EINTR, -EIO, -ENOMEM, -ECONNRESET, -ENOBUFS, -ETIMEDOUT};

    if (moves_bytes(op->opcode) && op->length > 1 && next_random(sim) % 2)
        return 1 + (int)(next_random(sim) % (op->length - 1)); /* a short count */
    return errors[next_random(sim) % array_length(errors)];
}

static int answer_from_seed(struct coil_sim *sim, const struct op *op, struct fifo *answers)
{
    struct sim_answer *entry = coil__alloc(sizeof(*entry));

    if (!entry)
        return -ENOMEM;
    bool bad = next_random(sim) % MILLION < sim->options.faults;
    uint64_t latency = (uint64_t)sim->options.latency_max;
    *entry = (struct sim_answer){
        .answer =
            {
                .size = sizeof(entry->answer),
                .result = bad ? bad_result(sim, op) : good_result(sim, op),
                .delay = (coil_time)(next_random(sim) % (latency + 1)),
                .cancel = (coil_sim_cancel)(next_random(sim) % 3),
            },
    };
    fifo_append(answers, &entry->node);
    return 0;
}

int sim_answers_for(struct coil_sim *sim, const struct op *op, struct fifo *answers)
{
    if (take_scripted(sim, op, answers) || !sim->options.seed)
        return 0;
    return answer_from_seed(sim, op, answers);
}

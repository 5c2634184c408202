// SPDX-License-Identifier: MIT
/*
 * The operations in flight of the simulated engine: from the submission, by a timer of the virtual
 * clock for each answer, to the completions in the ring.
 */
#include "sim/flight.h"

#include "base/alloc.h"

#include <string.h>

enum { COMPLETIONS_FIRST = 64 };

void sim_hash(struct coil_sim *sim, uint64_t value)
{
    sim->hash = (sim->hash ^ value) * 0x100000001b3u; /* FNV-1a's prime, a word at a time */
}

/* ---- completions -------------------------------------------------------------------------- */

/* Room for `more` beside all that is owed, made at submission: a completion always fits. */
static int reserve_completions(struct coil_sim *sim, size_t more)
{
    size_t needed = sim->count + sim->owed + more;
    size_t capacity = sim->capacity ? sim->capacity : COMPLETIONS_FIRST;

    while (capacity < needed)
        capacity *= 2;
    if (capacity == sim->capacity)
        return 0;
    struct completion *ring = coil__alloc(capacity * sizeof(*ring));
    if (!ring)
        return -ENOMEM;
    for (size_t i = 0; i < sim->count; i++)
        ring[i] = sim->completions[(sim->first + i) & (sim->capacity - 1)];
    coil__free(sim->completions);
    sim->completions = ring;
    sim->first = 0;
    sim->capacity = capacity;
    return 0;
}

static void complete(struct coil_sim *sim, struct sim_op *in_flight, struct completion completion)
{
    ASSERT(sim->count < sim->capacity && in_flight->owed > 0 && sim->owed > 0);
    in_flight->owed--;
    sim->owed--;
    sim->completions[(sim->first + sim->count++) & (sim->capacity - 1)] = completion;
    sim->completed++;
    sim_hash(sim, (uint64_t)sim_now(sim));
    sim_hash(sim, (uint64_t)(uint32_t)completion.result << 8 | completion.flags);
}

bool sim_reads_memory(const struct op *op)
{
    return (op->opcode == OP_READ || op->opcode == OP_RECV) && !(op->flags & OP_LEND) &&
           op->address;
}

/* Puts the answer's data where the operation wants it: its own memory, or a lent buffer. As with
 * the kernel, no more comes than there is room for. */
static void deliver(struct coil_sim *sim, const coil_sim_answer *answer,
                    struct completion *completion)
{
    struct op *op = completion->op;
    void *memory = (void *)(uintptr_t)op->address;
    size_t room = op->length;

    if (completion->result <= 0)
        return;
    if (op->flags & OP_LEND) {
        struct sim_group *group = sim_group(sim, op->group);
        if (!group || !group->free_count) {
            completion->result = -ENOBUFS;
            completion->flags = 0;
            return;
        }
        completion->buffer = group->free[--group->free_count];
        completion->flags |= COMPLETION_BUFFER;
        memory = sim_lent(&sim->engine, op->group, completion->buffer);
        room = group->size;
    } else if (!sim_reads_memory(op)) {
        return;
    }
    if ((size_t)completion->result > room)
        completion->result = (int32_t)room;
    if (answer->data)
        memcpy(memory, answer->data, (size_t)completion->result);
    else
        memset(memory, 0, (size_t)completion->result);
}

/* ---- operations in flight ----------------------------------------------------------------- */

static void end(struct coil_sim *sim, struct sim_op *in_flight)
{
    if (in_flight->armed)
        timers_disarm(&sim->timers, in_flight->timer);
    if (list_linked(&in_flight->link))
        list_remove(&in_flight->link);
    sim->owed -= in_flight->owed;
    in_flight->op->private = NULL; /* it may be cancelled until its completion is handed over */
    sim_answers_free(&in_flight->answers);
    coil__free(in_flight);
}

/* Starts the timer of the next answer. Without memory the operation ends with -ENOMEM, as the
 * kernel would have it; false: it is gone. */
static bool arm(struct coil_sim *sim, struct sim_op *in_flight)
{
    struct sim_answer *next = container_of(in_flight->answers.first, struct sim_answer, node);
    int rc = timers_arm(&sim->timers, timer_after(sim_now(sim), next->answer.delay), in_flight,
                        &in_flight->timer);

    in_flight->armed = rc == 0;
    if (rc == 0)
        return true;
    complete(sim, in_flight, (struct completion){.op = in_flight->op, .result = rc});
    end(sim, in_flight);
    return false;
}

/* Gives an operation its next answer. */
static void answer_next(struct coil_sim *sim, struct sim_op *in_flight)
{
    struct sim_answer *entry =
        container_of(fifo_take(&in_flight->answers), struct sim_answer, node);
    bool more = in_flight->answers.count > 0;
    struct completion completion = {
        .op = in_flight->op,
        .result = entry->answer.result,
        .flags = more ? COMPLETION_MORE : 0,
    };

    deliver(sim, &entry->answer, &completion);
    coil__free(entry);
    complete(sim, in_flight, completion);
    if (completion.flags & COMPLETION_MORE)
        (void)arm(sim, in_flight);
    else
        end(sim, in_flight);
}

int sim_submit(struct engine *engine, struct op *op)
{
    struct coil_sim *sim = sim_of(engine);
    struct sim_op *in_flight = coil__alloc_zeroed(sizeof(*in_flight));

    if (!in_flight)
        return -ENOMEM;
    fifo_init(&in_flight->answers);
    in_flight->op = op;
    int rc = sim_answers_for(sim, op, &in_flight->answers);
    in_flight->owed = in_flight->answers.count ? in_flight->answers.count : 1;
    if (rc == 0)
        rc = reserve_completions(sim, in_flight->owed);
    if (rc < 0) {
        sim_answers_free(&in_flight->answers);
        coil__free(in_flight);
        return rc;
    }
    sim->owed += in_flight->owed;
    op->private = in_flight;
    list_append(&sim->waiting, &in_flight->link);
    sim->submitted++;
    sim_hash(sim, (uint64_t)sim_now(sim));
    sim_hash(sim, (uint64_t)op->opcode << 32 | (uint32_t)op->fd);
    return 0;
}

void sim_cancel(struct engine *engine, struct op *op)
{
    struct coil_sim *sim = sim_of(engine);
    struct sim_op *in_flight = op->private;

    if (!in_flight) /* it has ended: the completion is on its way */
        return;
    in_flight->cancelled = true;
    if (list_linked(&in_flight->link)) /* not sent yet: it will be, as the kernel has it */
        return;
    list_append(&sim->asked, &in_flight->link);
}

static void cancel_now(struct coil_sim *sim, struct sim_op *in_flight)
{
    struct fifo_node *first = in_flight->answers.first;
    const coil_sim_answer *answer =
        first ? &container_of(first, struct sim_answer, node)->answer : NULL;

    in_flight->cancelled = false;
    if (answer && answer->cancel == COIL_SIM_CANCEL_IGNORED)
        return;
    if (answer && answer->cancel == COIL_SIM_CANCEL_LOSES) {
        if (in_flight->armed)
            timers_disarm(&sim->timers, in_flight->timer);
        in_flight->armed = false;
        answer_next(sim, in_flight);
        return;
    }
    complete(sim, in_flight, (struct completion){.op = in_flight->op, .result = -ECANCELED});
    end(sim, in_flight);
}

void sim_send(struct coil_sim *sim)
{
    struct list_node *node;

    while ((node = list_take_first(&sim->waiting))) {
        struct sim_op *in_flight = list_entry(node, struct sim_op, link);
        in_flight->sent = true;
        if (in_flight->answers.count && !arm(sim, in_flight))
            continue;
        if (in_flight->cancelled)
            list_append(&sim->asked, &in_flight->link);
    }
    while ((node = list_take_first(&sim->asked)))
        cancel_now(sim, list_entry(node, struct sim_op, link));
}

void sim_answer_due(struct coil_sim *sim)
{
    struct sim_op *in_flight;

    while ((in_flight = timers_expire(&sim->timers, sim_now(sim)))) {
        in_flight->armed = false;
        answer_next(sim, in_flight);
    }
}

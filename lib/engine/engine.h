// SPDX-License-Identifier: MIT
/*
 * The engine: what carries operations to where they happen and brings their completions back. Ring,
 * sim and epoll each are one; the loop knows only this page.
 *
 * An operation (struct op) has the shape of an io_uring SQE. Whoever submits it keeps it and the
 * memory it names where they are until the last completion was handed over: that one has no
 * COMPLETION_MORE. An operation has one completion, or, with OP_MANY, any number.
 *
 * engine_cancel asks; the operation still ends by its last completion: -ECANCELED, -EINTR, or its
 * result when that came first. Submitting never fails for lack of room in a queue.
 *
 * With OP_LEND the operation names no memory: each of its completions that carries data lends a
 * buffer of the group in `group`, which goes back by engine_give_back, also when nobody waits for
 * the data any more.
 *
 * Everything but engine_wake belongs to the thread of the loop.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/assert.h"
#include "base/circle.h"
#include "base/err.h"
#include "base/list.h"
#include "base/machine.h"
#include "base/probe.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The values are IORING_OP_*'s, but for the last. */
enum op_code {
    OP_NOP = 0,
    OP_READV = 1,
    OP_WRITEV = 2,
    OP_FSYNC = 3,
    OP_POLL = 6,
    OP_SENDMSG = 9,
    OP_RECVMSG = 10,
    OP_ACCEPT = 13,
    OP_CONNECT = 16,
    OP_FALLOCATE = 17,
    OP_OPENAT = 18,
    OP_CLOSE = 19,
    OP_STATX = 21,
    OP_READ = 22,
    OP_WRITE = 23,
    OP_FADVISE = 24,
    OP_MADVISE = 25,
    OP_SEND = 26,
    OP_RECV = 27,
    OP_OPENAT2 = 28,
    OP_SPLICE = 30, /* from `fd2` at `address`, an offset, to `fd` at `offset` */
    OP_TEE = 33,
    OP_SHUTDOWN = 34,
    OP_RENAMEAT = 35,
    OP_UNLINKAT = 36,
    OP_MKDIRAT = 37,
    OP_SYMLINKAT = 38,
    OP_LINKAT = 39,
    OP_FSETXATTR = 41,
    OP_FGETXATTR = 43,
    OP_SOCKET = 45, /* in `options` the domain, in `offset` the type; fd is -1: it has none yet */
    OP_WAITID = 50, /* in `length` the kind of id, in `size` the id, in `fd2` the options */
    OP_FUTEX_WAIT = 51, /* in `futex` its kind, in `offset` what it should hold */
    OP_FUTEX_WAKE = 52, /* in `futex` its kind, in `offset` how many */
    OP_FTRUNCATE = 55,
    OP_BIND = 56,
    OP_LISTEN = 57,
    OP_PIPE = 62,
    OP_CALL = 63, /* not io_uring's: `call` with `address`, on a thread that it may block */
    OP_CODES = 64
};

enum op_flags {
    OP_SLOT = 1, /* `fd` is a slot of the engine's own table, not a descriptor */
    OP_MANY = 2, /* completions come until one without COMPLETION_MORE */
    OP_LEND = 4, /* the engine lends buffers of `group` */
    /* it writes where a write(2) may raise SIGPIPE: the engine sees to it that none is raised */
    OP_MAY_SIGNAL = 8,
    OP_TO_THE_END = 16 /* it must not be left half done: neither a closing loop cancels it nor
                          who closes its descriptor */
};

enum {
    OP_DATA_ONLY = 1 /* OP_FSYNC: IORING_FSYNC_DATASYNC */
};

#define OP_HERE UINT64_MAX /* the `offset` of what moves bytes at a file's own position */

enum op_state { OP_IDLE, OP_IN_FLIGHT, OP_CANCELLING };

struct op;
struct completion;

/* Called by whoever takes completions from the engine. Queues work; runs no coroutine. */
typedef void (*op_complete_fn)(struct op *op, const struct completion *completion);

struct op {
    uint8_t opcode; /* enum op_code */
    uint8_t flags;  /* enum op_flags */
    uint8_t state;  /* enum op_state; the engine's */
    union {
        uint16_t group; /* with OP_LEND */
        int32_t fd2;
        uint32_t futex; /* OP_FUTEX_*: FUTEX2_* */
    };
    int32_t fd;
    union {
        uint64_t offset;
        const void *address2;
        int (*call)(void *argument); /* OP_CALL: what it returns is the result */
    };
    union {
        const void *address; /* what it reads or writes */
        uint64_t mask;       /* OP_POLL */
        uint64_t size;       /* OP_FALLOCATE, whose mode is in `length` */
    };
    uint32_t length;
    uint32_t options; /* the opcode's own flags: MSG_*, SPLICE_F_*, O_* */
    op_complete_fn complete;
    void *submitter;            /* whose it is; the engine may fetch it when a completion comes */
    void *private;              /* the engine's */
    struct list_node in_flight; /* the engine's list, in order of submission */
    struct coil_link same_fd;   /* the engine's index */
};

enum completion_flags {
    COMPLETION_MORE = 1,  /* not the last one of its operation */
    COMPLETION_BUFFER = 2 /* `buffer` was lent */
};

struct completion {
    struct op *op;
    int32_t result; /* >= 0 or -errno */
    uint16_t flags; /* enum completion_flags */
    uint16_t buffer;
};

enum engine_capabilities {
    ENGINE_MANY_ACCEPT = 1, /* OP_MANY with OP_ACCEPT */
    ENGINE_MANY_RECV = 2,   /* OP_MANY with OP_RECV */
    ENGINE_LEND = 4,        /* OP_LEND */
    ENGINE_SLOTS = 8        /* OP_SLOT */
};

enum engine_news {
    ENGINE_CAME = 1, /* completions to reap */
    ENGINE_TIME = 2  /* the clock may have passed the deadline: read it */
};

struct engine;

struct engine_class {
    const char *name;
    bool real; /* descriptors are the kernel's: what never blocks can be called on them */
    int (*submit)(struct engine *engine, struct op *op);
    void (*cancel)(struct engine *engine, struct op *op);
    int (*enter)(struct engine *engine, int64_t deadline, bool block);
    size_t (*reap)(struct engine *engine, struct completion *completions, size_t most);
    bool (*quiet)(const struct engine *engine);
    unsigned (*news)(struct engine *engine);
    int64_t (*now)(const struct engine *engine);
    void (*wake)(struct engine *engine);
    void (*block)(struct engine *engine, int64_t until);
    int (*descriptor)(struct engine *engine);
    void (*rouse)(struct engine *engine, bool readable);
    int (*lend)(struct engine *engine, uint16_t group, unsigned count, size_t size);
    void *(*lent)(struct engine *engine, uint16_t group, uint16_t buffer);
    void (*give_back)(struct engine *engine, uint16_t group, uint16_t buffer);
    void (*detach)(struct engine *engine);
};

enum { ENGINE_BUCKETS = 64 }; /* at first */

struct engine {
    const struct engine_class *class;
    uint32_t capabilities; /* enum engine_capabilities */
    uint64_t opcodes;      /* a bit for each that it carries */
    struct list in_flight; /* operations without their last completion */
    size_t in_flight_count;
    /* What other threads owe this loop and will announce by engine_wake, kept by whoever is owed:
     * virtual time stands still meanwhile. */
    size_t owed_by_threads;
    /* Those on descriptors, hashed by these; as many buckets as operations were in flight, where
     * there was memory. In each the order of submission. */
    struct coil_link **buckets;
    size_t bucket_mask;
    struct coil_link *few_buckets[ENGINE_BUCKETS];
};

/* What every engine has in common. */
void engine_init(struct engine *engine, const struct engine_class *class);
void engine_fini(struct engine *engine);

/* Twice as many buckets, or as many as before. */
void engine_grow(struct engine *engine);

/* The operation in flight on a descriptor that was submitted next after `op`; NULL for `op`: the
 * first one; NULL: no more. */
struct op *engine_next_on(const struct engine *engine, int fd, const struct op *op);

static const uint8_t op_moves[] = {
    [OP_IDLE] = MACHINE_TO(OP_IN_FLIGHT),
    [OP_IN_FLIGHT] = MACHINE_TO(OP_CANCELLING) | MACHINE_TO(OP_IDLE),
    [OP_CANCELLING] = MACHINE_TO(OP_IDLE),
};

static inline bool engine_carries(const struct engine *engine, enum op_code opcode)
{
    return engine->opcodes >> opcode & 1;
}

static inline void op_init(struct op *op, enum op_code opcode, int fd, op_complete_fn complete)
{
    /* One by one: the whole would be cleared by a string instruction, which is slow to begin. */
    op->opcode = (uint8_t)opcode;
    op->flags = 0;
    op->state = OP_IDLE;
    op->fd2 = 0;
    op->fd = fd;
    op->offset = 0;
    op->address = NULL;
    op->length = op->options = 0;
    op->complete = complete;
    op->in_flight = (struct list_node){.next = NULL};
    op->same_fd = (struct coil_link){.next = NULL};
    op->submitter = op->private = NULL;
}

static inline struct coil_link **engine_bucket(const struct engine *engine, int fd)
{
    return &engine->buckets[(unsigned)fd & engine->bucket_mask];
}

/* Queues an operation; the next enter sends it. -EOPNOTSUPP, -ENOMEM: nothing was queued. */
static inline int engine_submit(struct engine *engine, struct op *op)
{
    ASSERT(op->complete != NULL && op->opcode < OP_CODES);
    if (!engine_carries(engine, (enum op_code)op->opcode))
        return -EOPNOTSUPP;
    int rc = engine->class->submit(engine, op);
    if (rc < 0)
        return rc;
    PROBE3(op__submit, op, op->opcode, op->fd);
    machine_move(&op->state, OP_IN_FLIGHT, op_moves);
    if (op->fd >= 0 && !(op->flags & OP_SLOT)) {
        if (unlikely(engine->in_flight_count > engine->bucket_mask))
            engine_grow(engine);
        circle_append(engine_bucket(engine, op->fd), &op->same_fd);
    }
    list_append(&engine->in_flight, &op->in_flight);
    engine->in_flight_count++;
    return 0;
}

/* Asks once that an operation in flight end. */
static inline void engine_cancel(struct engine *engine, struct op *op)
{
    if (op->state == OP_CANCELLING)
        return;
    machine_move(&op->state, OP_CANCELLING, op_moves);
    engine->class->cancel(engine, op);
}

/*
 * Sends what was queued and, when `block`, waits for a completion, a wake or `deadline`. The
 * deadline is given in any case: the engine says ENGINE_TIME when it has passed. No system call
 * when there is nothing to send and nothing to wait for. -COIL_EDEADLOCK when nothing can come.
 */
static inline int engine_enter(struct engine *engine, int64_t deadline, bool block)
{
    return engine->class->enter(engine, deadline, block);
}

/* Whether an enter that does not block, and the questions after it, would change nothing. */
static inline bool engine_quiet(const struct engine *engine)
{
    return engine->class->quiet(engine);
}

/* What came since this was last asked (enum engine_news); costs next to nothing. */
static inline unsigned engine_news(struct engine *engine)
{
    return engine->class->news(engine);
}

static inline int64_t engine_now(const struct engine *engine)
{
    return engine->class->now(engine);
}

/* Makes the enter that blocks now, or the next one that would, return. From any thread. */
static inline void engine_wake(struct engine *engine)
{
    engine->class->wake(engine);
}

/* The program blocks its thread until a point of the engine's clock. */
static inline void engine_block(struct engine *engine, int64_t until)
{
    engine->class->block(engine, until);
}

/*
 * A descriptor that polls readable once completions come, for a loop of somebody else's that this
 * one lives in; always the same. -EOPNOTSUPP, -EMFILE, -ENOMEM.
 */
static inline int engine_descriptor(struct engine *engine)
{
    return engine->class->descriptor ? engine->class->descriptor(engine) : -EOPNOTSUPP;
}

/* Makes that descriptor readable, or unreadable until the next completion. */
static inline void engine_rouse(struct engine *engine, bool readable)
{
    engine->class->rouse(engine, readable);
}

/* Hands completions over in the order in which they came; 0: no more. */
static inline size_t engine_reap(struct engine *engine, struct completion *completions, size_t most)
{
    return engine->class->reap(engine, completions, most);
}

/* For the engine: an operation's completion is being handed over. */
static inline void engine_hand_over(struct engine *engine, const struct completion *completion)
{
    struct op *op = completion->op;

    if (completion->flags & COMPLETION_MORE)
        return;
    PROBE2(op__complete, op, completion->result);
    machine_move(&op->state, OP_IDLE, op_moves);
    if (circle_linked(&op->same_fd))
        circle_remove(engine_bucket(engine, op->fd), &op->same_fd);
    list_remove(&op->in_flight);
    ASSERT(engine->in_flight_count > 0);
    engine->in_flight_count--;
}

/* Makes a group of `count` buffers to lend. -EINVAL, -EEXIST, -ENOMEM, -EOPNOTSUPP. */
static inline int engine_lend(struct engine *engine, uint16_t group, unsigned count, size_t size)
{
    return engine->capabilities & ENGINE_LEND ? engine->class->lend(engine, group, count, size)
                                              : -EOPNOTSUPP;
}

/* The memory of a lent buffer. */
static inline void *engine_lent(struct engine *engine, uint16_t group, uint16_t buffer)
{
    return engine->class->lent(engine, group, buffer);
}

static inline void engine_give_back(struct engine *engine, uint16_t group, uint16_t buffer)
{
    engine->class->give_back(engine, group, buffer);
}

/* The loop is done with its engine. Nothing is in flight. */
static inline void engine_detach(struct engine *engine)
{
    ASSERT(engine->in_flight_count == 0);
    engine_fini(engine);
    engine->class->detach(engine);
}

#endif

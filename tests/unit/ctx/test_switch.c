// SPDX-License-Identifier: MIT
/* Runs in both builds: on the assembly switch and on ucontext. */
#include "check.h"

#include "ctx/switch.h"
#include "os/os.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unwind.h>

enum { STACK = 64 << 10 };

/* A context and whoever switches to it. Its entry gets this as its first value. */
struct pair {
    struct ctx inner, outer;
    char *stack;
    void *seen; /* what the entry noted */
};

/* False: no memory. */
static bool pair_init(struct pair *pair, ctx_entry entry)
{
    void *memory = NULL;

    *pair = (struct pair){.stack = NULL};
    if (!CHECK_EQ(os_reserve(STACK, &memory), 0))
        return false;
    pair->stack = memory;
    ctx_init_thread(&pair->outer);
    ctx_init(&pair->inner, pair->stack, STACK, entry);
    return true;
}

static void pair_fini(struct pair *pair)
{
    ctx_fini(&pair->inner);
    os_release(pair->stack, STACK);
}

static void *enter(struct pair *pair, void *value)
{
    return ctx_switch(&pair->outer, &pair->inner, value);
}

static void *back(struct pair *pair, void *value)
{
    return ctx_switch(&pair->inner, &pair->outer, value);
}

_Noreturn static void leave(struct pair *pair, void *value)
{
    ctx_leave(&pair->inner, &pair->outer, value);
}

/* ---- values ------------------------------------------------------------------------------- */

static void echo(void *value)
{
    struct pair *pair = value;
    char *next;

    ctx_begun(&pair->inner);
    next = back(pair, NULL);
    while (next)
        next = back(pair, next + 1);
    leave(pair, pair);
}

TEST(switch, a_value_travels_both_ways)
{
    struct pair pair;
    char text[200];

    if (!pair_init(&pair, echo))
        return;
    CHECK_PTR(enter(&pair, &pair), NULL);
    for (int i = 0; i < 100; i++)
        CHECK_PTR(enter(&pair, &text[i]), &text[i + 1]);
    CHECK_PTR(enter(&pair, NULL), &pair);
    pair_fini(&pair);
}

static void leave_at_once(void *value)
{
    struct pair *pair = value;

    ctx_begun(&pair->inner);
    leave(pair, pair->stack);
}

TEST(switch, a_stack_that_was_left_serves_the_next_context)
{
    struct pair pair;

    if (!pair_init(&pair, leave_at_once))
        return;
    for (int i = 0; i < 100; i++) {
        CHECK_PTR(enter(&pair, &pair), pair.stack);
        ctx_fini(&pair.inner);
        ctx_init(&pair.inner, pair.stack, STACK, leave_at_once);
    }
    pair_fini(&pair);
}

TEST(switch, a_context_that_never_ran_can_go)
{
    struct pair pair;

    if (pair_init(&pair, leave_at_once))
        pair_fini(&pair);
}

/* ---- what a function keeps over a switch -------------------------------------------------- */

/* Junk in every register that a function may find again after a call, and in all others. */
static ALWAYS_INLINE void scribble(void)
{
#if defined(__x86_64__)
    __asm__ volatile("movq $-1, %%rbx\n\tmovq $-1, %%r12\n\tmovq $-1, %%r13\n\t"
                     "movq $-1, %%r14\n\tmovq $-1, %%r15\n\tmovq $-1, %%rcx\n\t"
                     "movq $-1, %%r8\n\tmovq $-1, %%r9\n\tmovq $-1, %%r10\n\tmovq $-1, %%r11\n\t"
                     "pcmpeqd %%xmm0, %%xmm0\n\tpcmpeqd %%xmm1, %%xmm1\n\t"
                     "pcmpeqd %%xmm2, %%xmm2\n\tpcmpeqd %%xmm3, %%xmm3\n\t"
                     "pcmpeqd %%xmm4, %%xmm4\n\tpcmpeqd %%xmm5, %%xmm5\n\t"
                     "pcmpeqd %%xmm6, %%xmm6\n\tpcmpeqd %%xmm7, %%xmm7\n\t"
                     "pcmpeqd %%xmm8, %%xmm8\n\tpcmpeqd %%xmm9, %%xmm9\n\t"
                     "pcmpeqd %%xmm10, %%xmm10\n\tpcmpeqd %%xmm11, %%xmm11\n\t"
                     "pcmpeqd %%xmm12, %%xmm12\n\tpcmpeqd %%xmm13, %%xmm13\n\t"
                     "pcmpeqd %%xmm14, %%xmm14\n\tpcmpeqd %%xmm15, %%xmm15"
                     :
                     :
                     : "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0",
                       "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                       "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
#elif defined(__aarch64__)
    __asm__ volatile(".irp n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 18, 19, 20, 21, 22, "
                     "23, 24, 25, 26, 27, 28\n\t"
                     "mov x\\n, #-1\n\t"
                     ".endr\n\t"
                     ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, "
                     "19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n\t"
                     "movi v\\n\\().16b, #255\n\t"
                     ".endr"
                     :
                     :
                     : "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                       "x15", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27",
                       "x28", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10",
                       "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21",
                       "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
#endif
}

static void scribbler(void *value)
{
    struct pair *pair = value;

    ctx_begun(&pair->inner);
    for (;;) {
        scribble();
        if (!back(pair, NULL))
            leave(pair, NULL);
    }
}

/* More live values than there are registers: some are in each of them, the rest in the frame. */
NOINLINE static void keep_integers(struct pair *pair, uint64_t seed)
{
    uint64_t a = seed + 1, b = seed + 2, c = seed + 3, d = seed + 4, e = seed + 5, f = seed + 6;
    uint64_t g = seed + 7, h = seed + 8;

    for (int i = 0; i < 3; i++) {
        /* The compiler cannot know the values, and wants them in registers. */
        __asm__ volatile(""
                         : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f), "+r"(g), "+r"(h));
        enter(pair, pair);
        __asm__ volatile(""
                         : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f), "+r"(g), "+r"(h));
    }
    CHECK_EQ(a - seed, 1);
    CHECK_EQ(b - seed, 2);
    CHECK_EQ(c - seed, 3);
    CHECK_EQ(d - seed, 4);
    CHECK_EQ(e - seed, 5);
    CHECK_EQ(f - seed, 6);
    CHECK_EQ(g - seed, 7);
    CHECK_EQ(h - seed, 8);
}

/* One value at a time: the compiler chooses the cheapest place, a callee-saved register if any. */
NOINLINE static uint64_t keep_one(struct pair *pair, uint64_t seed)
{
    enter(pair, pair);
    return seed;
}

NOINLINE static double keep_doubles(struct pair *pair, double x)
{
    double a = x * 2, b = x * 3, c = x * 5, d = x * 7, e = x * 11, f = x * 13;

    for (int i = 0; i < 3; i++) {
        enter(pair, pair);
        a += x, b += x, c += x, d += x, e += x, f += x;
    }
    return a + b + c + d + e + f;
}

TEST(switch, live_values_outlast_what_the_other_side_does_to_registers)
{
    struct pair pair;

    if (!pair_init(&pair, scribbler))
        return;
    enter(&pair, &pair);
    for (uint64_t seed = 1; seed < 100; seed++) {
        keep_integers(&pair, seed * 0x0101010101010101u);
        CHECK_EQ(keep_one(&pair, seed), seed);
        CHECK(keep_doubles(&pair, (double)seed) == (double)seed * (41 + 6 * 3));
    }
    enter(&pair, NULL);
    pair_fini(&pair);
}

/* Switches away at the bottom, and finds each frame as it was on the way up. */
NOINLINE static uint64_t descend(struct pair *pair, int depth, double weight)
{
    volatile uint64_t local[8]; /* in the frame for sure */
    double half = weight / 2;
    uint64_t below;

    for (int i = 0; i < 8; i++)
        local[i] = (uint64_t)(depth * 8 + i);
    if (depth == 0)
        below = back(pair, pair) == pair ? 0 : 1;
    else
        below = descend(pair, depth - 1, half);
    for (int i = 0; i < 8; i++)
        CHECK_EQ(local[i], depth * 8 + i);
    CHECK(half * 2 == weight);
    return below + 1;
}

static void diver(void *value)
{
    struct pair *pair = value;

    ctx_begun(&pair->inner);
    for (int round = 0; round < 10; round++)
        CHECK_EQ(descend(pair, 50, 1024), 51);
    leave(pair, NULL);
}

TEST(switch, frames_many_calls_deep_are_as_they_were)
{
    struct pair pair;
    int rounds = 0;

    if (!pair_init(&pair, diver))
        return;
    while (enter(&pair, &pair))
        rounds++;
    CHECK_EQ(rounds, 10);
    pair_fini(&pair);
}

/* ---- where a context begins --------------------------------------------------------------- */

/* A function relies on the alignment of the frame below it, so this shows what it was given. */
NOINLINE static uintptr_t misalignment(void)
{
    _Alignas(16) char local[16];
    uintptr_t address = (uintptr_t)local;

    __asm__ volatile("" : "+r"(address) : : "memory");
    return address % 16;
}

static void aligned(void *value)
{
    struct pair *pair = value;
    _Alignas(16) char local[16];
    uintptr_t address = (uintptr_t)local;

    ctx_begun(&pair->inner);
    __asm__ volatile("" : "+r"(address) : : "memory");
    CHECK_EQ(address % 16, 0);
    CHECK_EQ(misalignment(), 0);
    CHECK((char *)address > pair->stack && (char *)address < pair->stack + STACK);
    leave(pair, NULL);
}

TEST(switch, a_stack_begins_aligned_whatever_its_size)
{
    struct pair pair;

    if (!pair_init(&pair, aligned))
        return;
    enter(&pair, &pair);
    for (size_t odd = 1; odd < 64; odd++) {
        ctx_fini(&pair.inner);
        ctx_init(&pair.inner, pair.stack, STACK - odd, aligned);
        enter(&pair, &pair);
    }
    pair_fini(&pair);
}

#if COIL_CONTEXT_ASM
struct trace {
    int frames;
    uintptr_t last;
};

static _Unwind_Reason_Code count_frame(struct _Unwind_Context *context, void *argument)
{
    struct trace *trace = argument;

    trace->last = _Unwind_GetIP(context);
    return ++trace->frames < 100 ? _URC_NO_REASON : _URC_NORMAL_STOP;
}

NOINLINE static void unwind(struct trace *trace)
{
    _Unwind_Backtrace(count_frame, trace);
    __asm__ volatile("" : : : "memory"); /* a frame of its own, no jump */
}

static void outermost(void *value)
{
    struct pair *pair = value;
    struct trace trace = {0};
    void *const *frame = __builtin_frame_address(0);

    ctx_begun(&pair->inner);
    CHECK_PTR(frame[0], NULL);                    /* the caller's frame pointer */
    CHECK_PTR(__builtin_return_address(0), NULL); /* and where to it would return */
    unwind(&trace);
    CHECK(trace.frames >= 2 && trace.frames <= 3); /* unwind, this one, and a 0 for the end */
    leave(pair, NULL);
}

TEST(switch, the_entry_is_the_outermost_frame)
{
    struct pair pair;

    if (!pair_init(&pair, outermost))
        return;
    /* What lies there must be the switch's doing, not fresh memory. */
    memset(pair.stack, 0x55, STACK);
    ctx_fini(&pair.inner);
    ctx_init(&pair.inner, pair.stack, STACK, outermost);
    enter(&pair, &pair);
    pair_fini(&pair);
}

/* ---- what belongs to the thread ----------------------------------------------------------- */

#if defined(__x86_64__)
enum { ROUND_UP = 0x4000, ROUNDING = 0x6000 }; /* in MXCSR */

static void round_by(unsigned how)
{
    __builtin_ia32_ldmxcsr((__builtin_ia32_stmxcsr() & ~(unsigned)ROUNDING) | how);
}

static unsigned rounding(void)
{
    return __builtin_ia32_stmxcsr() & ROUNDING;
}
#elif defined(__aarch64__)
enum { ROUND_UP = 1 << 22, ROUNDING = 3 << 22 }; /* in FPCR */

static uint64_t control(void)
{
    uint64_t fpcr;

    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return fpcr;
}

static void round_by(unsigned how)
{
    __asm__ volatile("msr fpcr, %0" : : "r"((control() & ~(uint64_t)ROUNDING) | how));
}

static unsigned rounding(void)
{
    return control() & ROUNDING;
}
#else
enum { ROUND_UP = 0 };

static void round_by(unsigned how)
{
    (void)how;
}

static unsigned rounding(void)
{
    return 0;
}
#endif

static void change_the_thread(void *value)
{
    struct pair *pair = value;
    sigset_t usr1;

    ctx_begun(&pair->inner);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    round_by(ROUND_UP);
    leave(pair, NULL);
}

/* ucontext does more here than is promised: it keeps both for each context. */
TEST(switch, signal_mask_and_rounding_belong_to_the_thread)
{
    struct pair pair;
    sigset_t before, after;

    if (!pair_init(&pair, change_the_thread))
        return;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    enter(&pair, &pair);
    pthread_sigmask(SIG_SETMASK, &before, &after);
    CHECK_EQ(sigismember(&after, SIGUSR1), 1);
    CHECK_EQ(rounding(), ROUND_UP);
    round_by(0);
    pair_fini(&pair);
}
#endif

static void change_errno(void *value)
{
    struct pair *pair = value;

    ctx_begun(&pair->inner);
    errno = EDOM;
    leave(pair, NULL);
}

TEST(switch, errno_belongs_to_the_thread)
{
    struct pair pair;

    if (!pair_init(&pair, change_errno))
        return;
    errno = 0;
    enter(&pair, &pair);
    CHECK_EQ(errno, EDOM);
    pair_fini(&pair);
}

/* ---- many --------------------------------------------------------------------------------- */

enum { MANY = 64, ROUNDS = 50 };

/* Each one hands over to the next and not back to who started it. */
struct ring {
    struct pair pairs[MANY];
    int order[MANY * ROUNDS];
    int steps;
};

struct seat {
    struct ring *ring;
    int place;
};

static void sit(void *value)
{
    struct seat seat = *(struct seat *)value;
    struct pair *self = &seat.ring->pairs[seat.place];
    struct pair *next = &seat.ring->pairs[(seat.place + 1) % MANY];

    ctx_begun(&self->inner);
    back(self, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        seat.ring->order[seat.ring->steps++] = seat.place;
        if (seat.ring->steps == MANY * ROUNDS)
            ctx_switch(&self->inner, &seat.ring->pairs[0].outer, NULL);
        ctx_switch(&self->inner, &next->inner, NULL);
    }
    __builtin_unreachable();
}

TEST(switch, many_contexts_hand_over_to_each_other)
{
    static struct ring ring;
    int made = 0;

    ring.steps = 0;
    for (; made < MANY; made++) {
        struct seat seat = {&ring, made};
        if (!pair_init(&ring.pairs[made], sit))
            break;
        enter(&ring.pairs[made], &seat);
    }
    if (made == MANY) {
        enter(&ring.pairs[0], NULL);
        CHECK_EQ(ring.steps, MANY * ROUNDS);
        for (int i = 0; i < ring.steps; i++)
            CHECK_EQ(ring.order[i], i % MANY);
    }
    while (made--)
        pair_fini(&ring.pairs[made]);
}

static void note_thread(void *value)
{
    struct pair *pair = value;

    ctx_begun(&pair->inner);
    pair->seen = (void *)pthread_self();
    leave(pair, NULL);
}

static void *run_here(void *argument)
{
    struct pair *pair = argument;

    ctx_init_thread(&pair->outer);
    enter(pair, pair);
    return (void *)pthread_self();
}

TEST(switch, a_context_may_begin_on_another_thread_than_its_maker)
{
    struct pair pair;
    pthread_t thread;
    void *other = NULL;

    if (!pair_init(&pair, note_thread))
        return;
    if (CHECK_EQ(pthread_create(&thread, NULL, run_here, &pair), 0)) {
        pthread_join(thread, &other);
        CHECK_PTR(pair.seen, other);
    }
    pair_fini(&pair);
}

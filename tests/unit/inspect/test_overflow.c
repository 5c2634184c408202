// SPDX-License-Identifier: MIT
/*
 * What overruns does so in a process of its own. Sanitizers explain a SIGSEGV themselves, and end
 * the program in another way: there the former disposition is set to the default first.
 */
#include "coverage.h"
#include "faults.h"
#include "signals.h"
#include "world.h"

#include "base/poison.h"
#include "ctx/stack.h"
#include "fiber/fiber.h"
#include "fiber/stacks.h"
#include "loop/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* A fault could be refused on the way; and Valgrind has guards and signals of its own. */
static bool skipped(void)
{
#if COIL_VALGRIND
    if (coil__on_valgrind)
        return true;
#endif
    return check_walking();
}

/* ---- a process of its own ------------------------------------------------------------------- */

struct end {
    int status;
    char text[1024]; /* what it wrote to stderr */
};

static struct end end_of(void (*function)(void))
{
    struct end end = {.status = -1};
    int fd[2];

    if (!CHECK(pipe2(fd, O_CLOEXEC) == 0))
        return end;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(fd[1], STDERR_FILENO);
        coverage_ends_by(SIGSEGV);
        function();
        _exit(0);
    }
    close(fd[1]);
    size_t length = 0;
    ssize_t n;
    while ((n = read(fd[0], end.text + length, sizeof(end.text) - 1 - length)) > 0)
        length += (size_t)n;
    close(fd[0]);
    CHECK(child > 0 && waitpid(child, &end.status, 0) == child);
    return end;
}

static void ends_by_signal(void (*function)(void), const char *text)
{
    if (skipped())
        return;
    struct end end = end_of(function);
    CHECK_STR(end.text, text);
    CHECK(WIFSIGNALED(end.status) && WTERMSIG(end.status) == SIGSEGV);
}

/* ---- who overruns --------------------------------------------------------------------------- */

static __attribute__((noinline)) unsigned recurse(unsigned depth)
{
    volatile char room[64];

    if (depth == 0)
        return 0;
    room[depth % sizeof(room)] = 1;
    return recurse(depth - 1) + (unsigned)room[depth % sizeof(room)];
}

static void *digs(void *arg)
{
    (void)arg;
    return recurse(1u << 30) ? NULL : COIL_ERR(-EIO);
}

static void *drives(void *gen)
{
    return COIL_ERR(coil_gen_next(gen, NULL));
}

static void run(coil_fn fn, void *arg, const coil_task_options *options)
{
    WORLD(w);
    coil_task *task = coil_create_task_with(w.loop, fn, arg, options);
    PASS(coil_run_until_complete(w.loop, task, NULL));
}

static coil_gen *digger(const char *name)
{
    coil_gen_options options = {.size = sizeof(options), .name = name, .stack_size = 128 << 10};
    return coil_gen_new_with(digs, NULL, &options);
}

static const char *line(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *line(const char *format, ...)
{
    static char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return text;
}

static void task_without_a_name(void)
{
    PASS(coil_report_overflows(true));
    run(digs, NULL, NULL);
}

TEST(overflow, a_task_is_reported)
{
    ends_by_signal(task_without_a_name,
                   line("coil: task 'task-1' (coro=%p) overran its stack of 64 KiB; "
                        "coil_task_options.stack_size gives it more\n",
                        (void *)(uintptr_t)digs));
}

static void task_with_a_name(void)
{
    coil_task_options options = {
        .size = sizeof(options), .name = "the\ndigger", .stack_size = 20 << 10};
    PASS(coil_report_overflows(true));
    run(digs, NULL, &options);
}

TEST(overflow, a_task_has_its_name_and_its_size)
{
    ends_by_signal(task_with_a_name,
                   line("coil: task 'the?digger' (coro=%p) overran its stack of 32 KiB; "
                        "coil_task_options.stack_size gives it more\n",
                        (void *)(uintptr_t)digs));
}

static void task_with_a_long_name(void)
{
    char name[1000] = "";
    coil_task_options options = {.size = sizeof(options), .name = name};

    memset(name, 'n', sizeof(name) - 1);
    PASS(coil_report_overflows(true));
    run(digs, NULL, &options);
}

TEST(overflow, a_long_name_is_cut)
{
    ends_by_signal(task_with_a_long_name,
                   line("coil: task '%.*s' (coro=%p) overran its stack of 64 KiB; "
                        "coil_task_options.stack_size gives it more\n",
                        64, "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
                        (void *)(uintptr_t)digs));
}

static void generator_alone(void)
{
    PASS(coil_report_overflows(true));
    coil_gen_next(digger("walker"), NULL);
}

TEST(overflow, a_generator_is_reported_without_a_loop)
{
    ends_by_signal(generator_alone,
                   line("coil: generator 'walker' (coro=%p) overran its stack of 128 KiB; "
                        "coil_gen_options.stack_size gives it more\n",
                        (void *)(uintptr_t)digs));
}

static void generator_in_a_task(void)
{
    PASS(coil_report_overflows(true));
    run(drives, digger(NULL), NULL);
}

TEST(overflow, a_generator_is_reported_with_its_task)
{
    ends_by_signal(
        generator_in_a_task,
        line("coil: generator (coro=%p) in task 'task-1' (coro=%p) overran its stack of 128 KiB; "
             "coil_gen_options.stack_size gives it more\n",
             (void *)(uintptr_t)digs, (void *)(uintptr_t)drives));
}

static void fiber_alone(void)
{
    PASS(coil_report_overflows(true));
    PASS(coil_fiber_switch(coil_fiber_new(digs, NULL), NULL, NULL));
}

TEST(overflow, a_fiber_is_reported)
{
    ends_by_signal(fiber_alone, "coil: a fiber overran its stack of 64 KiB\n");
}

static void *digs_in_a_thread(void *arg)
{
    PASS(coil_report_overflows(true));
    coil_gen_next(digger("walker"), NULL);
    return arg;
}

static void another_thread(void)
{
    pthread_t thread;

    PASS(coil_report_overflows(true));
    PASS(coil_report_overflows(false));
    if (pthread_create(&thread, NULL, digs_in_a_thread, NULL) == 0)
        pthread_join(thread, NULL);
}

TEST(overflow, each_thread_asks_for_itself)
{
    ends_by_signal(another_thread,
                   line("coil: generator 'walker' (coro=%p) overran its stack of 128 KiB; "
                        "coil_gen_options.stack_size gives it more\n",
                        (void *)(uintptr_t)digs));
}

/* ---- a canary -------------------------------------------------------------------------------- */

static void *spoils_its_canary(void *arg)
{
    fiber_current()->stack->low[0] = 1;
    return arg;
}

static void *ends_well(void *arg)
{
    return arg;
}

/* Another task is the next to run, when the stack is given back. */
static void canary_of_a_task(void)
{
    coil_task_options options = {.size = sizeof(options), .name = "digger"};
    WORLD(w);

    for (int i = 0; i < STACK_CLASSES; i++)
        w.loop->sched->stacks.pools[i].wanted = COIL_GUARD_CANARY;
    (void)coil_create_task_with(w.loop, spoils_its_canary, NULL, &options);
    (void)coil_create_task_with(w.loop, ends_well, NULL, NULL);
    PASS(world_turn(&w));
}

TEST(overflow, a_task_that_spoilt_its_canary_is_named_at_its_end)
{
    if (skipped())
        return;
    struct end end = end_of(canary_of_a_task);
    CHECK(strstr(end.text, "a stack has overflowed, in digger\n"));
    CHECK(WIFSIGNALED(end.status) && WTERMSIG(end.status) == SIGABRT);
}

/* ---- what is reported ------------------------------------------------------------------------ */

static void *touches(void *page)
{
    *(volatile char *)page = 1;
    return NULL;
}

static void another_fault(void)
{
    void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    PASS(coil_report_overflows(true));
    run(touches, page, NULL);
}

TEST(overflow, other_faults_are_not_ours)
{
    ends_by_signal(another_fault, "");
}

static void *is_hit(void *arg)
{
    pthread_kill(pthread_self(), SIGSEGV);
    return arg;
}

static void sent(void)
{
    PASS(coil_report_overflows(true));
    run(is_hit, NULL, NULL);
}

TEST(overflow, a_signal_that_was_sent_ends_the_program_too)
{
    ends_by_signal(sent, "");
}

static void unasked(void)
{
    PASS(coil_report_overflows(true));
    PASS(coil_report_overflows(false));
    run(digs, NULL, NULL);
}

TEST(overflow, nothing_is_reported_once_it_is_off)
{
    ends_by_signal(unasked, "");
}

TEST(overflow, the_guard_is_one_page_below_the_stack)
{
    struct stack *stack = thread_stack_take(0);

    if (!CHECK(stack))
        return;
    CHECK(!stack_guards(stack, stack->low));
    CHECK(stack_guards(stack, stack->low - 1));
    CHECK(stack_guards(stack, stack->low - STACK_GUARD));
    CHECK(!stack_guards(stack, stack->low - STACK_GUARD - 1));
    CHECK(!stack_guards(stack, NULL));
    stack_give(stack);
    thread_stacks_trim();
}

/* ---- the program's handlers ------------------------------------------------------------------ */

static void *volatile fault_seen;

static void own_handler(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    fault_seen = info->si_addr;
    if (write(STDERR_FILENO, "own\n", 4) != 4 || info->si_code <= 0)
        _exit(1);
    _exit(7);
}

static void with_a_handler(void)
{
    const struct sigaction own = {.sa_sigaction = own_handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    sigaction(SIGSEGV, &own, NULL);
    PASS(coil_report_overflows(true));
    PASS(coil_fiber_switch(coil_fiber_new(digs, NULL), NULL, NULL));
}

TEST(overflow, the_handler_that_was_there_gets_the_signal_then)
{
    if (skipped())
        return;
    struct end end = end_of(with_a_handler);
    CHECK_STR(end.text, "coil: a fiber overran its stack of 64 KiB\nown\n");
    CHECK(WIFEXITED(end.status) && WEXITSTATUS(end.status) == 7);
}

static volatile sig_atomic_t counted;

static void counts(int number)
{
    (void)number;
    counted++;
}

static bool is_reporting(void)
{
    struct sigaction now;
    return sigaction(SIGSEGV, NULL, &now) == 0 && (now.sa_flags & SA_ONSTACK) != 0;
}

TEST(overflow, a_handler_that_goes_on_keeps_the_signal_until_the_next_call)
{
    if (skipped())
        return;
    DISPOSITION(segv, SIGSEGV, counts);

    counted = 0;
    for (int i = 1; i <= 2; i++) {
        PASS(coil_report_overflows(true));
        CHECK(is_reporting());
        pthread_kill(pthread_self(), SIGSEGV);
        CHECK_EQ(counted, i);
        CHECK(disposition_is(SIGSEGV, counts));
    }
    PASS(coil_report_overflows(false));
    CHECK(disposition_is(SIGSEGV, counts));
    thread_stacks_trim();
}

TEST(overflow, off_gives_back_what_was_there)
{
    DISPOSITION(segv, SIGSEGV, counts);
    stack_t before, after;

    CHECK_EQ(sigaltstack(NULL, &before), 0);
    PASS(coil_report_overflows(false));
    CHECK(disposition_is(SIGSEGV, counts));
    if (PASS(coil_report_overflows(true))) {
        CHECK(is_reporting());
        CHECK_EQ(coil_report_overflows(true), 0);
    }
    PASS(coil_report_overflows(false));
    CHECK(disposition_is(SIGSEGV, counts));
    CHECK_EQ(sigaltstack(NULL, &after), 0);
    CHECK_EQ(after.ss_flags, before.ss_flags);
    if (!(before.ss_flags & SS_DISABLE)) /* else it says nothing */
        CHECK_PTR(after.ss_sp, before.ss_sp);
    CHECK(thread_stacks_trim());
}

TEST(overflow, a_later_handler_stays)
{
    DISPOSITION(segv, SIGSEGV, SIG_DFL);

    PASS(coil_report_overflows(true));
    {
        DISPOSITION(later, SIGSEGV, counts);
        PASS(coil_report_overflows(false));
        CHECK(disposition_is(SIGSEGV, counts));
    }
    thread_stacks_trim();
}

TEST(overflow, nobody_is_given_a_handler_unasked)
{
    DISPOSITION(segv, SIGSEGV, counts);
    WORLD(w);

    PASS(world_turn(&w));
    CHECK(disposition_is(SIGSEGV, counts));
}

static void *asks(void *arg)
{
    (void)arg;
    if (PASS(coil_report_overflows(true)))
        CHECK(is_reporting());
    PASS(coil_report_overflows(false));
    thread_stacks_trim();
    return NULL;
}

TEST(overflow, it_stays_on_while_a_thread_wants_it)
{
    DISPOSITION(segv, SIGSEGV, counts);
    pthread_t thread;
    int on = coil_report_overflows(true);

    PASS(on);
    if (pthread_create(&thread, NULL, asks, NULL) == 0)
        pthread_join(thread, NULL);
    if (on == 0)
        CHECK(is_reporting());
    PASS(coil_report_overflows(false));
    CHECK(disposition_is(SIGSEGV, counts));
    thread_stacks_trim();
}

/* ---- the alternate stack --------------------------------------------------------------------- */

/* In a thread of its own, whose alternate stack a sanitizer may have set. */
static void *has_its_own(void *arg)
{
    static char memory[64 << 10];
    const stack_t own = {.ss_sp = memory, .ss_size = sizeof(memory)};
    stack_t before, now;

    CHECK_EQ(sigaltstack(&own, &before), 0);
    PASS(coil_report_overflows(true));
    CHECK_EQ(sigaltstack(NULL, &now), 0);
    CHECK_PTR(now.ss_sp, memory);
    CHECK(thread_stacks_trim()); /* none was taken */
    PASS(coil_report_overflows(false));
    CHECK_EQ(sigaltstack(NULL, &now), 0);
    CHECK_PTR(now.ss_sp, memory);
    CHECK_EQ(sigaltstack(&before, NULL), 0);
    return arg;
}

TEST(overflow, a_threads_own_alternate_stack_is_used)
{
    DISPOSITION(segv, SIGSEGV, counts);
    pthread_t thread;

    if (CHECK_EQ(pthread_create(&thread, NULL, has_its_own, NULL), 0))
        pthread_join(thread, NULL);
}

TEST(overflow, without_memory_nothing_changes)
{
    DISPOSITION(segv, SIGSEGV, counts);
    const stack_t none = {.ss_flags = SS_DISABLE};
    stack_t before;

    CHECK_EQ(sigaltstack(&none, &before), 0);
    thread_stacks_trim();
    faults_fail(1, "os_reserve");
    int rc = coil_report_overflows(true);
    faults_end();
    FAILS(rc, -ENOMEM);
    CHECK(disposition_is(SIGSEGV, counts));
    CHECK_EQ(sigaltstack(&before, NULL), 0);
}

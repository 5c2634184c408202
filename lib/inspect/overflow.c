// SPDX-License-Identifier: MIT
/*
 * The report of a stack that overran, from the signal that its guard raises.
 *
 * The handler stands on the thread's alternate stack: there is no room on the one that overran. It
 * reads what this thread has written and calls nothing but the kernel, since the fault may have
 * come anywhere, under any lock: so a function goes by its address here, not by its name.
 *
 * It cures nothing. It puts the former disposition back and sends itself the signal again, whose
 * siginfo and registers are then what they would have been without us. Returning into the fault
 * would do for a fault, but not for a signal that somebody sent.
 */
#include "fiber/stacks.h"
#include "gen/gen.h"
#include "task/extras.h"
#include "task/task.h"

#include <coil/inspect.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the line ----------------------------------------------------------------------------- */

struct line {
    char text[256];
    size_t length;
};

enum { NAME_MAX_SHOWN = 64 };

static void add_char(struct line *line, char c)
{
    if (line->length < sizeof(line->text))
        line->text[line->length++] = c;
}

static void add(struct line *line, const char *string)
{
    while (*string)
        add_char(line, *string++);
}

static void add_number(struct line *line, uintptr_t number, unsigned base)
{
    char digits[24];
    size_t count = 0;

    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number);
    while (count)
        add_char(line, digits[--count]);
}

/* A text of the program's, which may hold anything: it stays on its line. */
static void add_quoted(struct line *line, const char *string)
{
    add_char(line, '\'');
    for (size_t i = 0; i < NAME_MAX_SHOWN && string[i]; i++)
        add_char(line, (unsigned char)string[i] < ' ' || string[i] == 0x7f ? '?' : string[i]);
    add_char(line, '\'');
}

static void add_function(struct line *line, coil_fn fn)
{
    add(line, " (coro=0x");
    add_number(line, (uintptr_t)fn, 16);
    add(line, ")");
}

static void add_generator(struct line *line, const struct coil_gen *gen)
{
    add(line, "generator");
    if (gen->name) {
        add(line, " ");
        add_quoted(line, gen->name);
    }
    add_function(line, gen->fn);
}

static void add_task(struct line *line, const struct coil_future *task)
{
    const char *name = extras_name(task);

    add(line, "task ");
    if (name) {
        add_quoted(line, name);
    } else {
        add(line, "'task-");
        add_number(line, task->id, 10);
        add(line, "'");
    }
    add_function(line, task->fn);
}

/* Who ran on the stack, and what gives it more. */
static void report(struct fiber *fiber)
{
    const struct coil_future *task = task_current();
    const char *remedy = "";
    struct line line = {.length = 0};

    add(&line, "coil: ");
    if (gen_is_on(fiber)) {
        add_generator(&line, gen_of(fiber));
        remedy = "; coil_gen_options.stack_size gives it more";
    } else if (fiber->kind == FIBER_MADE) {
        add(&line, "a fiber");
    } else {
        remedy = "; coil_task_options.stack_size gives it more";
    }
    if (task) {
        add(&line, fiber->kind == FIBER_PLAIN ? "" : " in ");
        add_task(&line, task);
    } else if (fiber->kind == FIBER_PLAIN) {
        add(&line, "a task that has ended"); /* in a dispose, or an exception handler */
    }
    add(&line, " overran its stack of ");
    add_number(&line, stack_size(fiber->stack) >> 10, 10);
    add(&line, " KiB");
    add(&line, remedy);
    add(&line, "\n");
    ssize_t written = write(STDERR_FILENO, line.text, line.length);
    (void)written;
}

/* ---- the handler, of the process ------------------------------------------------------------ */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t threads; /* that asked for reports; under the lock */
static struct sigaction former;
static atomic_bool installed; /* and not used up by a signal */

static void handle(int number, siginfo_t *info, void *context)
{
    const int before = errno;
    /* Not fiber_current: a thread that has no fiber needs none now. */
    struct fiber *fiber = coil__fiber_current;

    (void)context;
    if (info->si_code > 0 && fiber && fiber->stack && stack_guards(fiber->stack, info->si_addr))
        report(fiber);
    (void)sigaction(number, &former, NULL);
    atomic_store(&installed, false);
    (void)syscall(SYS_rt_tgsigqueueinfo, getpid(), (pid_t)syscall(SYS_gettid), number, info);
    errno = before;
}

static void install(void)
{
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    if (atomic_load(&installed))
        return;
    sigfillset(&action.sa_mask);
    int rc = sigaction(SIGSEGV, NULL, &former); /* before the handler could need it */
    ASSERT(rc == 0);
    atomic_store(&installed, true);
    rc = sigaction(SIGSEGV, &action, NULL);
    ASSERT(rc == 0);
}

/* A handler that came after ours stays. */
static void uninstall(void)
{
    struct sigaction now;

    if (!atomic_exchange(&installed, false))
        return;
    int rc = sigaction(SIGSEGV, NULL, &now);
    ASSERT(rc == 0);
    if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == handle)
        rc = sigaction(SIGSEGV, &former, NULL);
    ASSERT(rc == 0);
}

/* ---- the alternate stack, of the thread ------------------------------------------------------ */

static _Thread_local bool reporting;
static _Thread_local struct stack *alternate; /* NULL: the thread has one of its own */

static int alternate_take(void)
{
    stack_t now;
    int rc = sigaltstack(NULL, &now);

    ASSERT(rc == 0);
    if (!(now.ss_flags & SS_DISABLE))
        return 0;
    alternate = thread_stack_take(stack_class(STACK_SIZE_DEFAULT));
    if (!alternate)
        return -ENOMEM;
    const char *top = stack_reserve(alternate, 0);
    const stack_t ours = {.ss_sp = alternate->low, .ss_size = (size_t)(top - alternate->low)};
    rc = sigaltstack(&ours, NULL);
    ASSERT(rc == 0);
    return 0;
}

static void alternate_give(void)
{
    stack_t now;

    if (!alternate)
        return;
    int rc = sigaltstack(NULL, &now);
    ASSERT(rc == 0);
    ASSERT_CONTRACT(!(now.ss_flags & SS_ONSTACK), "reports are turned off in a signal's handler");
    if (now.ss_sp == alternate->low)
        rc = sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    ASSERT(rc == 0);
    stack_give(alternate);
    alternate = NULL;
}

int coil_report_overflows(bool on)
{
    if (!on && !reporting)
        return 0;
    if (on && !reporting) {
        int rc = alternate_take();
        if (rc < 0)
            return rc;
    }
    int rc = pthread_mutex_lock(&lock);
    ASSERT(rc == 0);
    threads += (size_t)on - (size_t)reporting;
    if (on)
        install();
    else if (!threads)
        uninstall();
    rc = pthread_mutex_unlock(&lock);
    ASSERT(rc == 0);
    reporting = on;
    if (!on)
        alternate_give();
    return 0;
}

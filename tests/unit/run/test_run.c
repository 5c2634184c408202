// SPDX-License-Identifier: MIT
#include "signals.h"
#include "world.h"

#include <coil/coil.h>

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

struct scene {
    struct record log;
    struct record warnings;
    coil_sim *sim;
    coil_loop_options options;
    coil_task *task;
};

static void warn(const char *line, void *userdata)
{
    struct scene *scene = userdata;

    record(&scene->warnings, "[%s]", line);
}

static void scene_free(struct scene *scene)
{
    PASS(coil_sim_free(scene->sim));
    PASS(coil_set_warning_sink(NULL, NULL));
}

/* A simulated engine without a loop, and an ear for warnings. */
#define SCENE(name)                                                                                \
    __attribute__((cleanup(scene_free))) struct scene name = {.sim = coil_sim_new(NULL)};          \
    name.options = (coil_loop_options){.size = sizeof(name.options), .sim = name.sim};             \
    PASS(coil_set_warning_sink(warn, &name))

static int run(struct scene *scene, coil_fn main, void **result)
{
    return coil_run_with(main, scene, result, &scene->options);
}

/* ---- the main task -------------------------------------------------------------------------- */

static void *returns_its_argument(void *arg)
{
    PASS(coil_sleep(COIL_SEC(1)));
    return arg;
}

TEST(run, gives_the_main_tasks_result)
{
    SCENE(scene);
    void *result = NULL;

    CHECK_EQ(run(&scene, returns_its_argument, &result), 0);
    CHECK_PTR(result, &scene);
    CHECK_EQ(run(&scene, returns_its_argument, NULL), 0); /* again, on the same engine */
    CHECK_EQ(coil_sim_time(scene.sim), COIL_SEC(3));
    CHECK_STR(scene.warnings.text, "");
}

static void *fails(void *arg)
{
    (void)arg;
    return COIL_ERR(-ENOTDIR);
}

static void *is_cancelled(void *arg)
{
    (void)arg;
    CHECK(coil_cancel(coil_current_task()));
    return COIL_ERR(coil_sleep(1));
}

TEST(run, gives_the_main_tasks_code)
{
    SCENE(scene);
    void *result = &scene;

    FAILS(run(&scene, fails, &result), -ENOTDIR);
    FAILS(run(&scene, is_cancelled, &result), -ECANCELED);
    CHECK_PTR(result, &scene);
    CHECK_STR(scene.warnings.text, ""); /* its caller has it */
}

static void *waits_for_ever(void *arg)
{
    (void)arg;
    COIL_AUTO coil_future *future = coil_create_future(NULL);
    FAILS(coil_await(future, NULL), -ECANCELED);
    return NULL;
}

TEST(run, tells_when_nothing_can_happen_any_more)
{
    SCENE(scene);

    FAILS(run(&scene, waits_for_ever, NULL), -COIL_EDEADLOCK);
}

static void *stops_its_loop(void *arg)
{
    struct scene *scene = arg;

    coil_stop(coil_get_running_loop());
    record(&scene->log, "stopped");
    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED);
    record(&scene->log, "cancelled");
    return NULL;
}

TEST(run, a_main_task_that_stops_the_loop_is_a_leftover)
{
    SCENE(scene);

    FAILS(run(&scene, stops_its_loop, NULL), -COIL_ESTOPPED);
    CHECK_STR(scene.log.text, "stopped cancelled");
    CHECK_EQ(coil_sim_time(scene.sim), COIL_SEC(1)); /* it began at one second */
}

/* ---- arguments ------------------------------------------------------------------------------ */

static void *runs_inside(void *arg)
{
    struct scene *scene = arg;
    coil_loop *loop = coil_get_running_loop();
    COIL_AUTO coil_future *future = coil_create_future(loop);

    FAILS(coil_run(fails, NULL, NULL), -EBUSY);
    FAILS(coil_run_with(fails, NULL, NULL, &scene->options), -EBUSY);
    FAILS(coil_run_forever(loop), -EBUSY);
    FAILS(coil_run_until_complete(loop, future, NULL), -EBUSY);
    FAILS(coil_close(loop), -EBUSY);
    FAILS(coil_loop_free(loop), -EBUSY);
    record(&scene->log, "goes on");
    return NULL;
}

TEST(run, a_loop_does_not_run_inside_another)
{
    SCENE(scene);

    PASS(run(&scene, runs_inside, NULL));
    CHECK_STR(scene.log.text, "goes on");
}

TEST(run, bad_arguments_are_refused)
{
    SCENE(scene);
    coil_loop_options bad = scene.options;

    bad.size--;
    FAILS(coil_run_with(NULL, NULL, NULL, &scene.options), -EINVAL);
    FAILS(coil_run_with(fails, NULL, NULL, &bad), -EINVAL);
    FAILS(coil_run(NULL, NULL, NULL), -EINVAL);
}

TEST(run, runs_on_the_kernels_engine_where_none_is_given)
{
    FAILS(coil_run(fails, NULL, NULL), -ENOTDIR);
}

enum { MARK = 12345 };

TEST(run, does_not_touch_errno)
{
    SCENE(scene);

    errno = MARK;
    PASS(run(&scene, returns_its_argument, NULL));
    CHECK_EQ(errno, MARK);
    FAILS(run(&scene, fails, NULL), -ENOTDIR);
    CHECK_EQ(errno, MARK);
    FAILS(coil_run(NULL, NULL, NULL), -EINVAL);
    CHECK_EQ(errno, MARK);
}

/* ---- what the main task leaves behind ------------------------------------------------------- */

static void *cleans_up(void *arg)
{
    struct scene *scene = arg;

    FAILS(coil_sleep(COIL_SEC(100)), -ECANCELED);
    PASS(coil_sleep(COIL_MS(30)));
    record(&scene->log, "clean");
    return COIL_ERR(-ECANCELED);
}

static void *leaves_one(void *arg)
{
    struct scene *scene = arg;

    PASS(coil_go(cleans_up, arg));
    PASS(coil_sleep(1));
    record(&scene->log, "main");
    return NULL;
}

TEST(run, what_is_left_is_cancelled_and_awaited)
{
    SCENE(scene);

    PASS(run(&scene, leaves_one, NULL));
    CHECK_STR(scene.log.text, "main clean");
    CHECK_EQ(coil_sim_time(scene.sim), COIL_SEC(1) + 1 + COIL_MS(30));
    CHECK_STR(scene.warnings.text, "");
}

static void *never_begins(void *arg)
{
    struct scene *scene = arg;

    record(&scene->log, "begins");
    return NULL;
}

static void *leaves_new_ones(void *arg)
{
    PASS(coil_go(never_begins, arg));
    PASS(coil_go(never_begins, arg));
    coil_stop(coil_get_running_loop());
    return NULL;
}

/* The stop ends the run in this turn; the new tasks are cancelled before their first step. */
TEST(run, what_has_not_begun_never_begins)
{
    SCENE(scene);

    PASS(run(&scene, leaves_new_ones, NULL));
    CHECK_STR(scene.log.text, "");
    CHECK_STR(scene.warnings.text, "");
}

static void *fails_in_its_cleaning(void *arg)
{
    (void)arg;
    FAILS(coil_sleep(COIL_SEC(100)), -ECANCELED);
    return COIL_ERR(-EIO);
}

static void *swallows_it(void *arg)
{
    FAILS(coil_sleep(COIL_SEC(100)), -ECANCELED);
    return arg;
}

static void *leaves_several(void *arg)
{
    const coil_task_options options = {.size = sizeof(options), .name = "clumsy"};

    coil_unref(coil_create_task_with(NULL, swallows_it, arg, NULL));
    coil_unref(coil_create_task_with(NULL, fails_in_its_cleaning, arg, &options));
    coil_unref(coil_create_task_with(NULL, cleans_up, arg, NULL));
    PASS(coil_sleep(1));
    return NULL;
}

TEST(run, what_fails_then_is_reported_by_name_and_nothing_else)
{
    SCENE(scene);
    struct scene expected = {.sim = NULL};

    PASS(run(&scene, leaves_several, NULL));
    record(&expected.warnings, "[a task failed while the loop ended: clumsy: %s (%d)]",
           coil_strerror(-EIO), -EIO);
    CHECK_STR(scene.warnings.text, expected.warnings.text);
    CHECK_STR(scene.log.text, "clean");
}

static void *waits_on(void *arg)
{
    struct scene *scene = arg;
    COIL_AUTO coil_future *future = coil_create_future(NULL);

    FAILS(coil_sleep(COIL_SEC(100)), -ECANCELED);
    FAILS(coil_await(future, NULL), -ECANCELED); /* which only the closing ends */
    record(&scene->log, "ends");
    return NULL;
}

static void *leaves_one_that_waits_on(void *arg)
{
    PASS(coil_go(waits_on, arg));
    PASS(coil_sleep(1));
    return NULL;
}

TEST(run, what_waits_on_is_ended_by_the_closing)
{
    SCENE(scene);

    PASS(run(&scene, leaves_one_that_waits_on, NULL));
    CHECK_STR(scene.log.text, "ends");
}

static void *awaits_the_task(void *arg)
{
    const struct scene *scene = arg;
    int rc = coil_await(scene->task, NULL);

    return rc < 0 ? COIL_ERR(rc) : NULL;
}

static void *leaves_a_ring(void *arg)
{
    struct scene *scene = arg;
    COIL_AUTO coil_task *one = coil_create_task(awaits_the_task, arg);

    PASS(coil_yield_now()); /* one runs before the task is there, and is told */
    FAILS(coil_await(one, NULL), -EINVAL);
    COIL_AUTO coil_task *two = coil_create_task(awaits_the_task, arg);
    scene->task = coil_current_task();
    FAILS(coil_await(two, NULL), -ECANCELED);
    return NULL;
}

/* The main task awaits one that awaits the main task. */
TEST(run, tasks_that_await_each_other_are_ended)
{
    SCENE(scene);

    FAILS(run(&scene, leaves_a_ring, NULL), -COIL_EDEADLOCK);
}

/* ---- contract 11: manners ------------------------------------------------------------------- */

enum { SIGNALS = 64 };

struct manners {
    struct rlimit64 limits[RLIM_NLIMITS];
    struct sigaction actions[SIGNALS + 1];
    sigset_t mask;
};

static void look_at_manners(struct manners *manners)
{
    memset(manners, 0, sizeof(*manners));
    for (int i = 0; i < (int)RLIM_NLIMITS; i++)
        CHECK_EQ(syscall(SYS_prlimit64, 0, i, NULL, &manners->limits[i]), 0);
    for (int i = 1; i <= SIGNALS; i++)
        (void)sigaction(i, NULL, &manners->actions[i]); /* the C library keeps two to itself */
    CHECK_EQ(pthread_sigmask(SIG_SETMASK, NULL, &manners->mask), 0);
}

/* glibc's own, which it sets whenever an action is set. */
enum { SA_RESTORER_FLAG = 0x04000000 };

/* `exempt`: the signal that coil may handle meanwhile; 0: none. */
static void check_manners(const struct manners *before, const struct manners *after, int exempt)
{
    for (int i = 0; i < (int)RLIM_NLIMITS; i++) {
        CHECK_EQ(after->limits[i].rlim_cur, before->limits[i].rlim_cur);
        CHECK_EQ(after->limits[i].rlim_max, before->limits[i].rlim_max);
    }
    for (int i = 1; i <= SIGNALS; i++) {
        CHECK_EQ(sigismember(&after->mask, i), sigismember(&before->mask, i));
        if (i == exempt)
            continue;
        CHECK(after->actions[i].sa_handler == before->actions[i].sa_handler);
        CHECK_EQ(after->actions[i].sa_flags & ~SA_RESTORER_FLAG,
                 before->actions[i].sa_flags & ~SA_RESTORER_FLAG);
        for (int j = 1; j <= SIGNALS; j++)
            CHECK_EQ(sigismember(&after->actions[i].sa_mask, j),
                     sigismember(&before->actions[i].sa_mask, j));
    }
}

static struct manners inside; /* too large for a task's stack */

static void *busy_main(void *arg)
{
    PASS(coil_go(cleans_up, arg));
    PASS(coil_go(fails_in_its_cleaning, arg));
    PASS(coil_sleep(COIL_SEC(1)));
    look_at_manners(&inside);
    return NULL;
}

static void run_with_manners(struct scene *scene)
{
    struct manners before, after;

    look_at_manners(&before);
    inside = before;
    PASS(run(scene, busy_main, NULL));
    look_at_manners(&after);
    check_manners(&before, &after, 0);
    check_manners(&before, &inside, before.actions[SIGINT].sa_handler == SIG_DFL ? SIGINT : 0);
}

/* Below what is allowed: a soft limit that was raised before would hide a second raise. */
TEST(run, limits_stay_as_they_were)
{
    static const int raised[] = {RLIMIT_NOFILE, RLIMIT_MEMLOCK, RLIMIT_STACK};
    enum { N = sizeof(raised) / sizeof(raised[0]) };
    struct rlimit64 saved[N];
    SCENE(scene);

    for (int i = 0; i < N; i++) {
        CHECK_EQ(syscall(SYS_prlimit64, 0, raised[i], NULL, &saved[i]), 0);
        struct rlimit64 lower = saved[i];
        if (lower.rlim_cur > 64)
            lower.rlim_cur = raised[i] == RLIMIT_NOFILE ? 64 : lower.rlim_cur / 2;
        CHECK_EQ(syscall(SYS_prlimit64, 0, raised[i], &lower, NULL), 0);
    }
    run_with_manners(&scene);
    for (int i = 0; i < N; i++)
        CHECK_EQ(syscall(SYS_prlimit64, 0, raised[i], &saved[i], NULL), 0);
}

static void handle(int signal)
{
    (void)signal;
}

/* Whatever a program has made of its signals. Those that cannot be set stay as they are. */
TEST(run, signals_stay_as_they_were)
{
    static void (*const handlers[])(int) = {SIG_DFL, SIG_IGN, handle};
    static struct sigaction saved[SIGNALS + 1];
    sigset_t mask, saved_mask;
    SCENE(scene);

    for (int i = 1; i <= SIGNALS; i++)
        (void)sigaction(i, NULL, &saved[i]);
    for (int k = 0; k < 3; k++) {
        const struct sigaction action = {.sa_handler = handlers[k]};
        for (int i = 1; i <= SIGNALS; i++)
            (void)sigaction(i, &action, NULL);
        run_with_manners(&scene);
    }
    for (int i = 1; i <= SIGNALS; i++)
        (void)sigaction(i, &saved[i], NULL);

    for (int k = 0; k < 2; k++) {
        (void)(k ? sigfillset(&mask) : sigemptyset(&mask));
        CHECK_EQ(pthread_sigmask(SIG_SETMASK, &mask, &saved_mask), 0);
        run_with_manners(&scene);
        CHECK_EQ(pthread_sigmask(SIG_SETMASK, &saved_mask, NULL), 0);
    }
}

/* ---- SIGINT --------------------------------------------------------------------------------- */

static int raise_sigint(void *unused)
{
    (void)unused;
    raise(SIGINT);
    return 0;
}

static void interrupt_after(coil_time delay)
{
    coil_loop *loop = coil_get_running_loop();
    PASS(coil_handle_error(coil_call_later(loop, delay, raise_sigint, NULL)));
}

static void *is_interrupted(void *arg)
{
    struct scene *scene = arg;

    PASS(coil_go(cleans_up, arg));
    interrupt_after(COIL_SEC(1.5));
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    PASS(coil_sleep(COIL_SEC(1)));
    record(&scene->log, "main");
    return COIL_ERR(-ECANCELED);
}

TEST(run, sigint_cancels_the_main_task)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    SCENE(scene);

    FAILS(run(&scene, is_interrupted, NULL), -COIL_EINTERRUPTED);
    CHECK_STR(scene.log.text, "main clean");
    CHECK_EQ(coil_sim_time(scene.sim), COIL_SEC(1 + 1.5 + 1) + COIL_MS(30));
    CHECK(disposition_is(SIGINT, SIG_DFL));
}

static void *swallows_sigint(void *arg)
{
    interrupt_after(COIL_SEC(1));
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    PASS(coil_sleep(COIL_SEC(1)));
    return arg;
}

TEST(run, a_main_task_that_swallows_sigint_gives_its_value)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    SCENE(scene);
    void *result = NULL;

    PASS(run(&scene, swallows_sigint, &result));
    CHECK_PTR(result, &scene);
}

static void *is_refused(void *arg)
{
    struct scene *scene = arg;

    FAILS(coil_sleep(COIL_SEC(100)), -ECANCELED);
    FAILS(coil_sleep(COIL_SEC(100)), -ECANCELED);
    record(&scene->log, "refused");
    return NULL;
}

static void *is_interrupted_twice(void *arg)
{
    struct scene *scene = arg;

    PASS(coil_go(is_refused, arg));
    interrupt_after(COIL_SEC(1));
    interrupt_after(COIL_SEC(2));
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    record(&scene->log, "main");
    return NULL;
}

TEST(run, a_second_sigint_ends_it_at_once)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    SCENE(scene);

    FAILS(run(&scene, is_interrupted_twice, NULL), -COIL_EINTERRUPTED);
    CHECK_EQ(coil_sim_time(scene.sim), COIL_SEC(1 + 2));
    CHECK(strstr(scene.log.text, "main") && strstr(scene.log.text, "refused"));
}

static void *was_cancelled_before(void *unused)
{
    (void)unused;
    CHECK(coil_cancel(coil_current_task()));
    raise(SIGINT);
    return COIL_ERR(coil_sleep(COIL_SEC(9))); /* both are delivered at once */
}

TEST(run, what_somebody_else_cancelled_was_not_interrupted)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    SCENE(scene);

    FAILS(run(&scene, was_cancelled_before, NULL), -ECANCELED);
}

static void *leaves_a_sigint(void *arg)
{
    PASS(coil_go(is_refused, arg));
    PASS(coil_sleep(1));
    interrupt_after(COIL_SEC(1));
    return arg;
}

/* While the leftovers are awaited: from then on they are refused. */
TEST(run, a_sigint_after_the_main_task_hurries_the_leftovers)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    SCENE(scene);
    void *result = NULL;

    PASS(run(&scene, leaves_a_sigint, &result));
    CHECK_PTR(result, &scene);
    CHECK_STR(scene.log.text, "refused");
    CHECK_EQ(coil_sim_time(scene.sim), COIL_SEC(1 + 1) + 1);
}

static void *checks_sigint(void *unused)
{
    CHECK(disposition_is(SIGINT, SIG_DFL));
    return unused;
}

TEST(run, an_option_leaves_sigint_alone)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    SCENE(scene);

    scene.options.keep_sigint = true;
    PASS(run(&scene, checks_sigint, NULL));
}

/* Keeps coil's own lines: a sanitizer may have written some, too. */
static void keep_ours(char *text)
{
    char *to = text;

    for (const char *line = text; *line;) {
        const char *end = strchrnul(line, '\n');
        size_t size = (size_t)(end - line) + (*end == '\n');
        if (strncmp(line, "coil: ", 6) == 0) {
            memmove(to, line, size);
            to += size;
        }
        line += size;
    }
    *to = '\0';
}

/* What coil writes to stderr meanwhile, in `text`. */
static void run_and_listen(struct scene *scene, coil_fn main, char *text, size_t size)
{
    int copy = dup(STDERR_FILENO), file = memfd_create("stderr", MFD_CLOEXEC);

    text[0] = '\0';
    fflush(stderr);
    if (copy < 0 || file < 0 || dup2(file, STDERR_FILENO) < 0)
        return;
    int rc = run(scene, main, NULL);
    fflush(stderr);
    ssize_t length = pread(file, text, size - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    keep_ours(text);
    dup2(copy, STDERR_FILENO);
    close(copy);
    close(file);
    PASS(rc);
}

static int fails_as_a_callback(void *arg)
{
    (void)arg;
    return -EIO;
}

static void *leaves_warnings(void *arg)
{
    coil_handle handle = coil_call_soon(coil_get_running_loop(), fails_as_a_callback, NULL);

    PASS(coil_handle_error(handle));
    return leaves_several(arg);
}

TEST(run, warnings_go_to_the_sink_and_not_to_stderr)
{
    SCENE(scene);
    char text[512];

    run_and_listen(&scene, leaves_warnings, text, sizeof(text));
    CHECK_STR(text, "");
    CHECK(strstr(scene.warnings.text, "loop ended: clumsy") != NULL);
    CHECK(strstr(scene.warnings.text, "callback failed") != NULL);
}

TEST(run, without_a_sink_warnings_are_lines_on_stderr)
{
    SCENE(scene);
    char text[512], *second;

    PASS(coil_set_warning_sink(NULL, NULL));
    run_and_listen(&scene, leaves_warnings, text, sizeof(text));
    CHECK(strncmp(text, "coil: ", 6) == 0);
    second = strchr(text, '\n');
    CHECK(second && strncmp(second + 1, "coil: a task failed", 19) == 0);
    CHECK_STR(scene.warnings.text, "");
}

/* ---- threads that work for it --------------------------------------------------------------- */

struct errand {
    sem_t go;
    atomic_bool done;
};

static void *waits_outside(void *arg)
{
    struct errand *errand = arg;

    while (sem_wait(&errand->go) < 0) {
    }
    atomic_store(&errand->done, true);
    return NULL;
}

static int lets_go(void *errand)
{
    return sem_post(&((struct errand *)errand)->go);
}

/* It lets the thread go when the main task has ended. */
static int lets_go_later(void *errand)
{
    return coil_handle_error(coil_call_soon(coil_get_running_loop(), lets_go, errand));
}

static void *leaves_a_thread_at_work(void *errand)
{
    COIL_AUTO coil_future *future = coil_run_in_executor(NULL, NULL, waits_outside, errand);
    int rc = coil_err(future);

    return rc < 0 ? COIL_ERR(rc) : COIL_ERR(lets_go_later(errand));
}

TEST(run, waits_for_the_threads_of_the_default_executor)
{
    struct errand errand = {.done = false};
    SCENE(scene);

    sem_init(&errand.go, 0, 0);
    if (check_walking())
        return; /* without memory for the wait it is not waited for */
    PASS(coil_run_with(leaves_a_thread_at_work, &errand, NULL, &scene.options));
    CHECK(atomic_load(&errand.done));
    sem_destroy(&errand.go);
}

// SPDX-License-Identifier: MIT
/* test_subprocess.py, and the cases of subprocesses in test_events.py and test_base_events.py. */
#include "family.h"
#include "os/features.h"
#include "signals.h"

#include <coil/stream.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>

/* On the kernel's ring, whatever engine the other cases run on. */
static void run(coil_fn fn)
{
    FAMILY(family);
    PASS(family_run(&family, fn, NULL));
}

static coil_process *all_pipes(const char *command)
{
    return family_shell(command, COIL_STDIO_PIPE, COIL_STDIO_PIPE, COIL_STDIO_PIPE);
}

static coil_process *in_and_out(const char *command)
{
    return family_shell(command, COIL_STDIO_PIPE, COIL_STDIO_PIPE, COIL_STDIO_INHERIT);
}

static void close_end(coil_process *process, int which)
{
    PASS(coil_close_fd(coil_process_detach(process, which)));
}

/* Reads `n` bytes, or fewer at the end. */
static ssize_t read_some(coil_process *process, int which, char *text, size_t n)
{
    size_t length = 0;
    ssize_t rc = 1;

    while (length < n && rc > 0) {
        rc = coil_read(coil_process_descriptor(process, which), text + length, n - length);
        length += rc > 0 ? (size_t)rc : 0;
    }
    return rc < 0 ? rc : (ssize_t)length;
}

/* What a child says when it is given this. */
struct said {
    char *out, *err;
    size_t out_n, err_n;
};

static struct said talk(coil_process *process, const char *input)
{
    struct said said = {NULL, NULL, 0, 0};
    void *out = NULL, *err = NULL;

    PASS(coil_process_communicate(process, input, input ? strlen(input) : 0, &out, &said.out_n,
                                  &err, &said.err_n));
    said.out = out;
    said.err = err;
    return said;
}

static void forget(coil_process *process, struct said *said)
{
    coil_free(said->out);
    coil_free(said->err);
    coil_process_unref(process);
}

/* ---- BaseEventLoopTests -----------------------------------------------------------------------
 */

static void *refuse_arguments(void *argument)
{
    const char *const none[] = {NULL};

    FAILS(coil_err(coil_process_exec(NULL, NULL)), -EINVAL);
    FAILS(coil_err(coil_process_exec(none, NULL)), -EINVAL);
    return argument;
}

TEST(BaseEventLoopTests, test_subprocess_exec_invalid_args)
{
    run(refuse_arguments);
}

static void *refuse_commands(void *argument)
{
    FAILS(coil_err(coil_process_shell(NULL, NULL)), -EINVAL);
    FAILS(coil_err(coil_process_shell("", NULL)), -EINVAL);
    return argument;
}

TEST(BaseEventLoopTests, test_subprocess_shell_invalid_args)
{
    run(refuse_commands);
}

/* ---- SubprocessTestsMixin ---------------------------------------------------------------------
 */

/* Forgets a child that lives; a second reference shows how it ends. */
static void close_and_look(coil_process *process)
{
    int pid = coil_process_pid(process);
    siginfo_t info = {.si_pid = 0};

    coil_process_unref(process);
    if (!CHECK(pid > 0) || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
        return; /* the kernel has told the loop's operation first */
    CHECK_EQ(info.si_status, SIGKILL);
}

static void *exec_echo(void *argument)
{
    const char *const argv[] = {"cat", NULL};
    const coil_process_options options = {
        .size = sizeof(options), .in = COIL_STDIO_PIPE, .out = COIL_STDIO_PIPE};
    coil_process *process = coil_process_exec(argv, &options);
    char text[16] = "";

    CHECK_EQ(coil_write(coil_process_descriptor(process, COIL_STDIN), "Python The Winner", 17), 17);
    CHECK_EQ(read_some(process, COIL_STDOUT, text, 6), 6);
    CHECK_STR(text, "Python");
    close_and_look(process);
    return argument;
}

TEST(SubprocessTestsMixin, test_subprocess_exec)
{
    run(exec_echo);
}

static void *interact(void *argument)
{
    coil_process *process = in_and_out("exec cat");

    for (int i = 0; i < 3; i++) {
        char text[8] = "";
        CHECK_EQ(coil_write(coil_process_descriptor(process, COIL_STDIN), "Python ", 7), 7);
        CHECK_EQ(read_some(process, COIL_STDOUT, text, 7), 7);
        CHECK_STR(text, "Python ");
    }
    close_and_look(process);
    return argument;
}

TEST(SubprocessTestsMixin, test_subprocess_interactive)
{
    run(interact);
}

static void *shell_says(void *argument)
{
    coil_process *process = all_pipes("echo Python");
    char text[16] = "";

    close_end(process, COIL_STDIN);
    CHECK_EQ(read_some(process, COIL_STDOUT, text, sizeof(text)), 7);
    CHECK_STR(text, "Python\n");
    CHECK_EQ(read_some(process, COIL_STDERR, text, sizeof(text)), 0);
    CHECK_EQ(family_wait(process), 0);
    coil_process_unref(process);
    return argument;
}

TEST(SubprocessTestsMixin, test_subprocess_shell)
{
    run(shell_says);
}

static void *exit_seven(void *argument)
{
    coil_process *process =
        family_shell("exit 7", COIL_STDIO_INHERIT, COIL_STDIO_INHERIT, COIL_STDIO_INHERIT);

    CHECK_EQ(family_wait(process), 7);
    coil_process_unref(process);
    return argument;
}

TEST(SubprocessTestsMixin, test_subprocess_exitcode)
{
    run(exit_seven);
}

static void *close_after_finish(void *argument)
{
    coil_process *process = coil_process_shell("exit 7", NULL);

    for (int which = COIL_STDIN; which <= COIL_STDERR; which++)
        FAILS(coil_process_descriptor(process, which), -EBADF);
    CHECK_EQ(family_wait(process), 7);
    coil_process_unref(process);
    return argument;
}

TEST(SubprocessTestsMixin, test_subprocess_close_after_finish)
{
    run(close_after_finish);
}

static int end_by(int (*call)(coil_process *process))
{
    coil_process *process = all_pipes("exec cat");

    PASS(call(process));
    int status = family_wait(process);
    coil_process_unref(process);
    return status;
}

static int send_hangup(coil_process *process)
{
    return coil_process_send_signal(process, SIGHUP);
}

static void *kill_it(void *argument)
{
    CHECK_EQ(end_by(coil_process_kill), -SIGKILL);
    return argument;
}

static void *terminate_it(void *argument)
{
    CHECK_EQ(end_by(coil_process_terminate), -SIGTERM);
    return argument;
}

static void *hang_up(void *argument)
{
    DISPOSITION(ignored, SIGHUP, SIG_IGN); /* of the program; the child has the default */
    CHECK_EQ(end_by(send_hangup), -SIGHUP);
    return argument;
}

TEST(SubprocessTestsMixin, test_subprocess_kill)
{
    run(kill_it);
}

TEST(SubprocessTestsMixin, test_subprocess_terminate)
{
    run(terminate_it);
}

TEST(SubprocessTestsMixin, test_subprocess_send_signal)
{
    run(hang_up);
}

static void *two_outputs(void *argument)
{
    coil_process *process = all_pipes("read x; echo \"OUT:$x\"; echo \"ERR:$x\" >&2");
    struct said said = talk(process, "test\n");

    CHECK(said.out && strcmp(said.out, "OUT:test\n") == 0);
    CHECK(said.err && strcmp(said.err, "ERR:test\n") == 0);
    forget(process, &said);
    return argument;
}

TEST(SubprocessTestsMixin, test_subprocess_stderr)
{
    run(two_outputs);
}

static void *one_output(void *argument)
{
    coil_process *process = family_shell("read x; echo \"OUT:$x\"; echo \"ERR:$x\" >&2",
                                         COIL_STDIO_PIPE, COIL_STDIO_PIPE, COIL_STDIO_STDOUT);
    FAILS(coil_process_descriptor(process, COIL_STDERR), -EBADF);
    struct said said = talk(process, "test\n");

    CHECK(said.out && strcmp(said.out, "OUT:test\nERR:test\n") == 0);
    CHECK_PTR(said.err, NULL);
    forget(process, &said);
    return argument;
}

TEST(SubprocessTestsMixin, test_subprocess_stderr_redirect_to_stdout)
{
    run(one_output);
}

static void *close_its_output(void *argument)
{
    coil_process *process = all_pipes("trap '' PIPE; read x; echo \"$x\" || echo broken >&2");
    char text[128] = "";

    close_end(process, COIL_STDOUT);
    CHECK_EQ(coil_write(coil_process_descriptor(process, COIL_STDIN), "test\n", 5), 5);
    CHECK(read_some(process, COIL_STDERR, text, sizeof(text) - 1) > 0);
    CHECK(strstr(text, "broken\n") != NULL);
    CHECK_EQ(family_wait(process), 0);
    coil_process_unref(process);
    return argument;
}

TEST(SubprocessTestsMixin, test_subprocess_close_client_stream)
{
    run(close_its_output);
}

static void *exit_in_a_session(void *argument)
{
    const coil_process_options options = {.size = sizeof(options), .new_session = true};
    coil_process *process = coil_process_shell("exit 7", &options);

    CHECK_EQ(family_wait(process), 7);
    coil_process_unref(process);
    return argument;
}

TEST(SubprocessTestsMixin, test_subprocess_wait_no_same_group)
{
    run(exit_in_a_session);
}

/* ---- SubprocessTransportTests -----------------------------------------------------------------
 */

static void *signals_after_the_end(void *argument)
{
    coil_process *process = coil_process_shell("exit 6", NULL);
    int status = 0;

    CHECK_EQ(family_wait(process), 6);
    PASS(coil_process_returncode(process, &status));
    CHECK_EQ(status, 6);
    FAILS(coil_process_send_signal(process, SIGTERM), -ESRCH);
    FAILS(coil_process_terminate(process), -ESRCH);
    FAILS(coil_process_kill(process), -ESRCH);
    coil_process_unref(process);
    return argument;
}

TEST(SubprocessTransportTests, test_proc_exited)
{
    run(signals_after_the_end);
}

/* ---- SubprocessMixin --------------------------------------------------------------------------
 */

static void *echo_by_hand(void *argument)
{
    coil_process *process = in_and_out("cat");
    char text[16] = "";

    CHECK_EQ(coil_write(coil_process_descriptor(process, COIL_STDIN), "some data", 9), 9);
    close_end(process, COIL_STDIN);
    CHECK_EQ(read_some(process, COIL_STDOUT, text, sizeof(text)), 9);
    CHECK_STR(text, "some data");
    CHECK_EQ(family_wait(process), 0);
    coil_process_unref(process);
    return argument;
}

TEST(SubprocessMixin, test_stdin_stdout)
{
    run(echo_by_hand);
}

static void *communicate(void *argument)
{
    coil_process *process = in_and_out("cat");
    struct said said = talk(process, "some data");
    int status = 1;

    CHECK(said.out && strcmp(said.out, "some data") == 0);
    PASS(coil_process_returncode(process, &status));
    CHECK_EQ(status, 0);
    FAILS(coil_process_descriptor(process, COIL_STDIN), -EBADF); /* it was closed */
    forget(process, &said);
    return argument;
}

TEST(SubprocessMixin, test_communicate)
{
    run(communicate);
}

TEST(SubprocessMixin, test_shell)
{
    run(exit_seven);
}

static void *start_a_session(void *argument)
{
    const coil_process_options options = {
        .size = sizeof(options), .in = COIL_STDIO_PIPE, .new_session = true};
    coil_process *process = coil_process_shell("cat; exit 8", &options);

    CHECK_EQ(getsid(coil_process_pid(process)), coil_process_pid(process));
    close_end(process, COIL_STDIN);
    CHECK_EQ(family_wait(process), 8);
    coil_process_unref(process);
    return argument;
}

TEST(SubprocessMixin, test_start_new_session)
{
    run(start_a_session);
}

TEST(SubprocessMixin, test_kill)
{
    run(kill_it);
}

/* The grandchild lives until its stdin ends. */
static void *kill_above_a_grandchild(void *argument)
{
    coil_process *process = in_and_out("exec 3<&0; cat <&3 & echo started; wait");
    char text[8];

    CHECK_EQ(read_some(process, COIL_STDOUT, text, 8), 8);
    PASS(coil_process_kill(process));
    CHECK_EQ(family_wait(process), -SIGKILL);
    coil_process_unref(process);
    return argument;
}

TEST(SubprocessMixin, test_kill_issue43884)
{
    run(kill_above_a_grandchild);
}

TEST(SubprocessMixin, test_terminate)
{
    run(terminate_it);
}

static void *signal_when_ready(void *argument)
{
    coil_process *process = in_and_out("echo ready; exec cat");
    char text[8] = "";

    CHECK_EQ(read_some(process, COIL_STDOUT, text, 6), 6);
    CHECK_STR(text, "ready\n");
    PASS(coil_process_send_signal(process, SIGHUP));
    CHECK_EQ(family_wait(process), -SIGHUP);
    coil_process_unref(process);
    return argument;
}

TEST(SubprocessMixin, test_send_signal)
{
    run(signal_when_ready);
}

enum { LARGE = 1 << 20 }; /* more than a pipe holds */

static char *large_text(void)
{
    char *text = malloc(LARGE + 1);

    if (CHECK(text != NULL)) {
        memset(text, 'x', LARGE);
        text[LARGE] = '\0';
    }
    return text;
}

/* Whoever writes learns of it at the drain, and the end is the child's own. */
static void *write_to_the_deaf(void *argument)
{
    coil_process *process = in_and_out("exit 0");
    coil_stream *in = coil_process_stdin(process);
    char *text = large_text();

    int rc = text ? coil_stream_write(in, text, LARGE) : -ENOMEM;
    if (rc == 0)
        rc = coil_stream_drain(in);
    CHECK(rc == -EPIPE || rc == -ECONNRESET);
    CHECK_EQ(family_wait(process), 0);
    coil_process_unref(process);
    free(text);
    return argument;
}

TEST(SubprocessMixin, test_stdin_broken_pipe)
{
    run(write_to_the_deaf);
}

static void *read_with_pauses(void *argument)
{
    const coil_process_options options = {
        .size = sizeof(options), .out = COIL_STDIO_PIPE, .limit = 100};
    coil_process *process = coil_process_shell("head -c 1048576 /dev/zero", &options);
    coil_stream *out = coil_process_stdout(process);
    char text[64];
    size_t length = 0;
    ssize_t n;

    while ((n = coil_stream_read(out, text, sizeof(text))) > 0) {
        if (length < LARGE / 2) /* the rest is more than the pipe and the stream hold */
            FAILS(coil_process_returncode(process, NULL), -COIL_EINVALSTATE);
        length += (size_t)n;
    }
    CHECK_EQ(n, 0);
    CHECK_EQ(length, LARGE);
    CHECK_EQ(family_wait(process), 0);
    coil_process_unref(process);
    return argument;
}

TEST(SubprocessMixin, test_pause_reading)
{
    run(read_with_pauses);
}

static void *talk_to_the_deaf(void *argument)
{
    coil_process *process = in_and_out("exit 0");
    char *text = large_text();
    struct said said = talk(process, text);

    CHECK_EQ(said.out_n, 0);
    CHECK_EQ(family_wait(process), 0);
    forget(process, &said);
    free(text);
    return argument;
}

TEST(SubprocessMixin, test_communicate_ignore_broken_pipe)
{
    run(talk_to_the_deaf);
}

/* Held by the child, too, the pipe would never end for it. */
static void *end_its_input(void *argument)
{
    coil_process *process = in_and_out("cat; test ! -e /proc/self/fd/150");
    int copy = fcntl(coil_process_descriptor(process, COIL_STDIN), F_DUPFD, 150); /* no O_CLOEXEC */
    CHECK_EQ(copy, 150);
    coil_process *second = in_and_out("test ! -e /proc/self/fd/150");
    CHECK_EQ(family_wait(second), 0);
    close(copy);
    struct said said = talk(process, NULL);

    CHECK_EQ(said.out_n, 0);
    CHECK_EQ(family_wait(process), 0);
    coil_process_unref(second);
    forget(process, &said);
    return argument;
}

TEST(SubprocessMixin, test_stdin_not_inheritable)
{
    run(end_its_input);
}

static void *give_nothing(void *argument)
{
    coil_process *process = in_and_out("cat");
    struct said said = talk(process, "");

    CHECK_EQ(said.out_n, 0);
    CHECK(said.out != NULL);
    CHECK_EQ(family_wait(process), 0);
    forget(process, &said);
    return argument;
}

TEST(SubprocessMixin, test_empty_input)
{
    run(give_nothing);
}

static void *null_input(void *argument)
{
    coil_process *process = family_shell("cat", COIL_STDIO_NULL, COIL_STDIO_PIPE, 0);
    struct said said = talk(process, NULL);

    CHECK_EQ(said.out_n, 0);
    CHECK_EQ(family_wait(process), 0);
    forget(process, &said);
    return argument;
}

TEST(SubprocessMixin, test_devnull_input)
{
    run(null_input);
}

static void *null_output(void *argument)
{
    coil_process *process = family_shell("cat", COIL_STDIO_PIPE, COIL_STDIO_NULL, 0);
    struct said said = talk(process, "abc");

    CHECK_PTR(said.out, NULL);
    CHECK_EQ(family_wait(process), 0);
    forget(process, &said);
    return argument;
}

TEST(SubprocessMixin, test_devnull_output)
{
    run(null_output);
}

static void *null_errors(void *argument)
{
    coil_process *process =
        family_shell("echo err >&2", COIL_STDIO_PIPE, COIL_STDIO_PIPE, COIL_STDIO_NULL);
    struct said said = talk(process, NULL);

    CHECK_PTR(said.err, NULL);
    CHECK_EQ(said.out_n, 0);
    CHECK_EQ(family_wait(process), 0);
    forget(process, &said);
    return argument;
}

TEST(SubprocessMixin, test_devnull_error)
{
    run(null_errors);
}

static void *open_input_by_path(void *argument)
{
    coil_process *process = in_and_out("cat /dev/stdin");
    struct said said = talk(process, "abcdef");

    CHECK(said.out && strcmp(said.out, "abcdef") == 0);
    CHECK_EQ(family_wait(process), 0);
    forget(process, &said);
    return argument;
}

TEST(SubprocessMixin, test_devstdin_input)
{
    run(open_input_by_path);
}

struct waiter_of {
    coil_process *process;
    int status;
};

static void *wait_for_it(void *argument)
{
    struct waiter_of *waiter = argument;
    int rc = coil_process_wait(waiter->process, &waiter->status);

    return COIL_ERR(rc);
}

static void *cancel_a_wait(void *argument)
{
    struct waiter_of waiter = {.process = in_and_out("exec cat")};
    COIL_AUTO coil_task *task = coil_create_task(wait_for_it, &waiter);

    PASS(coil_sleep(0));
    CHECK(coil_cancel(task));
    FAILS(coil_await(task, NULL), -ECANCELED);
    FAILS(coil_process_returncode(waiter.process, NULL), -COIL_EINVALSTATE); /* it lives */
    PASS(coil_process_kill(waiter.process));
    CHECK_EQ(family_wait(waiter.process), -SIGKILL);
    coil_process_unref(waiter.process);
    return argument;
}

TEST(SubprocessMixin, test_cancel_process_wait)
{
    run(cancel_a_wait);
}

static void *start_and_wait(void *argument)
{
    coil_process *process = all_pipes("exec cat");
    int rc = coil_process_wait(process, NULL);

    coil_process_unref(process);
    return rc < 0 ? COIL_ERR(rc) : argument;
}

/* A family looks for children, zombies and open pipes when its scope ends. */
static void *cancel_a_spawn(void *argument)
{
    COIL_AUTO coil_task *task = coil_create_task(start_and_wait, NULL);

    PASS(coil_sleep(0)); /* the spawn is in progress */
    CHECK(coil_cancel(task));
    FAILS(coil_await(task, NULL), -ECANCELED);
    return argument;
}

TEST(SubprocessMixin, test_cancel_make_subprocess_transport_exec)
{
    run(cancel_a_spawn);
}

static bool has_a_child(void)
{
    siginfo_t info = {.si_pid = 0};
    return waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG) == 0;
}

/* The cancellation comes when the child is there and the call has not returned. */
static void *cancel_after_the_start(void *argument)
{
    COIL_AUTO coil_task *task = coil_create_task(start_and_wait, NULL);

    PASS(coil_sleep(0));
    while (!has_a_child()) { /* on its thread */
    }
    CHECK(coil_cancel(task));
    FAILS(coil_await(task, NULL), -ECANCELED);
    return argument;
}

TEST(SubprocessMixin, test_cancel_post_init)
{
    run(cancel_after_the_start);
}

static void *close_a_running_one(void *argument)
{
    close_and_look(all_pipes("exec cat"));
    return argument;
}

TEST(SubprocessMixin, test_close_kill_running)
{
    run(close_a_running_one);
}

/* It has no number any more that a signal could go to. */
static void *close_a_dead_one(void *argument)
{
    coil_process *process = all_pipes("exit 0");

    CHECK_EQ(family_wait(process), 0);
    FAILS(coil_process_kill(process), -ESRCH);
    coil_process_unref(process);
    return argument;
}

TEST(SubprocessMixin, test_close_dont_kill_finished)
{
    run(close_a_dead_one);
}

static void *start_nothing(void *argument)
{
    const char *const argv[] = {"/none/of/this", NULL};
    const coil_process_options options = {.size = sizeof(options), .in = COIL_STDIO_PIPE};

    FAILS(coil_err(coil_process_exec(argv, NULL)), -ENOENT);
    FAILS(coil_err(coil_process_exec(argv, &options)), -ENOENT);
    return argument;
}

TEST(SubprocessMixin, test_popen_error)
{
    run(start_nothing);
}

TEST(SubprocessMixin, test_popen_error_with_stdin_pipe)
{
    run(start_nothing);
}

static void *read_after_its_end(void *argument)
{
    coil_process *process = in_and_out("for i in 1 2 3 4 5; do echo 1234567; done");
    char text[8];
    int count = 0;

    CHECK_EQ(family_wait(process), 0);
    while (read_some(process, COIL_STDOUT, text, sizeof(text)) == sizeof(text)) {
        PASS(coil_sleep(COIL_MS(1)));
        count++;
    }
    CHECK_EQ(count, 5);
    coil_process_unref(process);
    return argument;
}

TEST(SubprocessMixin, test_read_stdout_after_process_exit)
{
    run(read_after_its_end);
}

static void *says_its_number(void *argument)
{
    char command[32], expected[16];
    int number = (int)(intptr_t)argument;

    snprintf(command, sizeof(command), "echo %d", number);
    snprintf(expected, sizeof(expected), "%d\n", number);
    coil_process *process = family_shell(command, 0, COIL_STDIO_PIPE, 0);
    struct said said = talk(process, NULL);
    bool right = said.out && strcmp(said.out, expected) == 0;
    forget(process, &said);
    return (void *)(intptr_t)right;
}

static void *ten_at_once(void *argument)
{
    coil_coro each[10];
    void *const *results;
    size_t n = 0;

    for (int i = 0; i < 10; i++)
        each[i] = (coil_coro){says_its_number, (void *)(intptr_t)(i + 100)};
    COIL_AUTO coil_future *all = coil_gather(each, 10, 0);
    PASS(coil_await(all, NULL));
    results = coil_gather_results(all, &n);
    CHECK_EQ(n, 10);
    for (size_t i = 0; i < n; i++)
        CHECK(results[i] != NULL);
    return argument;
}

TEST(SubprocessMixin, test_subprocess_communicate_stdout)
{
    run(ten_at_once);
}

/* ---- 3.13 -------------------------------------------------------------------------------------
 */

TEST(SubprocessMixin, test_communicate_none_input)
{
    run(end_its_input);
}

static void *environment_of_a_shell(void *argument)
{
    const char *const env[] = {"FOO=bar", NULL};
    const coil_process_options options = {
        .size = sizeof(options), .out = COIL_STDIO_PIPE, .env = env};

    CHECK_EQ(setenv("COIL_TEST_OURS", "1", 1), 0);
    coil_process *process = coil_process_shell("echo \"$FOO$COIL_TEST_OURS\"", &options);
    CHECK_EQ(unsetenv("COIL_TEST_OURS"), 0);
    struct said said = talk(process, NULL);
    CHECK(said.out && strcmp(said.out, "bar\n") == 0);
    forget(process, &said);
    return argument;
}

TEST(SubprocessMixin, test_create_subprocess_env_shell)
{
    run(environment_of_a_shell);
}

static void *environment_of_a_program(void *argument)
{
    const char *const env[] = {"FOO=baz", NULL}, *const argv[] = {"/usr/bin/env", NULL};
    const coil_process_options options = {
        .size = sizeof(options), .out = COIL_STDIO_PIPE, .env = env};
    coil_process *process = coil_process_exec(argv, &options);
    struct said said = talk(process, NULL);

    CHECK(said.out && strcmp(said.out, "FOO=baz\n") == 0);
    forget(process, &said);
    return argument;
}

TEST(SubprocessMixin, test_create_subprocess_env_exec)
{
    run(environment_of_a_program);
}

static void *wait_together(void *argument)
{
    struct waiter_of waiters[4];
    coil_task *tasks[4];
    coil_process *process = in_and_out("cat; exit 5");

    for (int i = 0; i < 4; i++) {
        waiters[i] = (struct waiter_of){.process = process};
        tasks[i] = coil_create_task(wait_for_it, &waiters[i]);
        PASS(coil_sleep(0));
        if (i == 2) { /* the last one comes after the end */
            close_end(process, COIL_STDIN);
            CHECK_EQ(family_wait(process), 5);
        }
    }
    for (int i = 0; i < 4; i++) {
        PASS(coil_await(tasks[i], NULL));
        CHECK_EQ(waiters[i].status, 5);
        coil_unref(tasks[i]);
    }
    coil_process_unref(process);
    return argument;
}

TEST(SubprocessMixin, test_subprocess_concurrent_wait)
{
    run(wait_together);
}

struct events {
    coil_process *process;
    struct record log;
};

static void *hear(struct events *events, int which, const char *name)
{
    int fd = coil_process_descriptor(events->process, which);
    char text[16];
    ssize_t n;

    while ((n = coil_read(fd, text, sizeof(text))) > 0)
        record(&events->log, "%s:%d", name, (int)n);
    record(&events->log, "%s:end", name);
    return COIL_ERR((int)n);
}

static void *hear_output(void *argument)
{
    return hear(argument, COIL_STDOUT, "out");
}

static void *hear_errors(void *argument)
{
    return hear(argument, COIL_STDERR, "err");
}

static void *hear_the_end(void *argument)
{
    struct events *events = argument;

    record(&events->log, "exit:%d", family_wait(events->process));
    return NULL;
}

/* Each word comes once, and what a pipe says before its end. */
static void *hear_events(void *argument)
{
    struct events events = {.process = all_pipes("echo hello; echo error >&2; exit 2")};
    const coil_coro ears[] = {
        {hear_output, &events}, {hear_errors, &events}, {hear_the_end, &events}};
    COIL_AUTO coil_future *all = coil_gather(ears, 3, 0);

    PASS(coil_await(all, NULL));
    const char *out = strstr(events.log.text, "out:6"), *err = strstr(events.log.text, "err:6");
    const char *end = strstr(events.log.text, "exit:2");
    CHECK(out && err && end && !strstr(end + 1, "exit"));
    CHECK(out && strstr(out, "out:end"));
    CHECK(err && strstr(err, "err:end"));
    CHECK_EQ(strlen(events.log.text), strlen("out:6 err:6 out:end err:end exit:2"));
    coil_process_unref(events.process);
    return argument;
}

TEST(SubprocessMixin, test_subprocess_protocol_events)
{
    run(hear_events);
}

/* As the child says something, it is about to end. */
static void *signal_at_the_end(void *argument)
{
    for (int i = 0; i < 20; i++) {
        coil_process *process = in_and_out("echo; exit 3");
        char byte;
        CHECK_EQ(read_some(process, COIL_STDOUT, &byte, 1), 1);
        int rc = coil_process_send_signal(process, SIGTERM);
        CHECK(rc == 0 || rc == -ESRCH);
        int status = family_wait(process);
        CHECK(status == 3 || (rc == 0 && status == -SIGTERM));
        coil_process_unref(process);
    }
    return argument;
}

TEST(SubprocessMixin, test_subprocess_send_signal_race)
{
    run(signal_at_the_end);
}

static void *run_elsewhere(void *argument)
{
    run(exit_seven);
    return argument;
}

TEST(GenericWatcherTests, test_create_subprocess_with_pidfd)
{
    pthread_t thread;

    CHECK(disposition_is(SIGCHLD, SIG_DFL));
    if (CHECK(pthread_create(&thread, NULL, run_elsewhere, NULL) == 0))
        pthread_join(thread, NULL);
    CHECK(disposition_is(SIGCHLD, SIG_DFL));
}

// SPDX-License-Identifier: MIT
/*
 * Child processes: programs that are started, fed, read and waited for by tasks.
 *
 *     const char *const argv[] = {"sort", NULL};
 *     coil_process_options options = {
 *         .size = sizeof(options), .in = COIL_STDIO_PIPE, .out = COIL_STDIO_PIPE};
 *     coil_process *process = coil_process_exec(argv, &options);
 *     int rc = coil_process_communicate(process, text, length, &sorted, &size, NULL, NULL);
 *     coil_process_unref(process);
 *
 * A child's end is taken as soon as its loop runs, whether somebody waits for it or not: no zombie
 * is left. No handler of SIGCHLD is installed. Who takes the end of coil's children by a wait of
 * its own, or ignores SIGCHLD, leaves -ECHILD for coil.
 *
 * Functions that take a process return -EINVAL for NULL and the code of an error-encoded pointer,
 * so calls can be chained and checked once.
 */
#ifndef COIL_PROCESS_H
#define COIL_PROCESS_H

#include <coil/base.h>
#include <coil/stream.h>

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A child, alive or not: reference counted. */
typedef struct coil_process coil_process;

/* What becomes of a standard stream of a child. A number above 0 is a descriptor of the program's
 * that the child gets there; it stays the program's. */
enum coil_stdio {
    COIL_STDIO_INHERIT = 0, /* the program's own */
    COIL_STDIO_PIPE = -1,   /* a pipe, whose other end coil_process_descriptor tells */
    COIL_STDIO_STDOUT = -2, /* only for `err`: where stdout goes */
    COIL_STDIO_NULL = -3    /* /dev/null */
};

typedef struct coil_process_options {
    size_t size;            /* sizeof(coil_process_options) */
    int in, out, err;       /* enum coil_stdio, or a descriptor */
    const char *const *env; /* "NAME=value", ends with NULL; exactly this. NULL: the program's */
    const char *cwd;        /* where the child starts; NULL: where the program is */
    bool new_session;       /* setsid(2): of its own, without a terminal */
    size_t limit;           /* of its streams, as in coil_stream_options; 0: theirs */
} coil_process_options;

/* ---- starting ------------------------------------------------------------------------------- */

/*
 * Starts a program. argv[0] is its path or, without a slash, a name that is looked for along PATH,
 * of the child's environment. The child has every signal at its default and none blocked, and no
 * descriptor of the program's from 3 on. NULL options: all of it inherited.
 *
 * Suspends: yes; the loop goes on while a thread starts the program.
 * Thread: the loop's, in a task.
 * Ownership: the caller gets a reference. Arguments may go after the call.
 * Cancellation: -ECANCELED, and no child was started; one that was all the same is returned, and
 *               the cancellation is delivered at the next wait.
 * Errors: -ENOENT when there is no such program or `cwd`, -EACCES for one that may not be run, and
 *         others of execve(2), chdir(2), fork(2) and pipe(2); -EBADF for a descriptor that is
 *         closed; -EINVAL for no argv[0], options of a wrong size or a stream that cannot be;
 *         -ECANCELED; -ENOMEM; -EAGAIN when no thread can be started; -EOPNOTSUPP on a simulated
 *         engine, which has no children; -COIL_ENOLOOP outside a task. Error-encoded; nothing was
 *         started and nothing is open then.
 */
COIL_API coil_process *coil_process_exec(const char *const argv[],
                                         const coil_process_options *options);

/*
 * Starts /bin/sh with a command.
 *
 * Suspends: as coil_process_exec.
 * Thread: the loop's, in a task.
 * Ownership: as coil_process_exec.
 * Cancellation: as coil_process_exec.
 * Errors: as coil_process_exec; -EINVAL for NULL and for an empty command. What the shell does not
 *         find is its own exit code, 127.
 */
COIL_API coil_process *coil_process_shell(const char *command, const coil_process_options *options);

/* ---- its end -------------------------------------------------------------------------------- */

/*
 * Waits until the child has ended, also while somebody else still holds its pipes. `status` gets
 * its exit code or the negative number of the signal that killed it. Any number of tasks may wait,
 * also after the end.
 *
 * Suspends: yes, unless the end is known.
 * Thread: the loop's, in a task.
 * Ownership: the wait holds a reference of its own. `status` may be NULL.
 * Cancellation: -ECANCELED; the child lives on.
 * Errors: -ECANCELED; -ECHILD when somebody else has taken its end, and the status is lost;
 *         -ENOMEM; -COIL_ENOLOOP outside a task.
 */
COIL_API COIL_NODISCARD int coil_process_wait(coil_process *process, int *status);

/*
 * Tells the status of a child whose end is known.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: `status` may be NULL.
 * Cancellation: none.
 * Errors: -COIL_EINVALSTATE when it has not ended, or the loop has not heard of it; -ECHILD as
 *         coil_process_wait.
 */
COIL_API int coil_process_returncode(const coil_process *process, int *status);

/*
 * Writes `n` bytes to the child's stdin and closes it, reads its stdout and stderr to their ends,
 * all at the same time, and waits for its own end. A child that does not read its input is no
 * error. Only streams that are pipes, and were not taken by coil_process_detach, are dealt with.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: `*out` and `*err` get what was read, to be freed by coil_free, with a NUL behind it
 *            that is not counted; NULL for a stream that is no pipe. NULL for a place: what comes
 *            is read and dropped. `input` stays the caller's.
 * Cancellation: -ECANCELED; the child lives on, and nothing is lost: called again with the same
 *               input, it goes on where it was.
 * Errors: -EINVAL for NULL input of some bytes, and for input to a stdin that is no pipe; -EBUSY
 *         while another task does so, and when one of the pipes was made a stream; -ECANCELED;
 *         -ENOMEM, -EIO and others of read(2) and write(2) but -EPIPE and -ECONNRESET, after which
 *         it may be called again, too; -ECHILD as coil_process_wait; -COIL_ENOLOOP outside a task.
 *         The places are written to only on success.
 */
COIL_API COIL_NODISCARD int coil_process_communicate(coil_process *process, const void *input,
                                                     size_t n, void **out, size_t *out_n,
                                                     void **err, size_t *err_n);

/* ---- signals -------------------------------------------------------------------------------- */

/*
 * Sends a signal to the child, and never to another process that has got its number; 0 sends none
 * and asks whether it could.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -ESRCH after the child's end is known; -EINVAL for a number that is no signal's; -EPERM
 *         for a child that has become somebody else's.
 */
COIL_API int coil_process_send_signal(coil_process *process, int signal);

/*
 * Sends SIGTERM.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: as coil_process_send_signal.
 */
COIL_API int coil_process_terminate(coil_process *process);

/*
 * Sends SIGKILL.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: as coil_process_send_signal.
 */
COIL_API int coil_process_kill(coil_process *process);

/* ---- what it is ----------------------------------------------------------------------------- */

/*
 * Returns the child's process id, also after its end, when another process may have it.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer.
 */
COIL_API pid_t coil_process_pid(const coil_process *process);

enum coil_standard { COIL_STDIN, COIL_STDOUT, COIL_STDERR };

/*
 * Returns the program's end of a pipe (enum coil_standard): to be written to for COIL_STDIN, to be
 * read for the others.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the descriptor stays the process's, which closes it: to end the child's input, see
 *            coil_process_detach.
 * Cancellation: none.
 * Errors: -EBADF when it is no pipe, was taken or made a stream, or was read to its end by
 *         coil_process_communicate; -EBUSY while that runs; -EINVAL for an unknown stream.
 */
COIL_API int coil_process_descriptor(const coil_process *process, int which);

/*
 * Takes the program's end of a pipe away from the process.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller closes the descriptor.
 * Cancellation: none.
 * Errors: as coil_process_descriptor.
 */
COIL_API int coil_process_detach(coil_process *process, int which);

/*
 * Returns the stream that writes to the child's stdin. It is made of the pipe at the first call.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the stream is the process's; it is aborted with the last reference to that.
 * Cancellation: none.
 * Errors: as coil_process_descriptor and coil_stream_new. Error-encoded.
 */
COIL_API coil_stream *coil_process_stdin(coil_process *process);

/*
 * Returns the stream that reads the child's stdout.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: as coil_process_stdin.
 * Cancellation: none.
 * Errors: as coil_process_stdin.
 */
COIL_API coil_stream *coil_process_stdout(coil_process *process);

/*
 * Returns the stream that reads the child's stderr.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: as coil_process_stdin.
 * Cancellation: none.
 * Errors: as coil_process_stdin.
 */
COIL_API coil_stream *coil_process_stderr(coil_process *process);

/*
 * Takes one more reference and returns the process; NULL and error-encoded pointers pass through.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller gets a reference.
 * Cancellation: none.
 * Errors: none.
 */
COIL_API coil_process *coil_process_ref(coil_process *process);

/*
 * Gives a reference back. The last one closes the pipes and kills a child that lives. Its end is
 * taken when the loop runs or closes; after coil_close, in this call, which blocks until the child
 * that it has killed is gone. In a forked process the parent's children are left alone.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller's reference ends.
 * Cancellation: none.
 * Errors: none; NULL and error-encoded pointers are ignored.
 */
COIL_API void coil_process_unref(coil_process *process);

#ifdef __cplusplus
}
#endif

#endif

// SPDX-License-Identifier: MIT
/*
 * Streams: the buffered reader and writer of one descriptor, by asyncio's rules. A stream owns its
 * descriptor, receives ahead of its reader and sends behind its writer, so a write never waits and
 * a cancelled read loses no byte.
 *
 * One task reads at a time; any number may write, each call's bytes stay together. A connection
 * that is lost (a reset, a broken pipe) keeps its error: each later call gives that code, and what
 * was received before can still be had by coil_stream_peek. The peer's end is not an error: reads
 * give what is left and then 0, writes go on.
 *
 * The writing end of a pipe is lost, with -EPIPE, as soon as nobody reads any more, also while
 * nothing is being written. For the master of a pseudo-terminal it is the end when nobody has the
 * other side open any more.
 *
 * After coil_stream_close reads give what was received before and then 0; writes give -COIL_ECLOSED
 * and so does a read that waits at that moment. When its loop is closed a stream ends with it, and
 * every call but coil_stream_unref gives -COIL_ECLOSED.
 *
 * Every call takes the error-encoded pointer of a stream that could not be made, and returns its
 * code.
 */
#ifndef COIL_STREAM_H
#define COIL_STREAM_H

#include <coil/base.h>

#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct coil_stream coil_stream;

typedef struct coil_stream_options {
    size_t size;       /* sizeof(coil_stream_options) */
    coil_loop *loop;   /* NULL: the running one, or this thread's */
    size_t limit;      /* of a line; receiving pauses above twice as much; 0: 64 KiB */
    size_t high_water; /* drain waits above it; 0: 64 KiB */
    size_t low_water;  /* and goes on at it; 0: a quarter of high_water */
    size_t hard_limit; /* no more is kept to be sent; 0: 16 MiB */
} coil_stream_options;

/*
 * Makes a stream of a connected socket, the end of a pipe, or a tty. TCP_NODELAY is set. Nothing is
 * received before the first read.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the stream owns the descriptor from then on, and on failure the caller still does; the
 *            caller gives the stream back with coil_stream_unref. The options are copied.
 * Cancellation: none.
 * Errors: -EBADF; -EINVAL for options of a wrong size, sizes above SSIZE_MAX, low water above high;
 *         -COIL_ENOLOOP when there is no loop; -COIL_ECLOSED when it is closed; -ENOMEM.
 *         Error-encoded.
 */
COIL_API coil_stream *coil_stream_new(int fd, const coil_stream_options *options);

/*
 * Takes one more reference, and returns the stream.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller gives it back with coil_stream_unref.
 * Cancellation: none.
 * Errors: an error-encoded pointer is returned as it is; NULL gives that of -EINVAL.
 */
COIL_API coil_stream *coil_stream_ref(coil_stream *stream);

/*
 * Gives a reference back. The last one of a stream that was not closed closes it, what was written
 * is sent all the same, and tells the exception handler of the mistake.
 *
 * Suspends: no.
 * Thread: the loop's; after the loop was freed any.
 * Ownership: the reference is gone.
 * Cancellation: none.
 * Errors: none; NULL and error-encoded pointers are ignored.
 */
COIL_API void coil_stream_unref(coil_stream *stream);

/* ---- reading ------------------------------------------------------------------------------ */

/*
 * Reads what there is, at most `length` bytes, and returns how many: at least one, or 0 at the end.
 *
 * Suspends: only when nothing was received.
 * Thread: the loop's, in a task.
 * Ownership: the buffer stays the caller's; the kernel may use it during the call.
 * Cancellation: -ECANCELED, and no byte is lost: the next read has it.
 * Errors: -ECANCELED; -EINVAL for a NULL buffer with a length; -EBUSY while another task reads; the
 *         connection's code; -COIL_ECLOSED when it is closed during the wait; -EBADF for a
 *         descriptor that is only open for writing; -EXDEV for a task of another loop;
 *         -COIL_ENOLOOP outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD ssize_t coil_stream_read(coil_stream *stream, void *buffer, size_t length);

/*
 * Reads exactly `length` bytes and returns how many.
 *
 * Suspends: until they were received.
 * Thread: the loop's, in a task.
 * Ownership: the buffer stays the caller's.
 * Cancellation: as coil_stream_read; nothing was taken.
 * Errors: as coil_stream_read; -ENODATA when the end came before: the buffer has what there was,
 *         and `*got`, when it is not NULL, how much; -EINVAL for a length above SSIZE_MAX.
 */
COIL_API COIL_NODISCARD ssize_t coil_stream_readexactly(coil_stream *stream, void *buffer,
                                                        size_t length, size_t *got);

/*
 * Reads up to and with the first separator, any bytes, and returns how many bytes that are.
 *
 * Suspends: until it was received.
 * Thread: the loop's, in a task.
 * Ownership: the buffer stays the caller's.
 * Cancellation: as coil_stream_read; nothing was taken.
 * Errors: as coil_stream_read. `*got`, when it is not NULL, says more of these:
 *         -ENODATA when the end came before: the buffer has what there was, as much as fits, and
 *         `*got` how much there was; it is gone.
 *         -EMSGSIZE when the separator is further than the stream's limit: nothing was taken, and
 *         `*got` is where it was found, or the length that was searched in vain.
 *         -ENOBUFS when all is well but for the buffer: nothing was taken, `*got` is needed.
 *         -EINVAL for an empty separator.
 */
COIL_API COIL_NODISCARD ssize_t coil_stream_readuntil(coil_stream *stream, const void *separator,
                                                      size_t separator_length, void *buffer,
                                                      size_t size, size_t *got);

/*
 * As coil_stream_readuntil with several separators: the one that is complete first counts.
 *
 * Suspends: as coil_stream_readuntil.
 * Thread: as coil_stream_readuntil.
 * Ownership: as coil_stream_readuntil.
 * Cancellation: as coil_stream_readuntil.
 * Errors: as coil_stream_readuntil; -EINVAL also for no separator.
 */
COIL_API COIL_NODISCARD ssize_t coil_stream_readuntil_any(coil_stream *stream,
                                                          const struct iovec *separators, int n,
                                                          void *buffer, size_t size, size_t *got);

/*
 * Reads a line with its newline, or what is left at the end, and returns its length, 0 at the end.
 * No zero is put behind it.
 *
 * Suspends: until it was received.
 * Thread: the loop's, in a task.
 * Ownership: the buffer stays the caller's.
 * Cancellation: as coil_stream_read; nothing was taken.
 * Errors: as coil_stream_read. -EMSGSIZE for a line above the stream's limit, which is dropped:
 * with its newline if that was received, else everything that was. -ENOBUFS when the buffer is too
 * small: nothing was taken.
 */
COIL_API COIL_NODISCARD ssize_t coil_stream_readline(coil_stream *stream, void *buffer,
                                                     size_t size);

/*
 * Reads everything up to the end, however much that is, into memory of its own.
 *
 * Suspends: until the end.
 * Thread: the loop's, in a task.
 * Ownership: the caller frees `*data` with coil_free; it is NULL when there was nothing.
 * Cancellation: as coil_stream_read; nothing was taken.
 * Errors: as coil_stream_read; -EINVAL for NULL.
 */
COIL_API COIL_NODISCARD int coil_stream_read_all(coil_stream *stream, void **data, size_t *length);

/*
 * Shows what was received without copying: at least `at_least` bytes side by side, fewer only at
 * the end. Returns how many; 0 with `at_least` of 0 when nothing is there, which never waits and
 * works after a lost connection, too.
 *
 * Suspends: until so much was received.
 * Thread: the loop's, in a task.
 * Ownership: the memory is the stream's, and stays as it is until the next call that reads,
 *            coil_stream_consume or the last coil_stream_unref.
 * Cancellation: as coil_stream_read.
 * Errors: as coil_stream_read; -EINVAL for NULL.
 */
COIL_API COIL_NODISCARD ssize_t coil_stream_peek(coil_stream *stream, const void **data,
                                                 size_t at_least);

/*
 * Takes the first `length` bytes away.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: what coil_stream_peek has shown is gone.
 * Cancellation: none.
 * Errors: -EINVAL for more than was received: nothing was taken; -EBUSY while another task reads;
 *         -COIL_ECLOSED after the loop.
 */
COIL_API int coil_stream_consume(coil_stream *stream, size_t length);

/*
 * Tells whether the end was received and everything before it was read. False for a stream that
 * cannot be asked.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none.
 */
COIL_API bool coil_stream_at_eof(const coil_stream *stream);

/* ---- writing ------------------------------------------------------------------------------ */

/*
 * Writes: the bytes are copied, and sent together with what else is written in this turn.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the data stays the caller's.
 * Cancellation: none.
 * Errors: nothing was written with: -EINVAL for NULL with a length; -EAGAIN when it would make more
 *         than the hard limit that is not sent yet; -ENOMEM; the connection's code; -COIL_ECLOSED;
 *         -EBADF for a descriptor that is only open for reading; -EPIPE after
 *         coil_stream_write_eof.
 */
COIL_API int coil_stream_write(coil_stream *stream, const void *data, size_t length);

/*
 * Writes several pieces, all or none.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: as coil_stream_write.
 * Cancellation: none.
 * Errors: as coil_stream_write; -EINVAL also for a negative number, and more than SSIZE_MAX bytes.
 */
COIL_API int coil_stream_writelines(coil_stream *stream, const struct iovec *pieces, int n);

/*
 * Waits while more than the high water mark is written and not sent, until it is no more than the
 * low one. Tasks go on in the order in which they came.
 *
 * Suspends: only then; once after coil_stream_close.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: -ECANCELED; what was written is still sent.
 * Errors: -ECANCELED; the connection's code; -COIL_ECLOSED when it was closed, or aborted during
 *         the wait; -EXDEV; -COIL_ENOLOOP outside a task.
 */
COIL_API int coil_stream_drain(coil_stream *stream);

/*
 * Writes and drains. What is large goes out without being copied when nothing else waits, and
 * where coil_stream_write would meet the hard limit this call waits: then it is written in pieces,
 * and what others write or a file that they send may come between these.
 *
 * Suspends: yes, as coil_stream_drain, or until it was sent.
 * Thread: the loop's, in a task.
 * Ownership: the data stays the caller's; the kernel uses it during the call.
 * Cancellation: -ECANCELED; up to the hard limit all of the data is sent all the same, as by
 *               coil_stream_write, and what is above it may not be. Where there is no memory to
 *               keep it for that: -ENOMEM, and the cancellation is delivered at the next wait.
 * Errors: as coil_stream_write but -EAGAIN, and as coil_stream_drain. With -ENOMEM nothing was
 *         written, and the stream goes on; but where a part had been and the rest cannot be kept,
 *         the connection is lost with that code.
 */
COIL_API int coil_stream_send(coil_stream *stream, const void *data, size_t length);

/*
 * Sends `count` bytes of a file from `offset` on, fewer where it ends before; COIL_TO_END
 * (coil/sendfile.h): all. It begins when everything that was written is with the kernel, and what
 * is written from then on waits behind it. Without a layer the bytes take no way through the
 * program's memory, as with coil_sendfile.
 *
 * Suspends: yes, until what was written before and the file are with the kernel.
 * Thread: the loop's, in a task. One at a time.
 * Ownership: the file stays the caller's.
 * Cancellation: -ECANCELED, after part of it; without a layer the file's position is behind that.
 * Errors: the number of bytes. -ECANCELED; -EBUSY while another task is in this call; -EBADF;
 *         -EINVAL for a negative offset or count; as coil_stream_write but -EAGAIN; those of
 *         coil_sendfile; -COIL_ECLOSED when it is aborted meanwhile; -ENOMEM.
 */
COIL_API COIL_NODISCARD ssize_t coil_stream_sendfile(coil_stream *stream, int file, int64_t offset,
                                                     int64_t count);

/*
 * Says to the peer that nothing more will be written, after all that was. Reading goes on; a pipe
 * and a tty have one direction, and are closed.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EOPNOTSUPP where it cannot be said; -EBADF for a descriptor that is only open for
 *         reading; the connection's code; -COIL_ECLOSED. Once more is no error.
 */
COIL_API int coil_stream_write_eof(coil_stream *stream);

/*
 * Tells whether coil_stream_write_eof can say so.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; false for a stream that cannot be asked.
 */
COIL_API bool coil_stream_can_write_eof(const coil_stream *stream);

/*
 * Sets the marks of coil_stream_drain. With two zeros it waits until everything was sent.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for low above high; -COIL_ECLOSED.
 */
COIL_API int coil_stream_set_write_buffer_limits(coil_stream *stream, size_t high, size_t low);

/*
 * Returns how many bytes were written and not sent yet.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; 0 for a stream that cannot be asked.
 */
COIL_API size_t coil_stream_write_buffer_size(const coil_stream *stream);

/* ---- the end ------------------------------------------------------------------------------ */

/*
 * Begins to close: nothing more is received, what was written is sent, then the descriptor is
 * closed, after everything that this loop has in flight on it.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the references stay.
 * Cancellation: none.
 * Errors: none for a stream; 0 also when it is closed already. -EINVAL, -COIL_ECLOSED after the
 *         loop.
 */
COIL_API int coil_stream_close(coil_stream *stream);

/*
 * As coil_stream_close; what was written and not sent is dropped.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the references stay.
 * Cancellation: none.
 * Errors: as coil_stream_close.
 */
COIL_API int coil_stream_abort(coil_stream *stream);

/*
 * Tells whether it is closed, or is being closed, or its connection was lost.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; true for a stream that cannot be asked.
 */
COIL_API bool coil_stream_is_closing(const coil_stream *stream);

/*
 * Waits until the descriptor is closed, by whatever reason.
 *
 * Suspends: until then.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: -ECANCELED; the closing goes on.
 * Errors: -ECANCELED; the code that the connection was lost with; one of close(2); -EXDEV;
 *         -COIL_ENOLOOP outside a task.
 */
COIL_API int coil_stream_wait_closed(coil_stream *stream);

/* ---- asking ------------------------------------------------------------------------------- */

/*
 * Returns the code that the connection was lost with, 0 while it was not; -COIL_ECLOSED after the
 * loop.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: that code; -EINVAL for NULL.
 */
COIL_API int coil_stream_error(const coil_stream *stream);

/*
 * Returns the descriptor, for getsockname(2), options and the like; it is not to be closed.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the stream's.
 * Cancellation: none.
 * Errors: -COIL_ECLOSED when it is closed; -EINVAL for NULL.
 */
COIL_API int coil_stream_descriptor(const coil_stream *stream);

/*
 * Keeps a pointer of the program's with the stream.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the pointer stays the caller's.
 * Cancellation: none.
 * Errors: -EINVAL for NULL as the stream; -COIL_ECLOSED after the loop.
 */
COIL_API int coil_stream_set_userdata(coil_stream *stream, void *userdata);

/*
 * Returns that pointer; in the handler of a server's client the server's.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: as it was given.
 * Cancellation: none.
 * Errors: none; NULL when there is none.
 */
COIL_API void *coil_stream_userdata(const coil_stream *stream);

#ifdef __cplusplus
}
#endif

#endif

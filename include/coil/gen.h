// SPDX-License-Identifier: MIT
/*
 * Generators: coroutines that hand over values one by one, and take some.
 *
 * A generator's body has pthread's signature. It runs on a stack of its own, as its caller: no loop
 * is needed. coil_gen_next runs it to its next coil_yield, at any call depth, and gives the value
 * yielded; coil_gen_send makes that coil_yield give a value, coil_gen_throw makes it fail with a
 * code. A body that returns ends its generator: COIL_STOP with its result, or, when it returns
 * COIL_ERR(code), that code, which the caller gets as if the generator had raised it.
 *
 * In a task a generator may wait: the task waits. Outside a task a wait fails with -COIL_ENOLOOP.
 *
 * A generator belongs to the thread that first resumes it: a call from another one that would run
 * it is a bug in the program and ends it with a message.
 */
#ifndef COIL_GEN_H
#define COIL_GEN_H

#include <coil/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { COIL_STOP = 1 }; /* the generator, or another iterator, has ended; not an error */

enum coil_gen_states {
    COIL_GEN_CREATED,   /* nothing has run */
    COIL_GEN_RUNNING,   /* its body runs, or waits for what it called */
    COIL_GEN_SUSPENDED, /* at a yield */
    COIL_GEN_CLOSED     /* it has ended */
};

typedef struct coil_gen coil_gen;

typedef struct coil_gen_options {
    size_t size;       /* sizeof(coil_gen_options) */
    const char *name;  /* copied; for coil_gen_describe. NULL: none */
    size_t stack_size; /* bytes; 0: 64 KiB; rounded up to a power of two from 16 KiB */
    size_t copy_arg;   /* bytes of *arg to copy; the copy lives as long as the generator. 0: arg
                          itself */
} coil_gen_options;

/* ---- making and ending ---------------------------------------------------------------------- */

/*
 * Makes a generator. Nothing runs, and there is no stack, before it is first resumed.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the caller's, for coil_gen_free. `arg` must outlive the generator.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; -ENOMEM. Error-encoded.
 */
COIL_API coil_gen *coil_gen_new(coil_fn fn, void *arg);

/*
 * The same with options; NULL means none.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: as coil_gen_new; options are copied, and `arg` as far as copy_arg says.
 * Cancellation: none.
 * Errors: as coil_gen_new; -EINVAL for options of a wrong size, a stack of more than 8 MiB or
 *         copy_arg without arg. Error-encoded.
 */
COIL_API coil_gen *coil_gen_new_with(coil_fn fn, void *arg, const coil_gen_options *options);

/*
 * Makes a generator and runs it to its first yield, so that it can be sent to. The value that it
 * yields there is dropped.
 *
 * Suspends: as its body does.
 * Thread: any; the generator is this thread's.
 * Ownership: as coil_gen_new.
 * Cancellation: as its body has it.
 * Errors: as coil_gen_new; what the body raises; -ENODATA: it ended before it yielded.
 *         Error-encoded.
 */
COIL_API coil_gen *coil_gen_primed(coil_fn fn, void *arg);

/*
 * Ends a generator where it stands: the coil_yield at which it is suspended fails with
 * -COIL_EGENEXIT, and the body returns. Generators that it delegates to are closed first, the
 * innermost one before all others. One that was not started never runs; one that has ended stays
 * as it is.
 *
 * Suspends: as its body does.
 * Thread: the generator's.
 * Ownership: `*result` (NULL: not wanted) is what the body returned, or NULL.
 * Cancellation: as its body has it.
 * Errors: -EINVAL for NULL; -EBUSY: it is running; -COIL_EIGNORED: it yielded again, and is
 *         suspended there; another code that the body returned.
 */
COIL_API int coil_gen_close(coil_gen *gen, void **result);

/*
 * Closes a generator and frees it. A body that goes on yielding loses its stack where it stands,
 * and with it its locals; a warning names it. So does a code that it ends with, which has nobody
 * to go to but the caller.
 *
 * Suspends: as its body does.
 * Thread: the generator's; any when it was not started or has ended.
 * Ownership: the generator is gone, unless it was running. NULL is accepted.
 * Cancellation: as its body has it.
 * Errors: -EBUSY: it is running, and nothing has changed; otherwise the code of the close, and it
 *         is freed all the same.
 */
COIL_API int coil_gen_free(coil_gen *gen);

/* ---- running -------------------------------------------------------------------------------- */

/*
 * Resumes a generator. 0: it has yielded `*out`. COIL_STOP: it has ended, with the result `*out`
 * the first time and NULL ever after. Negative: it has raised that code, and has ended.
 *
 * Suspends: as its body does.
 * Thread: the generator's.
 * Ownership: `out` may be NULL. What it points to belongs to whom the body says.
 * Cancellation: as its body has it.
 * Errors: -EINVAL for NULL; -ENOMEM: no memory for its stack, and it is not started; -EBUSY: it is
 *         running; whatever the body returns.
 */
COIL_API int coil_gen_next(coil_gen *gen, void **out);

/*
 * As coil_gen_next, and the coil_yield at which the generator is suspended gives `value`.
 *
 * Suspends: as its body does.
 * Thread: the generator's.
 * Ownership: as coil_gen_next.
 * Cancellation: as its body has it.
 * Errors: as coil_gen_next; -EINVAL, and nothing has changed: the generator was not started, so
 *         no yield is there to take a value that is not NULL; or an error-encoded value.
 */
COIL_API int coil_gen_send(coil_gen *gen, void *value, void **out);

/*
 * As coil_gen_next, and the coil_yield at which the generator is suspended fails with `code`. When
 * it delegates, the innermost generator's does; one that passes the code on has its delegator
 * fail with it. One that was not started never runs and has ended.
 *
 * Suspends: as its body does.
 * Thread: the generator's.
 * Ownership: as coil_gen_next.
 * Cancellation: as its body has it.
 * Errors: as coil_gen_next; -EINVAL for a code that is none; `code` itself when the generator was
 *         not started, has ended, or does not catch it.
 */
COIL_API int coil_gen_throw(coil_gen *gen, int code, void **out);

/* Runs the statement that follows for each value, a void *, that a generator yields. The value's
 * name is the statement's own. What ended the loop: coil_gen_error. */
#define COIL_GEN_FOREACH(value, gen) for (void *value = NULL; coil_gen_next((gen), &value) == 0;)

/*
 * Calls `fn` with each value that a generator yields and `userdata`, until it returns something
 * else than 0.
 *
 * Suspends: as the body and `fn` do.
 * Thread: the generator's.
 * Ownership: the generator stays the caller's.
 * Cancellation: as the body has it.
 * Errors: as coil_gen_next; 0 when the generator has ended; otherwise what `fn` returned.
 */
COIL_API int coil_gen_foreach(coil_gen *gen, int (*fn)(void *value, void *userdata),
                              void *userdata);

/* ---- looking -------------------------------------------------------------------------------- */

/*
 * Tells a generator's state, one of enum coil_gen_states.
 *
 * Suspends: no.
 * Thread: the generator's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; the code of an error-encoded pointer.
 */
COIL_API int coil_gen_state(const coil_gen *gen);

/*
 * Returns the code that a generator ended with; 0 when it has not ended, was closed, or returned a
 * result.
 *
 * Suspends: no.
 * Thread: the generator's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: as coil_gen_state.
 */
COIL_API int coil_gen_error(const coil_gen *gen);

/*
 * Returns the generator that a generator delegates to; NULL when it delegates to none. This is not
 * an error, so it is not encoded.
 *
 * Suspends: no.
 * Thread: the generator's.
 * Ownership: borrowed.
 * Cancellation: none.
 * Errors: as coil_gen_state, error-encoded.
 */
COIL_API coil_gen *coil_gen_yieldfrom(const coil_gen *gen);

/*
 * Writes "<generator object NAME at 0xADDRESS>"; without a name, "<generator object at ..>".
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the text goes to `buffer`, cut to `size` bytes with its NUL.
 * Cancellation: none.
 * Errors: as coil_gen_state; -EINVAL for no buffer. Otherwise the whole text's length.
 */
COIL_API int coil_gen_describe(const coil_gen *gen, char *buffer, size_t size);

/* ---- inside --------------------------------------------------------------------------------- */

/*
 * Hands a value to whoever resumed the running generator, and suspends it. 0: it was resumed, with
 * a value in `*sent` (NULL: not wanted), which is NULL after coil_gen_next.
 *
 * Suspends: the generator.
 * Thread: the generator's, in its body at any depth.
 * Ownership: none.
 * Cancellation: none; a task that is cancelled meanwhile hears of it when it next waits.
 * Errors: the code of coil_gen_throw; -COIL_EGENEXIT: the generator is being closed and returns;
 *         -EINVAL for an error-encoded value; -COIL_ENOGEN outside a generator.
 */
COIL_API COIL_NODISCARD int coil_yield(void *value, void **sent);

/*
 * What can be iterated: a table of functions, and what they work on. Each returns as coil_gen_next
 * does. Only `next` must be there.
 */
typedef struct coil_iter_table {
    size_t size; /* sizeof(coil_iter_table) */
    int (*next)(void *self, void **out);
    int (*send)(void *self, void *value, void **out);    /* NULL: a value is -EOPNOTSUPP */
    int (*throw_into)(void *self, int code, void **out); /* NULL: the delegator fails with it */
    int (*close)(void *self);                            /* NULL: there is nothing to close */
} coil_iter_table;

typedef struct coil_iter {
    const coil_iter_table *table;
    void *self;
} coil_iter;

/*
 * Yields everything that an iterator has; 0 and its result in `*result` (NULL: not wanted) when it
 * has ended. What the running generator is sent and thrown goes to the iterator. For generators
 * that is one switch straight to the innermost one, at any depth of delegation.
 *
 * A generator may be delegated to in any state: it goes on where it stands, and one that has ended
 * gives NULL.
 *
 * Suspends: the running generator.
 * Thread: the generator's, in its body at any depth.
 * Ownership: the iterator stays the caller's, who frees it afterwards.
 * Cancellation: none.
 * Errors: what the iterator raises, which includes what it was thrown and did not catch;
 *         -COIL_EGENEXIT: the iterator has been closed, and the running generator returns;
 *         -COIL_EIGNORED: it should have been, and yielded; -EBUSY: it is a generator that is
 *         running; -EOPNOTSUPP: a value for an iterator without `send`; -EINVAL for a table of a
 *         wrong size or without `next`, and for a value that it yields error-encoded; -ENOMEM;
 *         -COIL_ENOGEN outside a generator; the code of an error-encoded `self`.
 */
COIL_API COIL_NODISCARD int coil_yield_from(coil_iter iter, void **result);

/* ---- iterators ------------------------------------------------------------------------------ */

/*
 * A generator as an iterator.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the generator stays the caller's.
 * Cancellation: none.
 * Errors: none; an error-encoded generator is an iterator that gives its code.
 */
COIL_API coil_iter coil_iter_gen(coil_gen *gen);

typedef struct coil_array {
    void *const *items;
    size_t count;
    size_t next;
} coil_array;

/*
 * The items of an array, in order; `array` is the caller's memory for the place.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: `array` and `items` must outlive the iterator.
 * Cancellation: none.
 * Errors: none; NULL is an iterator that gives -EINVAL.
 */
COIL_API coil_iter coil_iter_array(coil_array *array, void *const *items, size_t count);

typedef struct coil_chain {
    const coil_iter *iters;
    size_t count;
    size_t next;
} coil_chain;

/*
 * What several iterators have, one iterator after the other: itertools.chain. `chain` is the
 * caller's memory for the place. Their results are dropped; an error of one is the chain's.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: `chain` and `iters` must outlive the iterator.
 * Cancellation: none.
 * Errors: as coil_iter_array.
 */
COIL_API coil_iter coil_iter_chain(coil_chain *chain, const coil_iter *iters, size_t count);

/*
 * Takes the next value of any iterator, as coil_gen_next of a generator.
 *
 * Suspends: as the iterator does.
 * Thread: the iterator's.
 * Ownership: as coil_gen_next.
 * Cancellation: as the iterator has it.
 * Errors: the iterator's; -EINVAL for a table of a wrong size or without `next`; the code of an
 *         error-encoded `self`.
 */
COIL_API int coil_iter_next(coil_iter iter, void **out);

#ifdef __cplusplus
}
#endif

#endif

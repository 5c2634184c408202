// SPDX-License-Identifier: MIT
/*
 * Words that every other header uses: time, errors, callbacks, the allocator and the sink of
 * warnings.
 *
 * Errors. A function returns >= 0, or a negative code: a negative errno or one of COIL_ERRORS
 * below. errno itself carries nothing. A function that returns a pointer returns an error-encoded
 * pointer on failure, never NULL; so does a coroutine. Every function that takes a future accepts
 * such a pointer and returns its code, so calls can be chained and checked once.
 *
 * Threads. Unless a comment says "any", a call belongs to the thread of the loop that it acts on;
 * a call from another thread is a bug in the program and ends it with a message.
 */
#ifndef COIL_BASE_H
#define COIL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define COIL_API       __attribute__((visibility("default")))
#define COIL_NODISCARD __attribute__((warn_unused_result))
#define COIL_NORETURN  __attribute__((noreturn))
#else
#define COIL_API
#define COIL_NODISCARD
#define COIL_NORETURN
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct coil_loop coil_loop;     /* one a thread: runs tasks and callbacks */
typedef struct coil_future coil_future; /* a result that is not there yet */
typedef struct coil_future coil_task;   /* a task is a future: one type */

typedef void *(*coil_fn)(void *arg);          /* a coroutine: result, or COIL_ERR(-errno) */
typedef int (*coil_callback)(void *userdata); /* 0, or a negative code to report */

/* A coroutine not yet started: a value; nothing runs. */
typedef struct coil_coro {
    coil_fn fn;
    void *arg;
} coil_coro;

/* ---- time --------------------------------------------------------------------------------- */

/* Nanoseconds: a delay, or a point on the loop's monotonic clock. */
typedef int64_t coil_time;

#define COIL_SEC(seconds)     ((coil_time)((double)(seconds)*1e9))
#define COIL_MS(milliseconds) ((coil_time)((double)(milliseconds)*1e6))
#define COIL_NEVER            INT64_MAX

/* ---- errors ------------------------------------------------------------------------------- */

/* Codes of coil's own, above every errno: X(name, value, text). */
#define COIL_ERRORS(X)                                                                             \
    X(EINVALSTATE, 3001, "the state does not allow it")                                            \
    X(ENOLOOP, 3002, "no task is running: only a task may wait")                                   \
    X(ECLOSED, 3003, "the loop or the descriptor is closed")                                       \
    X(ESTOPPED, 3004, "the loop was stopped before the future was done")                           \
    X(EINTERRUPTED, 3005, "the run was interrupted")                                               \
    X(EDEADLOCK, 3006, "every task waits and nothing can wake one")                                \
    X(EGENEXIT, 3010, "the generator is being closed")                                             \
    X(EIGNORED, 3011, "the generator went on yielding when it was closed")                         \
    X(ENOGEN, 3012, "no generator is running: only a generator may yield")                         \
    X(EBROKEN, 3020, "the barrier is broken")                                                      \
    X(ETLS, 3070, "the TLS session has failed")                                                    \
    X(ECERTIFICATE, 3071, "the peer's certificate is not to be trusted")                           \
    X(ETRUNCATED, 3072, "the connection ended before its peer had said that it would")             \
    X(EAI_BADFLAGS, 3201, "getaddrinfo: bad flags")                                                \
    X(EAI_NONAME, 3202, "getaddrinfo: name or service not known")                                  \
    X(EAI_AGAIN, 3203, "getaddrinfo: temporary failure in name resolution")                        \
    X(EAI_FAIL, 3204, "getaddrinfo: non-recoverable failure in name resolution")                   \
    X(EAI_NODATA, 3205, "getaddrinfo: no address associated with the name")                        \
    X(EAI_FAMILY, 3206, "getaddrinfo: address family not supported")                               \
    X(EAI_SOCKTYPE, 3207, "getaddrinfo: socket type not supported")                                \
    X(EAI_SERVICE, 3208, "getaddrinfo: service not supported for the socket type")                 \
    X(EAI_ADDRFAMILY, 3209, "getaddrinfo: no address of this family for the name")                 \
    X(EAI_OVERFLOW, 3212, "getnameinfo: the buffer is too small")

#define COIL_ERROR_ENUM(name, value, text) COIL_##name = value,
enum coil_error_code { COIL_ERRORS(COIL_ERROR_ENUM) COIL_EAI = 3200, COIL_ERROR_MAX = 4095 };
#undef COIL_ERROR_ENUM

/* A pointer that carries a negative code; such values cannot travel as results. */
#define COIL_ERR(code) coil_err_ptr(code)

/*
 * Encodes a negative code as a pointer, and 0, which is no error, as NULL: a coroutine may end with
 * `return COIL_ERR(coil_sleep(delay));`.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: none.
 * Cancellation: none.
 * Errors: a code outside [-4095, 0] gives the pointer of -EINVAL.
 */
COIL_API void *coil_err_ptr(int code);

/*
 * Tells whether a pointer carries an error code.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none.
 */
COIL_API bool coil_is_err(const void *pointer);

/*
 * Returns the negative code that a pointer carries, or 0 when it carries none.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none.
 */
COIL_API int coil_err(const void *pointer);

/*
 * Describes a code, negative or positive, an errno or coil's own, in one line of English.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the text is static.
 * Cancellation: none.
 * Errors: an unknown code gives "unknown error".
 */
COIL_API const char *coil_strerror(int code);

/* ---- memory ------------------------------------------------------------------------------- */

/*
 * Where coil's heap memory comes from; stacks come from the kernel. The functions may be called
 * from every thread that uses coil, follow malloc, realloc and free, and get `userdata` last.
 */
typedef struct coil_allocator {
    size_t size; /* sizeof(coil_allocator) */
    void *(*alloc)(size_t size, void *userdata);
    void *(*realloc)(void *memory, size_t size, void *userdata);
    void (*free)(void *memory, void *userdata);
    void *userdata;
} coil_allocator;

/*
 * Replaces the allocator of the process; NULL brings malloc back. The struct is copied.
 *
 * Suspends: no.
 * Thread: any, while no other thread uses coil.
 * Ownership: the caller keeps the struct.
 * Cancellation: none.
 * Errors: -EINVAL for a missing function or a wrong size; -EBUSY while memory of the present
 *         allocator is in use.
 */
COIL_API int coil_set_allocator(const coil_allocator *allocator);

/*
 * Returns how many blocks of the allocator coil holds now; 0 after everything was freed.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none.
 */
COIL_API size_t coil_allocated_blocks(void);

/*
 * Allocates a block as coil does for itself: for layers and adapters that live beside coil.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the caller frees the block with coil_free.
 * Cancellation: none.
 * Errors: -EINVAL for a size of 0; -ENOMEM. Error-encoded.
 */
COIL_API void *coil_alloc(size_t size);

/*
 * Frees a block of coil_alloc's, or one that a function of coil's has given to the caller.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the block is gone.
 * Cancellation: none.
 * Errors: none; NULL and error-encoded pointers are ignored.
 */
COIL_API void coil_free(void *memory);

/* ---- stacks --------------------------------------------------------------------------------- */

/* What stands between a stack and its neighbour. */
typedef enum coil_guard {
    COIL_GUARD_NONE,   /* no stack was needed yet */
    COIL_GUARD_PAGE,   /* a guard page without a mapping of its own (Linux 6.13) */
    COIL_GUARD_MAPPED, /* a guard page that is a mapping: vm.max_map_count limits their number */
    COIL_GUARD_CANARY  /* a pattern, looked at when the coroutine ends */
} coil_guard;

/* ---- warnings ----------------------------------------------------------------------------- */

/* Gets one line without its newline; valid during the call. */
typedef void (*coil_warning_fn)(const char *line, void *userdata);

/*
 * Replaces the sink of warnings of the process; NULL brings the default back, which writes
 * "coil: LINE" to stderr. coil warns of what would otherwise be lost; errors come here by the
 * default exception handler (coil/exception.h).
 *
 * Suspends: no.
 * Thread: any, while no other thread uses coil.
 * Ownership: the caller keeps userdata alive.
 * Cancellation: none.
 * Errors: none; returns 0.
 */
COIL_API int coil_set_warning_sink(coil_warning_fn sink, void *userdata);

/* ---- version ------------------------------------------------------------------------------ */

#define COIL_VERSION_MAJOR 0
#define COIL_VERSION_MINOR 1
#define COIL_VERSION_PATCH 0

/*
 * Returns the version of the library that runs, as "MAJOR.MINOR.PATCH".
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: the text is static.
 * Cancellation: none.
 * Errors: none.
 */
COIL_API const char *coil_version(void);

#ifdef __cplusplus
}
#endif

#endif

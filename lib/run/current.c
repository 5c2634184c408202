// SPDX-License-Identifier: MIT
/* This thread's loop, and the calls that mean it when no loop is named. */
#include "compose/gather.h"
#include "run/run.h"

#include <pthread.h>

/* This thread's loop was made here, and is freed at the thread's end. */
static _Thread_local bool ours __attribute__((tls_model("initial-exec")));
static pthread_key_t at_thread_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_ours(void *unused)
{
    (void)unused;
    if (ours)
        (void)coil_loop_free(coil__loop_of_thread);
}

static void set(coil_loop *loop, bool made_here)
{
    coil__loop_of_thread = loop;
    ours = made_here;
}

static void make_key(void)
{
    int rc = pthread_key_create(&at_thread_end, free_ours);
    ASSERT(rc == 0);
}

/* Somebody frees the loop: this thread has none any more. */
static void forget(coil_loop *loop)
{
    if (coil__loop_of_thread == loop)
        set(NULL, false);
}

coil_loop *coil_get_event_loop(void)
{
    coil_loop *present = loop_present();

    if (present && (sched_running() || !(ours && coil_is_closed(present))))
        return present;
    coil_loop *loop = coil_loop_new(NULL);
    if (err_is(loop))
        return loop;
    if (ours)
        (void)coil_loop_free(coil__loop_of_thread);
    set(loop, true);
    loop->on_free = forget;
    int rc = pthread_once(&once, make_key);
    ASSERT(rc == 0);
    /* The value only has to be there for the destructor to be called. Without memory for it the
     * loop lives until the end of the process, as a thread's last loop may. */
    (void)pthread_setspecific(at_thread_end, &ours);
    return loop;
}

int coil_set_event_loop(coil_loop *loop)
{
    if (err_is(loop))
        return err_code(loop);
    if (sched_running())
        return -EBUSY;
    if (loop) {
        /* It belongs to this thread from now on: `forget` clears no other thread's. */
        if (!loop->sched->thread)
            loop->sched->thread = os_thread_self();
        sched_check_thread(loop->sched);
    }
    if (loop == coil__loop_of_thread)
        return 0;
    if (ours)
        (void)coil_loop_free(coil__loop_of_thread);
    set(loop, false);
    if (loop)
        loop->on_free = forget;
    return 0;
}

coil_loop *run_present_loop(void)
{
    return loop_present();
}

coil_loop *run_default_loop(void)
{
    return coil_get_event_loop();
}

static coil_loop *named_or_default(coil_loop *loop)
{
    return loop ? loop : run_default_loop();
}

/* ---- calls that need a loop ---------------------------------------------------------------- */

static coil_task *create(coil_loop *loop, coil_fn fn, void *arg, const coil_task_options *options,
                         const void *origin)
{
    if (!fn)
        return COIL_ERR(-EINVAL);
    loop = named_or_default(loop);
    if (err_is(loop))
        return COIL_ERR(err_code(loop));
    sched_note_origin(loop->sched, origin);
    return task_new(loop->sched, fn, arg, options);
}

static inline coil_task *create_here(coil_fn fn, void *arg, const void *origin)
{
    struct sched *running = sched_running();

    if (unlikely(!running))
        return create(NULL, fn, arg, NULL, origin);
    sched_note_origin(running, origin);
    return task_new(running, fn, arg, NULL);
}

coil_task *coil_create_task(coil_fn fn, void *arg)
{
    return create_here(fn, arg, __builtin_return_address(0));
}

coil_task *coil_create_task_with(coil_loop *loop, coil_fn fn, void *arg,
                                 const coil_task_options *options)
{
    return create(loop, fn, arg, options, __builtin_return_address(0));
}

int coil_go(coil_fn fn, void *arg)
{
    coil_task *task = create_here(fn, arg, __builtin_return_address(0));

    if (err_is(task))
        return err_code(task);
    future_unref(task);
    return 0;
}

coil_future *coil_create_future(coil_loop *loop)
{
    loop = named_or_default(loop);
    if (err_is(loop))
        return COIL_ERR(err_code(loop));
    sched_note_origin(loop->sched, __builtin_return_address(0));
    return future_new_plain(loop->sched);
}

coil_future *coil_gather(const coil_coro *coroutines, size_t n, unsigned flags)
{
    coil_loop *loop = run_default_loop();

    if (err_is(loop))
        return COIL_ERR(err_code(loop));
    sched_note_origin(loop->sched, __builtin_return_address(0));
    return gather_coroutines(loop->sched, coroutines, n, flags);
}

coil_future *coil_gather_futures(coil_future *const *futures, size_t n, unsigned flags)
{
    struct sched *sched = NULL;

    if (n && !futures)
        return COIL_ERR(-EINVAL);
    if (n) {
        int rc = future_argument(futures[0]);
        if (rc < 0)
            return COIL_ERR(rc);
        sched = futures[0]->sched;
    } else {
        coil_loop *loop = run_default_loop();
        if (err_is(loop))
            return COIL_ERR(err_code(loop));
        sched = loop->sched;
    }
    sched_note_origin(sched, __builtin_return_address(0));
    return gather_futures(sched, futures, n, flags);
}

// SPDX-License-Identifier: MIT
/* Contract 2, call by call: what belongs to a loop's thread ends the program on another one. */
#include "world.h"

#include <errno.h>
#include <pthread.h>

struct scene {
    struct world *w;
    coil_future *future;
    coil_task *task;
    void (*call)(struct scene *scene);
};

static int nothing(void *unused)
{
    (void)unused;
    return 0;
}

static void on_done(coil_future *future, void *unused)
{
    (void)future, (void)unused;
}

static void *ends(void *argument)
{
    return argument;
}

static const coil_exception_context a_context = {.size = sizeof(a_context), .message = "none"};

static const coil_handle a_handle = {.generation = 1};

#define CALL(name, expression)                                                                     \
    static void call_##name(struct scene *s)                                                       \
    {                                                                                              \
        (void)(s);                                                                                 \
        (void)!(expression);                                                                       \
    }

CALL(create_task, coil_create_task_with(s->w->loop, ends, NULL, NULL) != NULL)
CALL(create_future, coil_create_future(s->w->loop) != NULL)
CALL(set_result, coil_set_result(s->future, NULL))
CALL(set_error, coil_set_error(s->future, -EIO))
CALL(result, coil_result(s->future, NULL))
CALL(state, coil_future_state(s->future))
CALL(done, coil_done(s->future))
CALL(cancelled, coil_cancelled(s->future))
CALL(cancel, coil_cancel(s->future))
CALL(add_done, coil_add_done_callback(s->future, on_done, NULL))
CALL(remove_done, coil_remove_done_callback(s->future, on_done, NULL))
CALL(set_dispose, coil_set_dispose(s->future, NULL))
CALL(ref, coil_ref(s->future) != NULL)
CALL(unref, (coil_unref(s->future), 0))
CALL(cancelling, coil_cancelling(s->task))
CALL(uncancel, coil_uncancel(s->task))
CALL(run_forever, coil_run_forever(s->w->loop))
CALL(run_once, coil_run_once(s->w->loop, 0))
CALL(fd, coil_loop_fd(s->w->loop))
CALL(add_signal, coil_add_signal_handler(s->w->loop, 1, nothing, NULL))
CALL(remove_signal, coil_remove_signal_handler(s->w->loop, 1))
CALL(set_debug, coil_set_debug(s->w->loop, true))
CALL(get_debug, coil_get_debug(s->w->loop))
CALL(set_slow, coil_set_slow_callback_duration(s->w->loop, 1))
CALL(get_slow, coil_get_slow_callback_duration(s->w->loop))
CALL(handle_cancelled, coil_handle_cancelled(s->w->loop, a_handle))
CALL(stop, (coil_stop(s->w->loop), 0))
CALL(close, coil_close(s->w->loop))
CALL(free, coil_loop_free(s->w->loop))
CALL(set_loop, coil_set_event_loop(s->w->loop))
CALL(time, coil_loop_time(s->w->loop) != 0)
CALL(guard, coil_loop_guard(s->w->loop))
CALL(soon, coil_handle_error(coil_call_soon(s->w->loop, nothing, NULL)))
CALL(later, coil_handle_error(coil_call_later(s->w->loop, 1, nothing, NULL)))
CALL(at, coil_handle_error(coil_call_at(s->w->loop, 1, nothing, NULL)))
CALL(advance, coil_sim_advance(s->w->sim, 1))
CALL(set_handler, coil_set_exception_handler(s->w->loop, NULL, NULL))
CALL(get_handler, coil_get_exception_handler(s->w->loop) != NULL)
CALL(call_handler, coil_call_exception_handler(s->w->loop, &a_context))
CALL(gather, coil_gather_futures(&s->future, 1, 0) != NULL)

static void *on_another_thread(void *argument)
{
    struct scene *scene = argument;
    scene->call(scene);
    return NULL;
}

static void call_elsewhere(void *argument)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, on_another_thread, argument) == 0)
        pthread_join(thread, NULL);
}

TEST(threads, a_loops_calls_end_the_program_on_another_thread)
{
    static void (*const calls[])(struct scene * scene) = {
        call_create_task,  call_create_future,
        call_set_result,   call_set_error,
        call_result,       call_state,
        call_done,         call_cancelled,
        call_cancel,       call_add_done,
        call_remove_done,  call_set_dispose,
        call_ref,          call_unref,
        call_cancelling,   call_uncancel,
        call_run_forever,  call_stop,
        call_close,        call_free,
        call_set_loop,     call_time,
        call_guard,        call_soon,
        call_later,        call_at,
        call_advance,      call_gather,
        call_set_handler,  call_get_handler,
        call_call_handler, call_run_once,
        call_fd,           call_set_debug,
        call_get_debug,    call_set_slow,
        call_get_slow,     call_handle_cancelled,
        call_add_signal,   call_remove_signal,
    };
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, ends, NULL, NULL);
    struct scene scene = {.w = &w, .future = future, .task = task};

    PASS(world_turn(&w)); /* from now on the loop is this thread's */
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        scene.call = calls[i];
        if (!DIES(call_elsewhere, &scene))
            fprintf(stderr, "call %zu of the table does not ask for its thread\n", i);
    }
}

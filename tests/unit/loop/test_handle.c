// SPDX-License-Identifier: MIT
#include "loop/handle.h"

#include "loop/loop.h"
#include "world.h"

/* A callback that writes its name down. */
struct call_note {
    struct record *log;
    const char *name;
    coil_loop *loop;
    coil_sim *sim;
    struct call_note *next; /* to be asked for by it */
};

static int note(void *arg)
{
    struct call_note *call = arg;
    record(call->log, "%s", call->name);
    return 0;
}

#define CALL(call_name)                                                                            \
    {                                                                                              \
        .log = &log, .name = call_name                                                             \
    }

static void *sleep_long(void *unused)
{
    (void)unused;
    PASS(coil_sleep(COIL_SEC(1)));
    return NULL;
}

/* Runs what is due within a second. */
static void run_all(struct world *w)
{
    PASS(world_run(w, sleep_long, NULL));
}

static coil_handle soon(struct world *w, struct call_note *call)
{
    coil_handle handle = coil_call_soon(w->loop, note, call);
    PASS(coil_handle_error(handle));
    return handle;
}

static coil_handle later(struct world *w, coil_time delay, struct call_note *call)
{
    coil_handle handle = coil_call_later(w->loop, delay, note, call);
    PASS(coil_handle_error(handle));
    return handle;
}

/* ---- order (contract 7) --------------------------------------------------------------------- */

TEST(handle, calls_in_the_order_of_the_asking)
{
    struct record log = {""};
    struct call_note a = CALL("a"), b = CALL("b"), c = CALL("c");
    WORLD(w);
    soon(&w, &a);
    soon(&w, &b);
    soon(&w, &a);
    soon(&w, &c);
    PASS(world_turn(&w));
    CHECK_STR(log.text, "a b a c");
    PASS(world_turn(&w));
    CHECK_STR(log.text, "a b a c"); /* each once */
}

TEST(handle, calls_later_in_the_order_of_time)
{
    struct record log = {""};
    struct call_note a = CALL("a"), b = CALL("b"), c = CALL("c");
    WORLD(w);
    later(&w, COIL_MS(30), &a);
    later(&w, COIL_MS(10), &b);
    PASS(coil_handle_error(coil_call_at(w.loop, coil_loop_time(w.loop) + COIL_MS(20), note, &c)));
    run_all(&w);
    CHECK_STR(log.text, "b c a");
}

TEST(handle, calls_at_equal_times_in_the_order_of_the_asking)
{
    struct record log = {""};
    struct call_note last = CALL("last"), first = CALL("first"),
                     calls[] = {CALL("0"), CALL("1"), CALL("2"), CALL("3"), CALL("4")};
    WORLD(w);
    coil_time when = coil_loop_time(w.loop) + COIL_MS(10);
    later(&w, COIL_MS(20), &last); /* what is due before it is kept in another way */
    for (int i = 0; i < 3; i++)
        PASS(coil_handle_error(coil_call_at(w.loop, when, note, &calls[i])));
    PASS(coil_handle_error(coil_call_at(w.loop, when - 1, note, &first)));
    for (int i = 3; i < 5; i++)
        PASS(coil_handle_error(coil_call_at(w.loop, when, note, &calls[i])));
    run_all(&w);
    CHECK_STR(log.text, "first 0 1 2 3 4 last");
}

static int note_and_ask_again(void *arg)
{
    struct call_note *call = arg;
    PASS(coil_handle_error(coil_call_soon(call->loop, note, call->next)));
    return note(call);
}

/* asyncio: what is not delayed runs in this iteration, behind what is ready; what a callback asks
 * for runs in the next one. */
TEST(handle, calls_what_is_not_delayed_after_what_is_ready)
{
    struct record log = {""};
    struct call_note calls[] = {CALL("soon"), CALL("later-1"), CALL("later0"), CALL("soon2"),
                                CALL("nested")};
    WORLD(w);
    calls[3].loop = w.loop;
    calls[3].next = &calls[4];
    soon(&w, &calls[0]);
    later(&w, -1, &calls[1]);
    later(&w, 0, &calls[2]);
    PASS(coil_handle_error(coil_call_soon(w.loop, note_and_ask_again, &calls[3])));
    PASS(world_turn(&w));
    CHECK_STR(log.text, "soon soon2 later-1 later0");
    PASS(world_turn(&w));
    CHECK_STR(log.text, "soon soon2 later-1 later0 nested");
    CHECK_EQ(world_time(&w), 0);
}

TEST(handle, counts_a_delay_from_the_call_and_not_from_the_run)
{
    struct record log = {""};
    struct call_note a = CALL("a");
    WORLD(w);
    later(&w, COIL_MS(30), &a);
    PASS(coil_sim_advance(w.sim, COIL_MS(20)));
    PASS(world_turn(&w));
    CHECK_STR(log.text, "");
    PASS(coil_sim_advance(w.sim, COIL_MS(10)));
    PASS(world_turn(&w));
    CHECK_STR(log.text, "a");
}

static int work_and_ask(void *arg)
{
    coil_time when = 0;
    struct call_note *call = arg;
    coil_time begin = world_now();
    PASS(coil_sim_advance(call->sim, COIL_MS(20))); /* it works for so long */
    coil_handle handle = coil_call_later(call->loop, COIL_MS(10), note, call);
    PASS(coil_handle_error(handle));
    PASS(coil_handle_when(call->loop, handle, &when));
    CHECK_EQ(when, COIL_SEC(1) + begin + COIL_MS(30));
    return 0;
}

TEST(handle, counts_a_delay_from_the_call_and_not_from_the_turn)
{
    struct record log = {""};
    struct call_note a = CALL("a");
    WORLD(w);
    a.loop = w.loop;
    a.sim = w.sim;
    PASS(coil_handle_error(coil_call_soon(w.loop, work_and_ask, &a)));
    PASS(world_turn(&w));
    run_all(&w);
    CHECK_STR(log.text, "a");
}

TEST(handle, with_a_delay_of_ever_is_never_called)
{
    struct record log = {""};
    struct call_note a = CALL("a");
    WORLD(w);
    later(&w, COIL_NEVER, &a);
    run_all(&w);
    CHECK_STR(log.text, "");
}

/* ---- taking back ---------------------------------------------------------------------------- */

TEST(handle, takes_a_callback_back_once)
{
    struct record log = {""};
    struct call_note a = CALL("a"), b = CALL("b");
    WORLD(w);
    coil_handle ready = soon(&w, &a), timed = later(&w, COIL_MS(10), &a);
    soon(&w, &b);
    CHECK(coil_handle_cancel(w.loop, ready));
    CHECK(!coil_handle_cancel(w.loop, ready));
    CHECK(coil_handle_cancel(w.loop, timed));
    CHECK(!coil_handle_cancel(w.loop, timed));
    run_all(&w);
    CHECK_STR(log.text, "b");
    CHECK(!coil_handle_cancel(w.loop, ready));
}

TEST(handle, cannot_take_back_what_was_called)
{
    struct record log = {""};
    struct call_note a = CALL("a");
    WORLD(w);
    coil_handle ready = soon(&w, &a), timed = later(&w, COIL_MS(10), &a);
    run_all(&w);
    CHECK(!coil_handle_cancel(w.loop, ready));
    CHECK(!coil_handle_cancel(w.loop, timed));
    CHECK_STR(log.text, "a a");
}

struct cancel {
    coil_loop *loop;
    coil_handle handle;
    bool cancelled;
};

static int cancel_it(void *arg)
{
    struct cancel *cancel = arg;
    cancel->cancelled = coil_handle_cancel(cancel->loop, cancel->handle);
    return 0;
}

TEST(handle, takes_back_what_is_due_in_the_same_turn)
{
    struct record log = {""};
    struct call_note a = CALL("a");
    struct cancel cancel = {0};
    WORLD(w);
    cancel.loop = w.loop;
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), cancel_it, &cancel)));
    cancel.handle = later(&w, COIL_MS(10), &a);
    run_all(&w);
    CHECK(cancel.cancelled);
    CHECK_STR(log.text, "");
}

TEST(handle, is_gone_while_its_own_callback_runs)
{
    struct cancel cancel = {.cancelled = true};
    WORLD(w);
    cancel.loop = w.loop;
    cancel.handle = coil_call_soon(w.loop, cancel_it, &cancel);
    PASS(coil_handle_error(cancel.handle));
    PASS(world_turn(&w));
    CHECK(!cancel.cancelled);
}

TEST(handle, that_is_stale_does_not_name_the_next_one_of_its_slot)
{
    coil_time when = 0;
    struct record log = {""};
    struct call_note a = CALL("a"), b = CALL("b");
    WORLD(w);
    coil_handle stale = soon(&w, &a);
    PASS(world_turn(&w));
    coil_handle fresh = later(&w, COIL_MS(10), &b);
    CHECK_EQ(fresh.index, stale.index); /* the slot is used again */
    CHECK(!coil_handle_cancel(w.loop, stale));
    FAILS(coil_handle_when(w.loop, stale, &when), -EINVAL);
    run_all(&w);
    CHECK_STR(log.text, "a b");
}

TEST(handle, that_was_never_given_names_nothing)
{
    coil_time when = 0;
    WORLD(w);
    const coil_handle far = {.index = 1u << 20, .generation = 1};
    CHECK(!coil_handle_cancel(w.loop, far));
    CHECK(!coil_handle_cancelled(w.loop, far));
    CHECK(!coil_handle_cancelled(NULL, far));
    if (!coil_is_err(w.loop))
        FAILS(coil_handle_when(w.loop, far, &when), -EINVAL);
}

TEST(handle, begins_its_generations_again_without_an_overflow)
{
    struct handles handles = {0};
    struct handle *handle = handles_take(&handles);
    if (handle) {
        coil_handle first = handle_of(handle);
        handle->generation = INT32_MAX;
        coil_handle last = handle_of(handle);
        handles_give(&handles, handle);
        CHECK_PTR(handles_find(&handles, last), NULL);
        CHECK_PTR(handles_take(&handles), handle);
        CHECK_PTR(handles_find(&handles, last), NULL);
        CHECK_EQ(handle_of(handle).generation, first.generation);
        handles_give(&handles, handle);
    }
    handles_fini(&handles);
}

TEST(handle, has_a_slot_for_each_of_many)
{
    enum { MANY = 300 };
    struct record log = {""};
    struct call_note quiet = CALL("");
    coil_handle handles[MANY];
    int cancelled = 0;
    WORLD(w);
    for (int i = 0; i < MANY; i++)
        handles[i] = coil_call_later(w.loop, COIL_MS(1), note, &quiet);
    for (int i = 0; i < MANY; i++)
        cancelled += coil_handle_cancel(w.loop, handles[i]);
    CHECK_EQ(cancelled, MANY);
    run_all(&w);
    CHECK_STR(log.text, "");
}

/* ---- errors --------------------------------------------------------------------------------- */

TEST(handle, carries_the_error_of_a_call_that_could_not_be_made)
{
    coil_time when = 0;
    struct record log = {""};
    struct call_note a = CALL("a");
    WORLD(w);
    FAILS(coil_handle_error(coil_call_soon(NULL, note, &a)), -EINVAL);
    FAILS(coil_handle_error(coil_call_soon(COIL_ERR(-ENOMEM), note, &a)), -ENOMEM);
    FAILS(coil_handle_error(coil_call_soon(w.loop, NULL, &a)), -EINVAL);
    FAILS(coil_handle_error(coil_call_later(w.loop, 1, NULL, &a)), -EINVAL);
    FAILS(coil_handle_error(coil_call_at(w.loop, 1, NULL, &a)), -EINVAL);
    coil_handle failed = coil_call_soon(w.loop, NULL, &a);
    CHECK(!coil_handle_cancel(w.loop, failed));
    FAILS(coil_handle_when(w.loop, failed, &when), -EINVAL);
    CHECK(!coil_handle_cancel(NULL, failed));
    FAILS(coil_handle_when(NULL, failed, &when), -EINVAL);
}

static int fail(void *log)
{
    record(log, "called");
    return -EPIPE;
}

TEST(handle, warns_of_a_callback_that_fails)
{
    struct record log = {""}, warnings = {""};
    struct call_note a = CALL("next");
    WORLD(w);
    PASS(coil_handle_error(coil_call_soon(w.loop, fail, &log)));
    soon(&w, &a);
    coil_set_warning_sink(record_warning, &warnings);
    PASS(world_turn(&w));
    coil_set_warning_sink(NULL, NULL);
    CHECK_STR(log.text, "called next");
    CHECK(strstr(warnings.text, coil_strerror(-EPIPE)) && strstr(warnings.text, "-32"));
}

TEST(handle, tells_when_it_is_due)
{
    coil_time when = 0;
    struct record log = {""};
    struct call_note a = CALL("a");
    WORLD(w);
    coil_time now = coil_loop_time(w.loop);
    coil_handle timed = later(&w, COIL_MS(10), &a), ready = soon(&w, &a);
    PASS(coil_handle_when(w.loop, timed, &when));
    CHECK_EQ(when, now + COIL_MS(10));
    FAILS(coil_handle_when(w.loop, ready, &when), -EINVAL);
    run_all(&w);
    FAILS(coil_handle_when(w.loop, timed, &when), -EINVAL);
}

TEST(handle, is_stale_after_the_loop_has_closed)
{
    struct record log = {""};
    struct call_note a = CALL("a");
    WORLD(w);
    coil_handle timed = later(&w, COIL_MS(10), &a), ready = soon(&w, &a);
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK(!coil_handle_cancel(w.loop, timed));
    CHECK(!coil_handle_cancel(w.loop, ready));
    FAILS(coil_handle_error(coil_call_soon(w.loop, note, &a)), -COIL_ECLOSED);
    FAILS(coil_handle_error(coil_call_at(w.loop, 1, note, &a)), -COIL_ECLOSED);
    CHECK_STR(log.text, "");
}

static void *asks_of_a_handle_that_was_not_made(void *loop)
{
    coil_handle failed = coil_call_soon_threadsafe(loop, NULL, NULL);
    coil_time when = 0;

    FAILS(coil_handle_error(failed), -EINVAL);
    CHECK(!coil_handle_cancel(loop, failed));
    FAILS(coil_handle_when(loop, failed, &when), -EINVAL);
    return NULL;
}

TEST(handle, with_an_error_is_nothing_on_any_thread)
{
    WORLD(w);
    pthread_t thread;
    PASS(world_turn(&w));
    if (CHECK(pthread_create(&thread, NULL, asks_of_a_handle_that_was_not_made, w.loop) == 0))
        pthread_join(thread, NULL);
}

static int does_nothing(void *unused)
{
    (void)unused;
    return 0;
}

TEST(handle, tells_a_time_before_the_clocks_beginning)
{
    WORLD(w);
    coil_time when = 0;
    coil_handle handle = coil_call_at(w.loop, -1, does_nothing, NULL);
    if (coil_handle_error(handle) == 0) {
        PASS(coil_handle_when(w.loop, handle, &when));
        CHECK_EQ(when, -1);
    }
}

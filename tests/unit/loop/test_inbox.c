// SPDX-License-Identifier: MIT
#include "loop/inbox.h"

#include "loop/loop.h"
#include "world.h"

#include <pthread.h>
#include <sched.h>

static const coil_sim_options with_threads = {.size = sizeof(with_threads),
                                              .foreign_threads = true};

/* Runs a function on another thread, to its end. */
static void elsewhere(void *(*function)(void *), void *arg)
{
    pthread_t thread;
    int rc = pthread_create(&thread, NULL, function, arg);
    CHECK_EQ(rc, 0);
    if (rc == 0)
        CHECK_EQ(pthread_join(thread, NULL), 0);
}

/* What the failure walk fails once works the second time: nobody waits for a post that was lost. */
static coil_handle post(coil_loop *loop, coil_callback callback, void *arg)
{
    coil_handle handle = coil_call_soon_threadsafe(loop, callback, arg);
    PASS(coil_handle_error(handle));
    if (coil_handle_error(handle) == -ENOMEM && check_walking())
        handle = coil_call_soon_threadsafe(loop, callback, arg);
    return handle;
}

/* ---- many threads -----------------------------------------------------------------------------
 */

enum { THREADS = 4, POSTS = 500 };

struct many {
    coil_loop *loop;
    int came, in_order, ended;
    struct sender {
        struct many *many;
        pthread_t thread;
        bool runs;
        int next; /* the number of the post that should come now: the loop's */
        struct message {
            struct sender *sender;
            int number;
        } messages[POSTS];
    } senders[THREADS];
};

static int receive(void *arg)
{
    struct message *message = arg;
    struct many *many = message->sender->many;
    many->came++;
    many->in_order += message->number == message->sender->next++;
    return 0;
}

static int receive_the_end(void *arg)
{
    struct many *many = arg;
    int threads = 0;
    for (int i = 0; i < THREADS; i++)
        threads += many->senders[i].runs;
    if (++many->ended == threads)
        coil_stop(many->loop);
    return 0;
}

static void *send_all(void *arg)
{
    struct sender *sender = arg;
    for (int i = 0; i < POSTS; i++) {
        sender->messages[i] = (struct message){sender, i};
        (void)post(sender->many->loop, receive, &sender->messages[i]);
    }
    (void)post(sender->many->loop, receive_the_end, sender->many);
    return NULL;
}

TEST(inbox, hears_every_thread_in_the_order_of_its_posts)
{
    static struct many many; /* too large for a stack */
    memset(&many, 0, sizeof(many));
    WORLD_WITH(w, &with_threads);
    if (coil_is_err(w.loop))
        return;
    many.loop = w.loop;
    for (int i = 0; i < THREADS; i++)
        many.senders[i].many = &many;
    for (int i = 0; i < THREADS; i++) {
        struct sender *sender = &many.senders[i];
        sender->runs = true;
        sender->runs = pthread_create(&sender->thread, NULL, send_all, sender) == 0;
    }
    PASS(coil_run_forever(w.loop));
    for (int i = 0; i < THREADS; i++)
        if (many.senders[i].runs)
            CHECK_EQ(pthread_join(many.senders[i].thread, NULL), 0);
    CHECK_EQ(many.came, THREADS * POSTS);
    CHECK_EQ(many.in_order, THREADS * POSTS);
}

/* ---- the wake -----------------------------------------------------------------------------------
 */

static int stop(void *loop)
{
    coil_stop(loop);
    return 0;
}

static void *post_to_a_sleeper(void *loop)
{
    /* The loop says that it sleeps before it does: from then on only a wake ends it. */
    while (!atomic_load(&((coil_loop *)loop)->inbox.asleep))
        sched_yield();
    (void)post(loop, stop, loop);
    return NULL;
}

TEST(inbox, wakes_a_loop_that_sleeps)
{
    WORLD_WITH(w, &with_threads);
    pthread_t thread;
    if (coil_is_err(w.loop) || pthread_create(&thread, NULL, post_to_a_sleeper, w.loop) != 0)
        return;
    PASS(coil_run_forever(w.loop));
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(world_time(&w), 0);
}

TEST(inbox, does_not_sleep_over_what_has_come_before)
{
    WORLD_WITH(w, &with_threads);
    if (coil_handle_error(post(w.loop, stop, w.loop)) < 0)
        return;
    PASS(coil_run_forever(w.loop)); /* it would sleep for ever */
}

TEST(inbox, does_not_say_that_it_may_sleep_when_something_has_come)
{
    WORLD(w);
    if (coil_handle_error(post(w.loop, stop, w.loop)) < 0)
        return;
    CHECK(!inbox_may_sleep(&w.loop->inbox));
    CHECK(!atomic_load(&w.loop->inbox.asleep));
    PASS(coil_run_forever(w.loop));
    CHECK(inbox_may_sleep(&w.loop->inbox));
    CHECK(atomic_load(&w.loop->inbox.asleep));
    inbox_awake(&w.loop->inbox);
}

/* ---- handles ------------------------------------------------------------------------------------
 */

static int note(void *log)
{
    record(log, "called");
    return 0;
}

struct request {
    coil_loop *loop;
    coil_handle handle;
    struct record *log;
    bool first, second;
};

static void *cancel_it(void *arg)
{
    struct request *request = arg;
    request->first = coil_handle_cancel(request->loop, request->handle);
    request->second = coil_handle_cancel(request->loop, request->handle);
    return NULL;
}

TEST(inbox, lets_another_thread_take_a_post_back)
{
    struct record log = {""};
    struct request request = {0};
    WORLD(w);
    request.loop = w.loop;
    request.handle = post(w.loop, note, &log);
    elsewhere(cancel_it, &request);
    CHECK(request.first);
    CHECK(!request.second);
    PASS(world_turn(&w));
    CHECK_STR(log.text, "");
}

TEST(inbox, cannot_take_a_post_back_that_was_called)
{
    struct record log = {""};
    struct request request = {.first = true};
    WORLD(w);
    request.loop = w.loop;
    request.handle = post(w.loop, note, &log);
    PASS(world_turn(&w));
    CHECK_STR(log.text, "called");
    elsewhere(cancel_it, &request);
    CHECK(!request.first);
}

TEST(inbox, has_handles_that_are_not_those_of_the_loop)
{
    coil_time when = 0;
    struct record log = {""};
    WORLD(w);
    coil_handle posted = post(w.loop, note, &log), soon = coil_call_soon(w.loop, note, &log);
    PASS(coil_handle_error(soon));
    CHECK(coil_handle_cancel(w.loop, posted));
    PASS(world_turn(&w));
    CHECK_STR(log.text, "called");
    FAILS(coil_handle_when(w.loop, posted, &when), -EINVAL);
}

TEST(inbox, does_not_take_a_stale_handle_for_the_next_post)
{
    struct record log = {""};
    WORLD(w);
    coil_handle stale = post(w.loop, note, &log);
    PASS(world_turn(&w));
    coil_handle fresh = post(w.loop, note, &log);
    CHECK_EQ(fresh.index, stale.index);
    CHECK(!coil_handle_cancel(w.loop, stale));
    PASS(world_turn(&w));
    CHECK_STR(log.text, "called called");
}

static int fail(void *unused)
{
    (void)unused;
    return -EPIPE;
}

TEST(inbox, warns_of_a_callback_that_fails)
{
    struct record warnings = {""};
    WORLD(w);
    (void)post(w.loop, fail, NULL);
    coil_set_warning_sink(record_warning, &warnings);
    PASS(world_turn(&w));
    coil_set_warning_sink(NULL, NULL);
    CHECK(strstr(warnings.text, coil_strerror(-EPIPE)));
}

/* ---- the end ------------------------------------------------------------------------------------
 */

static void *post_it(void *arg)
{
    struct request *request = arg;
    request->handle = coil_call_soon_threadsafe(request->loop, note, request->log);
    return NULL;
}

TEST(inbox, refuses_a_post_to_a_loop_that_is_closed)
{
    struct record log = {""};
    struct request request = {.log = &log};
    WORLD(w);
    request.loop = w.loop;
    CHECK_EQ(coil_close(w.loop), 0);
    elsewhere(post_it, &request);
    FAILS(coil_handle_error(request.handle), -COIL_ECLOSED);
    CHECK(!coil_handle_cancel(w.loop, request.handle));
    CHECK_STR(log.text, "");
}

static void *note_the_end(void *log)
{
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    record(log, "ended");
    return NULL;
}

TEST(inbox, is_dropped_when_the_loop_closes)
{
    struct record log = {""};
    struct request request = {.log = &log};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, note_the_end, &log, NULL);
    PASS(world_turn(&w));
    request.loop = w.loop;
    elsewhere(post_it, &request);
    PASS(coil_handle_error(request.handle));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_STR(log.text, "ended");
    CHECK(!coil_handle_cancel(w.loop, request.handle));
    CHECK(coil_done(task));
}

TEST(inbox, is_dropped_when_the_loop_has_nothing_else_to_end)
{
    struct record log = {""};
    WORLD(w);
    (void)post(w.loop, note, &log);
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_STR(log.text, "");
}

TEST(inbox, refuses_what_makes_no_sense)
{
    WORLD(w);
    FAILS(coil_handle_error(coil_call_soon_threadsafe(NULL, note, NULL)), -EINVAL);
    FAILS(coil_handle_error(coil_call_soon_threadsafe(COIL_ERR(-EPERM), note, NULL)), -EPERM);
    FAILS(coil_handle_error(coil_call_soon_threadsafe(w.loop, NULL, NULL)), -EINVAL);
}

/* ---- contract 2: there is no other entrance
 * ------------------------------------------------------ */

static void *use_another_entrance(void *loop)
{
    (void)coil_call_soon(loop, note, NULL);
    return NULL;
}

static void *cancel_by_another_entrance(void *arg)
{
    struct request *request = arg;
    (void)coil_handle_cancel(request->loop, request->handle);
    return NULL;
}

static void call_from_another_thread(void *unused)
{
    WORLD(w);
    (void)unused;
    (void)world_turn(&w);
    elsewhere(use_another_entrance, w.loop);
}

static void cancel_from_another_thread(void *unused)
{
    struct record log = {""};
    struct request request = {0};
    WORLD(w);
    (void)unused;
    (void)world_turn(&w);
    request.loop = w.loop;
    request.handle = coil_call_soon(w.loop, note, &log);
    elsewhere(cancel_by_another_entrance, &request);
}

TEST(inbox, is_the_only_entrance_for_other_threads)
{
    DIES(call_from_another_thread, NULL);
    DIES(cancel_from_another_thread, NULL);
}

// SPDX-License-Identifier: MIT
#include "folder.h"
#include "pair.h"

#include <coil/layer.h>
#include <coil/sendfile.h>
#include <stdlib.h>

enum { SIZE = 1 << 20 };

struct scene {
    struct ends ends;
    int file;
    coil_stream *stream;
    char *text; /* the file's */
    char *heard;
    ssize_t length;
};

static void scene_free(struct scene *scene)
{
    ends_free(&scene->ends);
    close(scene->file);
    free(scene->text);
    free(scene->heard);
}

static struct scene scene_new(const struct folder *folder)
{
    struct scene scene = {
        .ends = ends_sockets(SOCK_STREAM), .text = malloc(SIZE + 1), .heard = malloc(2 * SIZE)};

    if (!CHECK(scene.text && scene.heard))
        exit(1);
    for (int i = 0; i < SIZE; i++)
        scene.text[i] = (char)('a' + i * 7 % 26);
    scene.text[SIZE] = 0;
    scene.file = folder_file(folder, "file", scene.text);
    return scene;
}

#define SCENE_IN(name, folder)                                                                     \
    __attribute__((cleanup(scene_free))) struct scene name = scene_new(folder)

/* In a task: makes the stream of its end; whether it could. */
static bool begin(struct scene *scene)
{
    scene->stream = coil_stream_new(scene->ends.fd[0], NULL);
    if (!PASS(err_code(scene->stream)))
        return false;
    scene->ends.fd[0] = -1;
    return true;
}

static void *hears(void *argument)
{
    struct scene *scene = argument;
    ssize_t n = 1;

    while (n > 0 && scene->length < 2 * SIZE) {
        n = coil_recv(scene->ends.fd[1], scene->heard + scene->length,
                      (size_t)(2 * SIZE - scene->length), 0);
        scene->length += n > 0 ? n : 0;
    }
    if (!CHECK_EQ(n, 0))
        (void)coil_stream_abort(scene->stream); /* who sends would wait for it for ever */
    return NULL;
}

static void *writes_behind(void *argument)
{
    coil_stream *stream = argument;

    while (!stream->direct && !coil_stream_is_closing(stream) && coil_yield_now() == 0) {
    }
    PASS(coil_stream_write(stream, "behind", 6));
    FAILS(coil_stream_sendfile(stream, 1, 0, 1), -EBUSY);
    return NULL;
}

/* Something, all but the beginning of the file, its beginning, and the end. */
static void say(const struct scene *scene)
{
    PASS(coil_stream_write(scene->stream, "before", 6));
    CHECK_EQ(coil_stream_sendfile(scene->stream, scene->file, 100, COIL_TO_END), SIZE - 100);
    CHECK_EQ(coil_stream_sendfile(scene->stream, scene->file, 0, 3), 3);
    PASS(coil_stream_close(scene->stream));
}

static void *sends(void *argument)
{
    struct scene *scene = argument;

    if (!begin(scene))
        return NULL;
    coil_task *listener = coil_create_task(hears, scene);
    coil_task *writer = coil_create_task(writes_behind, scene->stream);
    say(scene);
    FAILS(coil_stream_sendfile(scene->stream, scene->file, 0, 3), -COIL_ECLOSED);
    kernel_await(writer);
    kernel_await(listener);
    coil_unref(writer);
    coil_unref(listener);
    coil_stream_unref(scene->stream);
    return NULL;
}

/* Before it what was written, behind it what was written meanwhile. */
TEST(sendfile, goes_out_in_its_turn)
{
    FOLDER(folder);
    SCENE_IN(scene, &folder);
    {
        KERNEL(loop);
        PASS(kernel_run(loop, sends, &scene));
    }
    if (check_walking())
        return;
    CHECK_EQ(scene.length, 6 + SIZE - 100 + 6 + 3);
    CHECK(memcmp(scene.heard, "before", 6) == 0);
    CHECK(memcmp(scene.heard + 6, scene.text + 100, SIZE - 100) == 0);
    CHECK(memcmp(scene.heard + 6 + SIZE - 100, "behind", 6) == 0);
    CHECK(memcmp(scene.heard + 12 + SIZE - 100, scene.text, 3) == 0);
}

static void *sends_all(void *argument)
{
    struct scene *scene = argument;
    return COIL_ERR((int)coil_stream_sendfile(scene->stream, scene->file, 0, COIL_TO_END));
}

struct busy {
    coil_stream *stream;
    bool ends;
};

static void *sends_a_file(void *argument)
{
    struct busy *busy = argument;
    ssize_t n = coil_stream_sendfile(busy->stream, FD + 1, 0, 4);

    busy->ends = true;
    return COIL_ERR(n < 0 ? (int)n : 0);
}

static void *writes_all_the_time(void *argument)
{
    struct busy *busy = argument;
    COIL_AUTO coil_task *sender = coil_create_task(sends_a_file, busy);

    PASS(coil_stream_write(busy->stream, "before", 6));
    for (int i = 0; i < 20 && !busy->ends; i++) {
        PASS(coil_sleep(COIL_MS(0.5)));
        PASS(coil_stream_write(busy->stream, "x", 1));
    }
    PASS(coil_await(sender, NULL));
    CHECK_TIME(world_now(), COIL_MS(3)); /* "before", and the file */
    PASS(coil_stream_set_write_buffer_limits(busy->stream, 0, 0));
    PASS(coil_stream_drain(busy->stream));
    return NULL;
}

/* The answers are as long as what should be sent with each, and none would be sent in pieces. */
TEST(sendfile, has_its_turn_before_what_is_written_later)
{
    if (check_walking())
        return; /* where a write failed, the answers are too long */
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    struct busy busy = {.stream = stream};
    world_answer(&w, OP_SEND, 6, COIL_MS(2));
    world_answer(&w, OP_READ, 4, 0);
    world_answer(&w, OP_WRITE, 4, COIL_MS(1));
    world_answer(&w, OP_SEND, 6, COIL_MS(1));
    PASS(world_run(&w, writes_all_the_time, &busy));
    CHECK_EQ(coil_stream_write_buffer_size(stream), 0);
}

static void *gives_its_turn_up(void *argument)
{
    struct busy *busy = argument;
    COIL_AUTO coil_task *sender = coil_create_task(sends_a_file, busy);

    PASS(coil_stream_write(busy->stream, "before", 6));
    PASS(coil_sleep(COIL_MS(1)));
    PASS(coil_stream_write(busy->stream, "behind", 6));
    (void)coil_cancel(sender);
    PASS(coil_stream_set_write_buffer_limits(busy->stream, 0, 0));
    PASS(coil_stream_drain(busy->stream));
    CHECK(coil_cancelled(sender));
    return NULL;
}

TEST(sendfile, that_is_cancelled_before_its_turn_lets_the_others_go_on)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    struct busy busy = {.stream = stream};
    world_answer(&w, OP_SEND, 6, COIL_MS(2));
    world_answer(&w, OP_SEND, 6, COIL_MS(2));
    PASS(world_run(&w, gives_its_turn_up, &busy));
    CHECK_TIME(world_time(&w), COIL_MS(4));
}

static void *closes_before_its_turn(void *argument)
{
    struct busy *busy = argument;
    COIL_AUTO coil_task *sender = coil_create_task(sends_a_file, busy);

    PASS(coil_stream_write(busy->stream, "before", 6));
    PASS(coil_sleep(COIL_MS(1)));
    PASS(coil_stream_write(busy->stream, "behind", 6));
    PASS(coil_stream_close(busy->stream));
    PASS(coil_stream_wait_closed(busy->stream));
    CHECK_TIME(world_now(), COIL_MS(4)); /* all was sent */
    FAILS(coil_await(sender, NULL), -COIL_ECLOSED);
    return NULL;
}

TEST(sendfile, is_given_up_when_the_stream_closes_and_the_rest_is_sent)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    struct busy busy = {.stream = stream};
    world_answer(&w, OP_SEND, 6, COIL_MS(2));
    world_answer(&w, OP_SEND, 6, COIL_MS(2));
    PASS(world_run(&w, closes_before_its_turn, &busy));
}

/* ---- through a layer ------------------------------------------------------------------------ */

/* A layer that turns small letters to capital ones on the way out. */
static int written(void *layer, const void *data, size_t size)
{
    struct scene *scene = layer;
    char *raised = malloc(size);
    int rc = raised ? 0 : -ENOMEM;

    for (size_t i = 0; rc == 0 && i < size; i++)
        raised[i] = (char)(((const char *)data)[i] - 'a' + 'A');
    if (rc == 0)
        rc = coil_layer_emit(scene->stream, raised, size);
    free(raised);
    return rc;
}

static int ignored(void *layer, const void *data, size_t size)
{
    (void)layer, (void)data, (void)size;
    return 0;
}

static int close_it(void *layer)
{
    (void)layer;
    return 0;
}

static void lost(void *layer, int code)
{
    (void)layer, (void)code;
}

static const coil_layer_class raising_class = {
    .size = sizeof(raising_class),
    .received = ignored,
    .written = written,
    .close = close_it,
    .lost = lost,
};

static void *sends_through_a_layer(void *argument)
{
    struct scene *scene = argument;

    if (!begin(scene))
        return NULL;
    coil_task *listener = coil_create_task(hears, scene);
    PASS(coil_stream_set_layer(scene->stream, &raising_class, scene));
    say(scene);
    kernel_await(listener);
    coil_unref(listener);
    coil_stream_unref(scene->stream);
    return NULL;
}

TEST(sendfile, goes_through_a_layer)
{
    FOLDER(folder);
    SCENE_IN(scene, &folder);
    {
        KERNEL(loop);
        PASS(kernel_run(loop, sends_through_a_layer, &scene));
    }
    if (check_walking())
        return;
    CHECK_EQ(scene.length, 6 + SIZE - 100 + 3);
    CHECK(memcmp(scene.heard, "BEFORE", 6) == 0);
    int wrong = 0;
    for (int i = 100; i < SIZE; i++)
        wrong += scene.heard[6 + i - 100] != scene.text[i] - 'a' + 'A';
    CHECK_EQ(wrong, 0);
    CHECK_EQ(scene.heard[6 + SIZE - 100], scene.text[0] - 'a' + 'A');
}

static void *sets_a_layer_meanwhile(void *argument)
{
    struct scene *scene = argument;
    COIL_AUTO coil_task *sender = coil_create_task(sends_all, scene);

    PASS(coil_stream_write(scene->stream, "plain", 5));
    PASS(coil_yield_now());
    /* The sender waits for what was written before; the file is to go as it was told to. */
    CHECK(coil_is_err(scene->stream) || !scene->stream->direct);
    FAILS(coil_stream_set_layer(scene->stream, &raising_class, scene), -EBUSY);
    PASS(coil_stream_abort(scene->stream));
    FAILS(coil_await(sender, NULL), -COIL_ECLOSED);
    return NULL;
}

TEST(sendfile, has_the_layer_with_which_it_began)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    struct scene scene = {.file = FD + 1, .stream = stream};
    PASS(world_run(&w, sets_a_layer_meanwhile, &scene));
}

/* ---- when it cannot ------------------------------------------------------------------------- */

static void *gives_bad_arguments(void *argument)
{
    struct scene *scene = argument;

    if (!begin(scene))
        return NULL;
    FAILS(coil_stream_sendfile(NULL, scene->file, 0, 1), -EINVAL);
    FAILS(coil_stream_sendfile(scene->stream, -1, 0, 1), -EBADF);
    FAILS(coil_stream_sendfile(scene->stream, scene->file, -1, 1), -EINVAL);
    FAILS(coil_stream_sendfile(scene->stream, scene->file, 0, -1), -EINVAL);
    PASS(coil_stream_write_eof(scene->stream));
    FAILS(coil_stream_sendfile(scene->stream, scene->file, 0, 1), -EPIPE);
    PASS(coil_stream_close(scene->stream));
    coil_stream_unref(scene->stream);
    return NULL;
}

TEST(sendfile, refuses_bad_arguments)
{
    FOLDER(folder);
    SCENE_IN(scene, &folder);
    KERNEL(loop);
    PASS(kernel_run(loop, gives_bad_arguments, &scene));
}

static void *aborts(void *argument)
{
    struct scene *scene = argument;

    if (!begin(scene))
        return NULL;
    coil_task *task = coil_create_task(sends_all, scene);
    PASS(coil_poll(scene->ends.fd[1], 1 /* POLLIN */));
    PASS(coil_stream_abort(scene->stream));
    FAILS(coil_await(task, NULL), -COIL_ECLOSED);
    coil_unref(task);
    coil_stream_unref(scene->stream);
    return NULL;
}

TEST(sendfile, ends_when_the_stream_is_aborted)
{
    if (check_walking())
        return; /* it waits for bytes that a fault may take away */
    FOLDER(folder);
    SCENE_IN(scene, &folder);
    KERNEL(loop);
    PASS(kernel_run(loop, aborts, &scene));
}

static void *sends_slowly(void *argument)
{
    return COIL_ERR((int)coil_stream_sendfile(argument, FD + 1, 0, 4));
}

static void *aborts_under_a_read(void *argument)
{
    coil_stream *stream = argument;
    COIL_AUTO coil_task *sender = coil_create_task(sends_slowly, stream);

    PASS(coil_sleep(COIL_MS(1)));
    CHECK(coil_is_err(stream) || stream->direct);
    PASS(coil_stream_abort(stream));
    PASS(coil_sleep(COIL_MS(1)));
    /* Or its number would be another one's. */
    CHECK(coil_is_err(stream) || stream->state != STREAM_CLOSED);
    FAILS(coil_await(sender, NULL), -COIL_ECLOSED);
    PASS(coil_stream_wait_closed(stream));
    CHECK_TIME(world_now(), COIL_MS(5));
    return NULL;
}

TEST(sendfile, keeps_the_descriptor_until_it_is_done)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    world_answer(&w, OP_READ, 4, COIL_MS(5));
    PASS(world_run(&w, aborts_under_a_read, stream));
}

/* ---- when nothing more may be written ------------------------------------------------------- */

enum { CROWD = 1100 /* more than a batch: the engine is asked before the last of them has run */ };

struct crowded {
    struct world *world;
    struct scene scene;
};

static void *does_nothing(void *argument)
{
    return argument;
}

static void *ends_writing_under_a_crowd(void *argument)
{
    struct crowded *crowded = argument;
    coil_stream *stream = crowded->scene.stream;
    COIL_AUTO coil_task *sender = coil_create_task(sends_all, &crowded->scene);

    PASS(coil_stream_write(stream, "x", 1));
    PASS(coil_sleep(COIL_MS(1)));
    PASS(coil_stream_write_eof(stream));
    for (int i = 0; i < CROWD; i++)
        coil_unref(coil_create_task(does_nothing, NULL));
    PASS(coil_sim_advance(crowded->world->sim, COIL_MS(1)));
    FAILS(coil_await(sender, NULL), -EPIPE);
    CHECK_TIME(world_now(), COIL_MS(2));
    return NULL;
}

/* What was written before is sent, and when the sender comes to hear of it the peer is being told
 * that there is no more: the sender neither waits for that nor keeps the loop busy meanwhile. */
TEST(sendfile, ends_when_nothing_more_may_be_written)
{
    WORLD(w);
    STREAM *stream = stream_of(&w, NULL);
    struct crowded crowded = {.world = &w, .scene = {.file = FD + 1, .stream = stream}};
    world_answer(&w, OP_SEND, 1, COIL_MS(2));
    world_answer(&w, OP_SHUTDOWN, 0, COIL_SEC(1));
    PASS(world_run(&w, ends_writing_under_a_crowd, &crowded));
}

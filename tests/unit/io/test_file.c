// SPDX-License-Identifier: MIT
#include <coil/file.h>

#include "ends.h"
#include "kernel.h"
#include "world.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>

enum { FD = 3 };

/* ---- on the simulated engine ---------------------------------------------------------------- */

static void *give_bad_arguments(void *argument)
{
    char byte = 0;

    FAILS(coil_open(NULL, O_RDONLY, 0), -EINVAL);
    FAILS(coil_read(-1, &byte, 1), -EBADF);
    FAILS(coil_write(-1, &byte, 1), -EBADF);
    FAILS(coil_pread(-1, &byte, 1, 0), -EBADF);
    FAILS(coil_pwrite(-1, &byte, 1, 0), -EBADF);
    FAILS(coil_fsync(-1), -EBADF);
    FAILS(coil_close_fd(-1), -EBADF);
    FAILS(coil_read(FD, NULL, 1), -EINVAL);
    FAILS(coil_write(FD, NULL, 1), -EINVAL);
    FAILS(coil_pread(FD, NULL, 1, 0), -EINVAL);
    FAILS(coil_pwrite(FD, NULL, 1, 0), -EINVAL);
    FAILS(coil_pread(FD, &byte, 1, -1), -EINVAL);
    FAILS(coil_pwrite(FD, &byte, 1, INT64_MIN), -EINVAL);
    struct iovec bytes = {&byte, 1};
    FAILS(coil_readv(-1, &bytes, 1), -EBADF);
    FAILS(coil_writev(-1, &bytes, 1), -EBADF);
    FAILS(coil_readv(FD, NULL, 1), -EINVAL);
    FAILS(coil_writev(FD, &bytes, -1), -EINVAL);
    FAILS(coil_preadv2(FD, &bytes, 1, -2, 0), -EINVAL);
    FAILS(coil_pwritev2(FD, &bytes, 1, -2, 0), -EINVAL);
    FAILS(coil_fdatasync(-1), -EBADF);
    return argument;
}

TEST(file, refuses_bad_arguments_and_submits_nothing)
{
    WORLD(w);
    PASS(world_run(&w, give_bad_arguments, NULL));
    CHECK_EQ(world_counts(&w).submitted, 0);
}

TEST(file, is_for_tasks)
{
    char byte = 0;
    FAILS(coil_open("/", O_RDONLY, 0), -COIL_ENOLOOP);
    FAILS(coil_read(FD, &byte, 1), -COIL_ENOLOOP);
    FAILS(coil_write(FD, &byte, 1), -COIL_ENOLOOP);
    FAILS(coil_pread(FD, &byte, 1, 0), -COIL_ENOLOOP);
    FAILS(coil_pwrite(FD, &byte, 1, 0), -COIL_ENOLOOP);
    FAILS(coil_fsync(FD), -COIL_ENOLOOP);
    FAILS(coil_close_fd(FD), -COIL_ENOLOOP);
}

static void *do_everything(void *argument)
{
    char text[8] = "";

    errno = 77;
    CHECK_EQ(coil_open("name", O_RDONLY, 0), 20);
    CHECK_EQ(coil_read(FD, text, sizeof(text)), 6);
    CHECK_STR(text, "hello");
    CHECK_EQ(coil_read(FD, NULL, 0), 0);
    CHECK_EQ(coil_write(FD, "hello", 5), 4);
    CHECK_EQ(coil_pread(FD, text, sizeof(text), 0), 0);
    FAILS(coil_pwrite(FD, "hello", 5, 7), -ENOSPC);
    PASS(coil_fsync(FD));
    PASS(coil_close_fd(FD));
    CHECK_EQ(errno, 77);
    return argument;
}

TEST(file, gives_the_results_of_the_operations)
{
    WORLD(w);
    world_answer(&w, OP_OPENAT, 20, 0);
    world_script(w.sim,
                 (coil_sim_answer){.opcode = OP_READ, .fd = FD, .result = 6, .data = "hello"});
    world_answer(&w, OP_READ, 0, 0);
    world_answer(&w, OP_WRITE, 4, 0);
    world_answer(&w, OP_READ, 0, 0);
    world_answer(&w, OP_WRITE, -ENOSPC, 0);
    world_answer(&w, OP_FSYNC, 0, 0);
    world_answer(&w, OP_CLOSE, 0, 0);
    PASS(world_run(&w, do_everything, NULL));
}

/* What reached the engine: the operation in flight. */
struct look {
    coil_loop *loop;
    coil_fn call;
    struct op seen;
};

static int look_now(void *argument)
{
    struct look *look = argument;
    const struct list_node *node = list_first(&look->loop->engine->in_flight);
    if (CHECK(node != NULL))
        look->seen = *list_entry(node, struct op, in_flight);
    return 0;
}

static struct op look_at(struct world *w, coil_fn call)
{
    struct look look = {.loop = w->loop};
    if (coil_is_err(w->loop))
        return look.seen;
    world_answer(w, COIL_SIM_ANY, 0, COIL_MS(20));
    PASS(coil_handle_error(coil_call_later(w->loop, COIL_MS(10), look_now, &look)));
    PASS(world_run(w, call, NULL));
    return look.seen;
}

static void *open_it(void *argument)
{
    CHECK_EQ(coil_open("name", O_WRONLY | O_CREAT, 0640), 0);
    return argument;
}

TEST(file, is_opened_closed_on_exec)
{
    WORLD(w);
    struct op op = look_at(&w, open_it);
    CHECK_EQ(op.opcode, OP_OPENAT);
    CHECK_EQ(op.fd, AT_FDCWD);
    CHECK_EQ(op.options, O_WRONLY | O_CREAT | O_CLOEXEC);
    CHECK_EQ(op.length, 0640);
}

static void *write_without_end(void *argument)
{
    CHECK_EQ(coil_write(FD, "hello", SIZE_MAX), 0);
    return argument;
}

TEST(file, is_written_at_its_position_without_a_signal_and_not_too_much_at_once)
{
    WORLD(w);
    struct op op = look_at(&w, write_without_end);
    CHECK_EQ(op.opcode, OP_WRITE);
    CHECK_EQ(op.fd, FD);
    CHECK_EQ(op.length, 0x7ffff000);
    CHECK(op.offset == UINT64_MAX);
    CHECK_EQ(op.flags, OP_MAY_SIGNAL);
}

static void *write_at(void *argument)
{
    CHECK_EQ(coil_pwrite(FD, "hello", 5, INT64_MAX), 0);
    return argument;
}

TEST(file, is_written_at_an_offset)
{
    WORLD(w);
    struct op op = look_at(&w, write_at);
    CHECK_EQ(op.opcode, OP_WRITE);
    CHECK_EQ(op.length, 5);
    CHECK(op.offset == INT64_MAX);
    CHECK_EQ(op.flags, 0);
}

static void *read_any(void *argument)
{
    char byte;
    (void)argument;
    return COIL_ERR((int)coil_read(FD, &byte, 1));
}

static void *write_any(void *argument)
{
    (void)argument;
    return COIL_ERR((int)coil_write(FD, "x", 1));
}

/* The event that a call waits for when the descriptor was not ready. */
static uint64_t event_of(coil_fn call)
{
    WORLD(w);
    struct look look = {.loop = w.loop};
    world_answer(&w, COIL_SIM_ANY, -EAGAIN, 0);
    if (coil_is_err(w.loop))
        return 0;
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), look_now, &look)));
    FAILS(world_run(&w, call, NULL), -COIL_EDEADLOCK);
    CHECK_EQ(look.seen.opcode, OP_POLL);
    CHECK_EQ(look.seen.fd, FD);
    return look.seen.mask;
}

TEST(file, waits_for_what_it_does)
{
    CHECK_EQ(event_of(read_any), POLLIN);
    CHECK_EQ(event_of(write_any), POLLOUT);
}

struct reader {
    int fd;
    ssize_t rc;
    int then;
    char text[8];
};

static void *read_it(void *argument)
{
    struct reader *reader = argument;
    reader->rc = coil_read(reader->fd, reader->text, sizeof(reader->text));
    reader->then = coil_yield_now();
    return reader->rc < 0 ? COIL_ERR((int)reader->rc) : NULL;
}

TEST(file, is_cancelled_and_loses_nothing)
{
    struct reader reader = {.fd = FD}, late = {.fd = FD};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, read_it, &reader, NULL);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), world_cancel, task)));
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    FAILS(reader.rc, -ECANCELED);
    PASS(reader.then);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_READ,
                                          .fd = FD,
                                          .result = 6,
                                          .delay = COIL_MS(20),
                                          .data = "hello",
                                          .cancel = COIL_SIM_CANCEL_LOSES});
    COIL_AUTO coil_task *other = coil_create_task_with(w.loop, read_it, &late, NULL);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), world_cancel, other)));
    PASS(coil_run_until_complete(w.loop, other, NULL));
    CHECK_EQ(late.rc, 6);
    CHECK_STR(late.text, "hello");
    FAILS(late.then, -ECANCELED);
}

/* ---- in the kernel -------------------------------------------------------------------------- */

struct place {
    char name[64];
};

static void place_free(struct place *place)
{
    unlink(place->name);
}

static struct place place_new(void)
{
    struct place place = {"/tmp/coil-test-file-XXXXXX"};
    int fd = mkstemp(place.name);
    if (CHECK(fd >= 0))
        close(fd);
    return place;
}

#define PLACE(name) __attribute__((cleanup(place_free))) struct place name = place_new()

static void *use_a_file(void *argument)
{
    const struct place *place = argument;
    char text[16] = "";

    int fd = coil_open(place->name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        return COIL_ERR(fd);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(coil_write(fd, "hello", 5), 5);
    CHECK_EQ(coil_write(fd, " world", 6), 6);
    CHECK_EQ(coil_pwrite(fd, "J", 1, 0), 1);
    CHECK_EQ(coil_pread(fd, text, sizeof(text), 6), 5);
    CHECK_STR(text, "world");
    CHECK_EQ(coil_read(fd, text, sizeof(text)), 0); /* pread and pwrite left the position */
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(coil_read(fd, text, 5), 5);
    CHECK_STR(text, "Jello");
    CHECK_EQ(coil_read(fd, text, sizeof(text)), 6);
    PASS(coil_fsync(fd));
    PASS(coil_close_fd(fd));
    CHECK(fcntl(fd, F_GETFD) < 0);
    FAILS(coil_read(fd, text, 1), -EBADF);
    FAILS(coil_close_fd(fd), -EBADF);
    return NULL;
}

TEST(file, is_opened_written_read_and_closed)
{
    PLACE(place);
    KERNEL(loop);
    PASS(kernel_run(loop, use_a_file, &place));
}

static void *use_vectors(void *argument)
{
    const struct place *place = argument;
    char text[2][8] = {"", ""};
    struct iovec out[2] = {{(char *)(uintptr_t) "hel", 3}, {(char *)(uintptr_t) "lo", 2}};
    struct iovec in[2] = {{text[0], 2}, {text[1], 7}};

    int fd = coil_open(place->name, O_RDWR, 0);
    if (fd < 0)
        return COIL_ERR(fd);
    CHECK_EQ(coil_writev(fd, out, 2), 5);
    CHECK_EQ(coil_pwritev2(fd, out, 2, 5, 0), 5);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 5); /* an offset leaves the position */
    CHECK_EQ(coil_readv(fd, in, 2), 5);
    CHECK(memcmp(text[0], "he", 2) == 0 && memcmp(text[1], "llo", 3) == 0);
    CHECK_EQ(coil_preadv2(fd, in, 2, 8, 0), 2);
    CHECK(memcmp(text[0], "lo", 2) == 0);
    CHECK_EQ(coil_readv(fd, in, 2), 0);
    PASS(coil_fdatasync(fd));
    FAILS(coil_preadv2(fd, in, 2, 0, 0x40000000), -EOPNOTSUPP);
    PASS(coil_close_fd(fd));
    return NULL;
}

TEST(file, is_read_and_written_in_parts)
{
    PLACE(place);
    KERNEL(loop);
    PASS(kernel_run(loop, use_vectors, &place));
}

static void *write_in_parts(void *argument)
{
    const struct ends *ends = argument;
    struct iovec out = {(char *)(uintptr_t) "hello", 5};
    return COIL_ERR((int)coil_writev(ends->fd[1], &out, 1));
}

static bool write_parts_to_nobody(void)
{
    ENDS ends = ends_pipe(0);
    ends_close(&ends, 0);
    KERNEL(loop);
    return FAILS(kernel_run(loop, write_in_parts, &ends), -EPIPE);
}

TEST(file, in_parts_to_nobody_is_an_error_and_no_signal)
{
    CHECK(survives_sigpipe(write_parts_to_nobody));
}

static void *ask_for_too_much(void *argument)
{
    static char text[16]; /* far below the end of the address space */
    const struct place *place = argument;

    int fd = coil_open(place->name, O_RDWR, 0);
    if (fd < 0)
        return COIL_ERR(fd);
    CHECK_EQ(coil_write(fd, "hello", 5), 5);
    CHECK_EQ(coil_pread(fd, text, SIZE_MAX, 0), 5);
    CHECK_EQ(coil_pread(fd, text, (size_t)1 << 32, 0), 5); /* not 0 */
    FAILS(coil_open("/nonexistent/coil", O_RDONLY, 0), -ENOENT);
    PASS(coil_close_fd(fd));
    return NULL;
}

TEST(file, takes_a_length_of_any_size)
{
    PLACE(place);
    KERNEL(loop);
    PASS(kernel_run(loop, ask_for_too_much, &place));
}

static void *write_hello(void *argument)
{
    const struct ends *ends = argument;
    int rc = (int)coil_write(ends->fd[1], "hello", 6);
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

/* Runs a task that waits; the other one is started when it does. */
static int run_both(coil_loop *loop, coil_fn waits, void *state, coil_fn acts, void *argument)
{
    if (err_is(loop))
        return err_code(loop);
    COIL_AUTO coil_task *task = coil_create_task_with(loop, waits, state, NULL);
    coil_stop(loop);
    PASS(coil_run_forever(loop));
    CHECK(!coil_done(task));
    int rc = kernel_run(loop, acts, argument);
    return rc < 0 ? rc : coil_run_until_complete(loop, task, NULL);
}

static void wait_for_a_writer(int flags)
{
    ENDS ends = ends_pipe(flags);
    struct reader reader = {.fd = ends.fd[0]};
    KERNEL(loop);
    PASS(run_both(loop, read_it, &reader, write_hello, &ends));
    CHECK_EQ(reader.rc, 6);
    CHECK_STR(reader.text, "hello");
}

TEST(file, waits_for_a_writer)
{
    wait_for_a_writer(0);
}

TEST(file, waits_for_a_writer_where_it_is_nonblocking)
{
    wait_for_a_writer(O_NONBLOCK);
}

static void *empty(void *ends)
{
    ends_empty(ends);
    return NULL;
}

static void wait_for_room(int flags)
{
    ENDS ends = ends_pipe(flags);
    ends_fill(&ends);
    KERNEL(loop);
    PASS(run_both(loop, write_hello, &ends, empty, &ends));
}

TEST(file, waits_for_room)
{
    wait_for_room(0);
}

TEST(file, waits_for_room_where_it_is_nonblocking)
{
    wait_for_room(O_NONBLOCK);
}

static void *write_to_the_file(void *place)
{
    int fd = open(((struct place *)place)->name, O_WRONLY | O_CLOEXEC);
    if (!CHECK_EQ(write(fd, "x", 1), 1)) {
        close(fd);
        return COIL_ERR(-EIO);
    }
    close(fd);
    return NULL;
}

static void *read_an_event(void *argument)
{
    struct reader *reader = argument;
    struct inotify_event event;
    reader->rc = coil_read(reader->fd, &event, sizeof(event));
    return reader->rc < 0 ? COIL_ERR((int)reader->rc) : NULL;
}

/* The ring itself waits for pipes and sockets; for this it says -EAGAIN. */
TEST(file, waits_for_what_the_ring_does_not_wait_for)
{
    PLACE(place);
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    CHECK(inotify_add_watch(fd, place.name, IN_MODIFY) >= 0);
    {
        struct reader reader = {.fd = fd};
        KERNEL(loop);
        PASS(run_both(loop, read_an_event, &reader, write_to_the_file, &place));
        CHECK_EQ(reader.rc, sizeof(struct inotify_event));
    }
    close(fd);
}

static void *close_the_reader(void *argument)
{
    struct ends *ends = argument;
    int rc = coil_close_fd(ends->fd[0]);
    if (rc == 0)
        ends->fd[0] = -1;
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

TEST(file, is_closed_while_someone_waits)
{
    ENDS ends = ends_pipe(0), other = ends_pipe(O_NONBLOCK);
    struct reader reader = {.fd = ends.fd[0]}, polls = {.fd = other.fd[0]};
    KERNEL(loop);
    int rc = run_both(loop, read_it, &reader, close_the_reader, &ends);
    FAILS(rc, -COIL_ECLOSED);
    FAILS(reader.rc, -COIL_ECLOSED);
    FAILS(run_both(loop, read_it, &polls, close_the_reader, &other), -COIL_ECLOSED);
    FAILS(polls.rc, -COIL_ECLOSED);
    if (rc != -COIL_ECLOSED) /* the walk: whoever waits is cancelled with the loop */
        return;
    CHECK_EQ(ends.fd[0], -1);
    CHECK(fcntl(reader.fd, F_GETFD) < 0);
}

static void *break_the_pipe(void *argument)
{
    struct ends *ends = argument;
    ssize_t rc = coil_close_fd(ends->fd[0]);
    ends->fd[0] = -1;
    if (rc == 0)
        rc = coil_write(ends->fd[1], "x", 1);
    return rc == -EPIPE ? NULL : COIL_ERR(-EIO);
}

static bool write_to_a_broken_pipe(void)
{
    ENDS ends = ends_pipe(0);
    KERNEL(loop);
    return PASS(kernel_run(loop, break_the_pipe, &ends));
}

TEST(file, raises_no_signal)
{
    CHECK(survives_sigpipe(write_to_a_broken_pipe));
}

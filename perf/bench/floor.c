// SPDX-License-Identifier: MIT
#include "floor.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { ENTRIES = 512, REGISTER_SEND_MSG_RING = 31, NONE = 0, WOKEN = 1, RECV = 2 };

struct floor_ring {
    struct io_uring uring;
    int wake_fd;
    uint64_t wake_value;
    char byte;
};

struct floor_ring *floor_ring_new(void)
{
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_R_DISABLED,
    };
    struct floor_ring *floor = calloc(1, sizeof(*floor));

    if (!floor)
        return NULL;
    floor->wake_fd = eventfd(0, EFD_CLOEXEC);
    if (floor->wake_fd < 0 || io_uring_queue_init_params(ENTRIES, &floor->uring, &params) < 0) {
        close(floor->wake_fd);
        free(floor);
        return NULL;
    }
    return floor;
}

void floor_ring_free(struct floor_ring *floor)
{
    if (!floor)
        return;
    io_uring_queue_exit(&floor->uring);
    close(floor->wake_fd);
    free(floor);
}

/* In the thread that uses it. */
static void enable(struct floor_ring *floor)
{
    if (!(floor->uring.flags & IORING_SETUP_R_DISABLED))
        return;
    io_uring_register((unsigned)floor->uring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
    io_uring_register_ring_fd(&floor->uring);
    floor->uring.flags &= ~(unsigned)IORING_SETUP_R_DISABLED;
}

static struct io_uring_sqe *entry(struct floor_ring *floor, unsigned opcode, int fd, uint64_t data)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&floor->uring);

    while (!sqe) {
        io_uring_submit(&floor->uring);
        sqe = io_uring_get_sqe(&floor->uring);
    }
    memset(sqe, 0, sizeof(*sqe));
    sqe->opcode = (uint8_t)opcode;
    sqe->fd = fd;
    sqe->user_data = data;
    return sqe;
}

/* Submits, and takes so many completions; the last result. */
static int take(struct floor_ring *floor, unsigned count)
{
    struct io_uring_cqe *cqe;
    int result = 0;

    while (count) {
        unsigned head, seen = 0;
        int rc = io_uring_submit_and_wait(&floor->uring, count);
        if (rc < 0 && rc != -EINTR)
            return rc;
        io_uring_for_each_cqe(&floor->uring, head, cqe)
        {
            result = cqe->res;
            seen++;
        }
        io_uring_cq_advance(&floor->uring, seen);
        count -= seen < count ? seen : count;
    }
    return result;
}

int floor_nops(struct floor_ring *floor, unsigned count)
{
    enable(floor);
    for (unsigned i = 0; i < count; i++)
        entry(floor, IORING_OP_NOP, -1, NONE);
    return take(floor, count);
}

int floor_cancel_recv(struct floor_ring *floor, int fd)
{
    enable(floor);
    struct io_uring_sqe *sqe = entry(floor, IORING_OP_RECV, fd, RECV);
    sqe->addr = (uint64_t)(uintptr_t)&floor->byte;
    sqe->len = 1;
    int rc = io_uring_submit_and_get_events(&floor->uring);
    if (rc < 0)
        return rc;
    sqe = entry(floor, IORING_OP_ASYNC_CANCEL, -1, NONE);
    sqe->addr = RECV;
    sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
    rc = take(floor, 1);
    return rc == -ECANCELED ? 0 : -EPROTO;
}

int floor_pread(struct floor_ring *floor, int fd, void *buffer, unsigned length, uint64_t offset)
{
    enable(floor);
    struct io_uring_sqe *sqe = entry(floor, IORING_OP_READ, fd, NONE);
    sqe->addr = (uint64_t)(uintptr_t)buffer;
    sqe->len = length;
    sqe->off = offset;
    return take(floor, 1);
}

int floor_close(struct floor_ring *floor, int fd)
{
    enable(floor);
    (void)entry(floor, IORING_OP_CLOSE, fd, NONE);
    return take(floor, 1);
}

int floor_sleep(struct floor_ring *floor, enum floor_wake how, void (*awake)(void *),
                void *argument, uint64_t times)
{
    enable(floor);
    awake(argument);
    for (uint64_t i = 0; i < times; i++) {
        if (how == WAKE_EVENTFD) {
            struct io_uring_sqe *sqe = entry(floor, IORING_OP_READ, floor->wake_fd, WOKEN);
            sqe->addr = (uint64_t)(uintptr_t)&floor->wake_value;
            sqe->len = sizeof(floor->wake_value);
        }
        int rc = take(floor, 1);
        if (rc < 0)
            return rc;
        awake(argument);
    }
    return 0;
}

int floor_wake(struct floor_ring *floor, enum floor_wake how, struct floor_ring *own)
{
    const uint64_t one = 1;

    if (how == WAKE_EVENTFD)
        return write(floor->wake_fd, &one, sizeof(one)) == sizeof(one) ? 0 : -errno;
    if (how == WAKE_MSG_RING) {
        enable(own);
        struct io_uring_sqe *sqe = entry(own, IORING_OP_MSG_RING, floor->uring.ring_fd, NONE);
        sqe->off = WOKEN;
        sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
        int rc = io_uring_submit_and_get_events(&own->uring);
        return rc < 0 ? rc : 0;
    }
    struct io_uring_sqe sqe = {
        .opcode = IORING_OP_MSG_RING, .fd = floor->uring.ring_fd, .off = WOKEN};
    return io_uring_register((unsigned)-1, REGISTER_SEND_MSG_RING, &sqe, 1);
}

// SPDX-License-Identifier: MIT
/*
 * What the programs here that are written by hand on io_uring share: a ring that only its thread
 * uses and that runs the kernel's part of the work when it is entered, and the buffers from which
 * the kernel picks one for each receive.
 */
#ifndef ECHO_RING_H
#define ECHO_RING_H

#include "fail.h"

#include <liburing.h>
#include <stdint.h>
#include <sys/mman.h>

struct ring {
    struct io_uring uring;
    struct io_uring_buf_ring *queue;
    char *memory;
    unsigned buffers; /* a power of two */
    unsigned size;    /* of each */
    int given_back;   /* since ring_publish */
};

static inline char *ring_buffer(const struct ring *ring, unsigned buffer)
{
    return ring->memory + (size_t)buffer * ring->size;
}

/* The kernel may pick it from the next ring_publish on. */
static inline void ring_give_back(struct ring *ring, unsigned buffer)
{
    io_uring_buf_ring_add(ring->queue, ring_buffer(ring, buffer), ring->size,
                          (unsigned short)buffer, (int)ring->buffers - 1, ring->given_back++);
}

static inline void ring_publish(struct ring *ring)
{
    io_uring_buf_ring_advance(ring->queue, ring->given_back);
    ring->given_back = 0;
}

static inline struct io_uring_sqe *ring_entry(struct ring *ring, int fd, uint64_t user_data)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);

    while (!sqe) {
        io_uring_submit(&ring->uring);
        sqe = io_uring_get_sqe(&ring->uring);
    }
    memset(sqe, 0, sizeof(*sqe));
    sqe->fd = fd;
    sqe->user_data = user_data;
    return sqe;
}

/* One receive that completes for all that comes, each time with a buffer. */
static inline void ring_recv(struct ring *ring, int fd, uint64_t user_data)
{
    struct io_uring_sqe *sqe = ring_entry(ring, fd, user_data);

    sqe->opcode = IORING_OP_RECV;
    sqe->ioprio = IORING_RECV_MULTISHOT;
    sqe->flags = IOSQE_BUFFER_SELECT;
}

static inline void ring_enter(struct ring *ring)
{
    int rc = io_uring_submit_and_wait(&ring->uring, 1);

    if (rc < 0 && rc != -EINTR)
        fail("io_uring_enter", -rc);
}

static inline void ring_make(struct ring *ring, unsigned entries, unsigned completions)
{
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE,
        .cq_entries = completions,
    };
    int rc = io_uring_queue_init_params(entries, &ring->uring, &params);

    if (rc < 0)
        fail("io_uring", -rc);
    io_uring_register_ring_fd(&ring->uring);
}

static inline void ring_make_buffers(struct ring *ring, unsigned buffers, unsigned size)
{
    struct io_uring_buf_reg registration = {.ring_entries = buffers};
    const size_t queue_size = buffers * sizeof(struct io_uring_buf);
    void *memory = mmap(NULL, queue_size + (size_t)buffers * size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        fail("buffers", errno);
    ring->queue = memory;
    ring->memory = (char *)memory + queue_size;
    ring->buffers = buffers;
    ring->size = size;
    registration.ring_addr = (uint64_t)(uintptr_t)memory;
    int rc = io_uring_register_buf_ring(&ring->uring, &registration, 0);
    if (rc < 0)
        fail("buffers", -rc);
    for (unsigned i = 0; i < buffers; i++)
        ring_give_back(ring, i);
    ring_publish(ring);
}

#endif

// SPDX-License-Identifier: MIT
/*
 * The channel. A value goes straight to a receiver that waits, else into the buffer, else its
 * sender waits with it. Invariant: receivers wait only while the buffer is empty and no sender
 * waits, senders only while the buffer is full; nobody waits at a closed channel.
 */
#include "sync/channel.h"

#include "base/alloc.h"
#include "sync/select.h"

static struct choice *first_of(struct coil_link *line)
{
    return line ? container_of(line, struct choice, link) : NULL;
}

static void buffer_append(coil_channel *channel, void *value)
{
    size_t place = channel->first + channel->count++;

    channel->buffer[place < channel->capacity ? place : place - channel->capacity] = value;
}

static void *buffer_take(coil_channel *channel)
{
    void *value = channel->buffer[channel->first];

    if (++channel->first == channel->capacity)
        channel->first = 0;
    channel->count--;
    return value;
}

/* The sender that has waited longest goes on; its value. */
static void *release_sender(struct choice *sender)
{
    void *value = sender->request->value;

    select_settle(sender, 0);
    return value;
}

int channel_send_now(coil_channel *channel, void *value)
{
    struct choice *receiver = first_of(channel->receivers);

    if (unlikely(channel->closed))
        return -ESHUTDOWN;
    if (receiver) {
        receiver->request->value = value;
        select_settle(receiver, 0);
        return 0;
    }
    if (channel->count == channel->capacity)
        return -EAGAIN;
    buffer_append(channel, value);
    return 0;
}

int channel_recv_now(coil_channel *channel, void **value)
{
    struct choice *sender = first_of(channel->senders);

    if (channel->count) {
        *value = buffer_take(channel);
        if (sender)
            buffer_append(channel, release_sender(sender));
        return 0;
    }
    if (sender) {
        *value = release_sender(sender);
        return 0;
    }
    return channel->closed ? -ESHUTDOWN : -EAGAIN;
}

/* ---- waiting ----------------------------------------------------------------------------------
 */

static ALWAYS_INLINE int wait_for(coil_select_case *request, struct coil_future *task,
                                  const struct waiter_class *class)
{
    int rc = loop_bind(&request->channel->loop, task);

    if (unlikely(rc < 0))
        return rc;
    if (unlikely(task_wait_refused(task)))
        return -ECANCELED;
    struct choice choice;
    struct select select = {.waiter.class = class, .choices = &choice, .n = 1};
    select_enrol(&select, task, request);
    rc = select_wait(&select, task);
    return rc < 0 ? rc : request->code;
}

int coil_channel_send(coil_channel *channel, void *value)
{
    if (unlikely(!channel))
        return -EINVAL;
    struct coil_future *task = task_current();
    if (unlikely(!task))
        return -COIL_ENOLOOP;
    int rc = channel_send_now(channel, value);
    if (rc != -EAGAIN)
        return rc;
    coil_select_case request = {.kind = COIL_SELECT_SEND, .channel = channel, .value = value};
    return wait_for(&request, task, &coil__send_class);
}

int coil_channel_recv(coil_channel *channel, void **value)
{
    if (unlikely(!channel || !value))
        return -EINVAL;
    struct coil_future *task = task_current();
    if (unlikely(!task))
        return -COIL_ENOLOOP;
    int rc = channel_recv_now(channel, value);
    if (rc != -EAGAIN)
        return rc;
    coil_select_case request = {.kind = COIL_SELECT_RECV, .channel = channel};
    rc = wait_for(&request, task, &coil__recv_class);
    if (rc == 0)
        *value = request.value;
    return rc;
}

int coil_channel_try_send(coil_channel *channel, void *value)
{
    return channel ? channel_send_now(channel, value) : -EINVAL;
}

int coil_channel_try_recv(coil_channel *channel, void **value)
{
    return channel && value ? channel_recv_now(channel, value) : -EINVAL;
}

/* ---- beginning and end ------------------------------------------------------------------------
 */

int coil_channel_init(coil_channel *channel, size_t capacity)
{
    if (!channel)
        return -EINVAL;
    void **buffer = NULL;
    if (capacity) {
        if (capacity > SIZE_MAX / sizeof(*buffer))
            return -ENOMEM;
        buffer = coil__alloc(capacity * sizeof(*buffer));
        if (!buffer)
            return -ENOMEM;
    }
    *channel = (coil_channel)COIL_CHANNEL_INIT;
    channel->buffer = buffer;
    channel->capacity = capacity;
    return 0;
}

int coil_channel_close(coil_channel *channel)
{
    struct choice *choice;

    if (!channel)
        return -EINVAL;
    channel->closed = true;
    while ((choice = first_of(channel->receivers)) || (choice = first_of(channel->senders)))
        select_settle(choice, -ESHUTDOWN);
    return 0;
}

bool coil_channel_closed(const coil_channel *channel)
{
    return channel && channel->closed;
}

size_t coil_channel_size(const coil_channel *channel)
{
    return channel ? channel->count : 0;
}

int coil_channel_fini(coil_channel *channel)
{
    if (!channel)
        return -EINVAL;
    if (channel->receivers || channel->senders)
        return -EBUSY;
    coil__free(channel->buffer);
    *channel = (coil_channel)COIL_CHANNEL_INIT;
    return 0;
}

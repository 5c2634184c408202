// SPDX-License-Identifier: MIT
/*
 * The buffers that the ring lends: for each group a queue in memory that the kernel reads, from
 * which it takes a buffer when it has data, and into which the buffer is put again when it was
 * given back. Neither costs a call of the kernel.
 *
 * Each is accounted for: it is the kernel's until a completion says otherwise, then whoever's that
 * took the completion, then at rest or the kernel's again. A completion without data lends nothing,
 * whatever the kernel says.
 *
 * The kernel takes them in turns. So it is offered no more at a time than have been needed, those
 * first that were given back last: with all of them on offer each message would come in memory that
 * has left the caches long ago.
 */
#include "ring/ring.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "os/os.h"

enum {
    ENTRIES_MAX = 1 << 15, /* the kernel's */
    OFFERED_FIRST = 64
};

struct ring_group {
    struct list_node link;
    struct io_uring_buf_ring *queue;
    char *memory;
    size_t size;
    unsigned entries; /* of the queue: a power of two */
    unsigned count;
    unsigned lent_count;
    unsigned on_offer, offered_most;
    unsigned resting_count;
    uint16_t *resting; /* the last one given back on top */
    uint16_t id;
    uint8_t lent[]; /* for each whether it is lent */
};

static struct ring_group *find(struct ring *ring, uint16_t id)
{
    list_for_each (node, &ring->groups) {
        struct ring_group *group = list_entry(node, struct ring_group, link);
        if (group->id == id)
            return group;
    }
    return NULL;
}

static size_t queue_size(const struct ring_group *group)
{
    return group->entries * sizeof(struct io_uring_buf);
}

static void release(struct ring_group *group)
{
    if (group->memory)
        os_release(group->memory, group->count * group->size);
    if (group->queue)
        os_release(group->queue, queue_size(group));
    coil__free(group->resting);
    coil__free(group);
}

/* Gives one to the kernel. */
static inline void provide(struct ring_group *group, uint16_t buffer)
{
    io_uring_buf_ring_add(group->queue, group->memory + buffer * group->size, (unsigned)group->size,
                          buffer, io_uring_buf_ring_mask(group->entries), 0);
    io_uring_buf_ring_advance(group->queue, 1);
}

/* Another one for one that the kernel gave away. */
static inline void replace(struct ring_group *group)
{
    if (likely(group->resting_count))
        provide(group, group->resting[--group->resting_count]);
    else
        group->on_offer--;
}

/* One that is nobody's. */
static inline void settle(struct ring_group *group, uint16_t buffer)
{
    if (likely(group->on_offer == group->offered_most)) {
        group->resting[group->resting_count++] = buffer;
    } else {
        provide(group, buffer);
        group->on_offer++;
    }
}

static int group_register(struct ring *ring, struct ring_group *group)
{
    struct io_uring_buf_reg registration = {
        .ring_addr = (uint64_t)(uintptr_t)group->queue,
        .ring_entries = group->entries,
        .bgid = group->id,
    };

    if (fault_here("ring_lend"))
        return -ENOMEM;
    return io_uring_register_buf_ring(&ring->uring, &registration, 0);
}

static int group_new(unsigned count, size_t size, struct ring_group **result)
{
    struct ring_group *group = coil__alloc_zeroed(sizeof(*group) + count * sizeof(group->lent[0]));
    void *memory;

    if (!group)
        return -ENOMEM;
    group->resting = coil__alloc(count * sizeof(group->resting[0]));
    if (!group->resting) {
        release(group);
        return -ENOMEM;
    }
    group->count = count;
    group->offered_most = OFFERED_FIRST;
    group->size = size;
    for (group->entries = 1; group->entries < count;)
        group->entries *= 2;
    int rc = os_reserve(queue_size(group), &memory);
    if (rc == 0) {
        group->queue = memory;
        rc = os_reserve(count * size, &memory);
    }
    if (rc < 0) {
        release(group);
        return rc;
    }
    group->memory = memory;
    *result = group;
    return 0;
}

int ring_lend(struct engine *engine, uint16_t id, unsigned count, size_t size)
{
    struct ring *ring = ring_of(engine);
    struct ring_group *group;

    if (ring_forked(ring))
        return -COIL_ECLOSED;
    if (!count || count > ENTRIES_MAX || !size || size > UINT32_MAX)
        return -EINVAL;
    if (find(ring, id))
        return -EEXIST;
    int rc = group_new(count, size, &group);
    if (rc < 0)
        return rc;
    group->id = id;
    rc = group_register(ring, group);
    if (rc < 0) {
        release(group);
        return rc;
    }
    for (unsigned i = 0; i < count; i++)
        settle(group, (uint16_t)i);
    list_append(&ring->groups, &group->link);
    return 0;
}

bool ring_buffer_taken(struct ring *ring, uint16_t id, uint16_t buffer, int32_t result)
{
    struct ring_group *group = find(ring, id);

    ASSERT(group && buffer < group->count && !group->lent[buffer]);
    if (unlikely(result <= 0)) {
        provide(group, buffer);
        return false;
    }
    group->lent[buffer] = true;
    group->lent_count++;
    replace(group);
    return true;
}

void ring_buffers_lacked(struct ring *ring, uint16_t id)
{
    struct ring_group *group = find(ring, id);

    ASSERT(group);
    if (group->offered_most < group->count)
        group->offered_most *= 2;
    while (group->on_offer < group->offered_most && group->resting_count) {
        provide(group, group->resting[--group->resting_count]);
        group->on_offer++;
    }
}

void *ring_lent(struct engine *engine, uint16_t id, uint16_t buffer)
{
    struct ring_group *group = find(ring_of(engine), id);

    ASSERT(group && buffer < group->count);
    return group->memory + buffer * group->size;
}

void ring_give_back(struct engine *engine, uint16_t id, uint16_t buffer)
{
    struct ring *ring = ring_of(engine);
    struct ring_group *group = find(ring, id);

    ASSERT(group && buffer < group->count);
    ASSERT_CONTRACT(group->lent[buffer], "a buffer was given back that was not lent");
    group->lent[buffer] = false;
    group->lent_count--;
    if (!ring_forked(ring))
        settle(group, buffer);
}

void ring_groups_unregister(struct ring *ring)
{
    list_for_each (node, &ring->groups) {
        int rc = io_uring_unregister_buf_ring(&ring->uring,
                                              list_entry(node, struct ring_group, link)->id);
        ASSERT(rc == 0);
    }
}

void ring_groups_free(struct ring *ring)
{
    list_for_each (node, &ring->groups) {
        struct ring_group *group = list_entry(node, struct ring_group, link);
        ASSERT_CONTRACT(group->lent_count == 0, "a lent buffer was not given back");
        list_remove(node);
        release(group);
    }
}

// SPDX-License-Identifier: MIT
#include "base/alloc.h"

#include "base/assert.h"
#include "base/err.h"
#include "base/fault.h"

#include <coil/base.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static void *libc_alloc(size_t size, void *userdata)
{
    (void)userdata;
    return malloc(size);
}

static void *libc_realloc(void *memory, size_t size, void *userdata)
{
    (void)userdata;
    return realloc(memory, size);
}

static void libc_free(void *memory, void *userdata)
{
    (void)userdata;
    free(memory);
}

static const coil_allocator libc_allocator = {
    .size = sizeof(coil_allocator),
    .alloc = libc_alloc,
    .realloc = libc_realloc,
    .free = libc_free,
};

static coil_allocator current = {
    .size = sizeof(coil_allocator),
    .alloc = libc_alloc,
    .realloc = libc_realloc,
    .free = libc_free,
};

/* Counted so that an allocator is never replaced under a block that it must free. */
static atomic_size_t blocks;

int coil_set_allocator(const coil_allocator *allocator)
{
    if (!allocator)
        allocator = &libc_allocator;
    if (allocator->size != sizeof(*allocator) || !allocator->alloc || !allocator->realloc ||
        !allocator->free)
        return -EINVAL;
    if (atomic_load(&blocks))
        return -EBUSY;
    current = *allocator;
    return 0;
}

size_t coil_allocated_blocks(void)
{
    return atomic_load_explicit(&blocks, memory_order_relaxed);
}

void *coil__alloc(size_t size)
{
    ASSERT(size > 0);
    if (fault_here("alloc"))
        return NULL;
    void *memory = current.alloc(size, current.userdata);
    if (memory)
        atomic_fetch_add_explicit(&blocks, 1, memory_order_relaxed);
    return memory;
}

void *coil__alloc_zeroed(size_t size)
{
    void *memory = coil__alloc(size);
    return memory ? memset(memory, 0, size) : NULL;
}

void *coil__realloc(void *memory, size_t size)
{
    if (!memory)
        return coil__alloc(size);
    ASSERT(size > 0);
    if (fault_here("realloc"))
        return NULL;
    return current.realloc(memory, size, current.userdata);
}

void coil__free(void *memory)
{
    if (!memory)
        return;
    current.free(memory, current.userdata);
    size_t before = atomic_fetch_sub_explicit(&blocks, 1, memory_order_relaxed);
    ASSERT(before > 0);
}

void *coil_alloc(size_t size)
{
    if (!size)
        return coil_err_ptr(-EINVAL);
    void *memory = coil__alloc(size);
    return memory ? memory : coil_err_ptr(-ENOMEM);
}

void coil_free(void *memory)
{
    if (!err_is(memory))
        coil__free(memory);
}

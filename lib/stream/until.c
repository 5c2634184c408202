// SPDX-License-Identifier: MIT
/*
 * Reading up to a separator. The search goes on where it ended when more comes, and bytes are put
 * side by side only as far as a separator may lie across two blocks.
 */
#include "stream/stream.h"

#include <string.h>

struct search {
    const struct iovec *separators;
    int n;
    size_t shortest, longest;
    size_t start, end; /* where it was found; or `start` is how much was searched in vain */
};

static int prepare(struct search *search, const struct iovec *separators, int n)
{
    if (!separators || n <= 0)
        return -EINVAL;
    *search = (struct search){.separators = separators, .n = n, .shortest = SIZE_MAX};
    for (int i = 0; i < n; i++) {
        size_t length = separators[i].iov_len;
        if (!separators[i].iov_base || !length || length > PTRDIFF_MAX)
            return -EINVAL;
        if (length < search->shortest)
            search->shortest = length;
        if (length > search->longest)
            search->longest = length;
    }
    return 0;
}

/* Looks in one piece of memory for what is complete first; of those that end together the
 * shortest. */
static bool find(struct search *search, const char *memory, size_t size, size_t from)
{
    bool found = false;

    for (int i = 0; i < search->n; i++) {
        const struct iovec *separator = &search->separators[i];
        const char *place =
            separator->iov_len == 1
                ? memchr(memory + from, *(const char *)separator->iov_base, size - from)
                : memmem(memory + from, size - from, separator->iov_base, separator->iov_len);
        if (!place)
            continue;
        const size_t start = (size_t)(place - memory), end = start + separator->iov_len;
        if (found && end == search->end && start < search->start)
            continue;
        search->start = start;
        search->end = size = end; /* what ends later does not count */
        found = true;
    }
    return found;
}

/* Looks in everything that was received from `*from` on. 1: found. */
static int find_in(coil_stream *stream, struct search *search, size_t *from)
{
    struct chain *chain = &stream->received;

    while (chain->size >= *from + search->shortest) {
        const struct block *first = chain->first;
        size_t size = block_used(first);
        if (size > *from && find(search, first->memory + first->start, size, *from))
            return 1;
        size_t searched = size + 1 > search->longest ? size + 1 - search->longest : 0;
        if (searched > *from)
            *from = searched;
        if (!first->next)
            break;
        int rc = chain_gather(stream->streams, chain, size + block_used(first->next));
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* 0: it is found within the limit. -EMSGSIZE, -ENODATA, or as stream_wait. */
static int until(coil_stream *stream, struct search *search)
{
    size_t from = 0;

    if (stream->error)
        return stream->error;
    for (;;) {
        int rc = find_in(stream, search, &from);
        if (rc < 0)
            return rc;
        if (rc == 0)
            search->start = from;
        if (search->start > stream->limit)
            return -EMSGSIZE;
        if (rc > 0)
            return 0;
        if (stream_no_more(stream))
            return -ENODATA;
        rc = stream_wait(stream, stream->received.size + 1);
        if (rc < 0)
            return rc;
    }
}

/* Takes the first `size` bytes if there is room for them. */
static ssize_t hand_out(coil_stream *stream, void *buffer, size_t room, size_t size)
{
    if (size > room)
        return -ENOBUFS;
    stream_take(stream, buffer, size);
    return (ssize_t)size;
}

static ssize_t read_until(coil_stream *stream, struct search *search, void *buffer, size_t size,
                          size_t *got)
{
    int rc = until(stream, search);
    ssize_t n;

    switch (rc) {
    case 0:
        *got = search->end;
        return hand_out(stream, buffer, size, search->end);
    case -ENODATA:
        *got = stream->received.size;
        n = hand_out(stream, buffer, size, *got);
        return n < 0 ? n : -ENODATA;
    case -EMSGSIZE:
        *got = search->start;
        return rc;
    default:
        return rc;
    }
}

ssize_t coil_stream_readuntil_any(coil_stream *stream, const struct iovec *separators, int n,
                                  void *buffer, size_t size, size_t *got)
{
    struct search search;
    size_t unwanted;

    if (!got)
        got = &unwanted;
    *got = 0;
    int rc = prepare(&search, separators, n);
    if (rc < 0 || (!buffer && size))
        return -EINVAL;
    rc = stream_begin_reading(stream);
    if (rc < 0)
        return rc;
    ssize_t length = read_until(stream, &search, buffer, size, got);
    stream_end_reading(stream);
    return length;
}

ssize_t coil_stream_readuntil(coil_stream *stream, const void *separator, size_t separator_length,
                              void *buffer, size_t size, size_t *got)
{
    const struct iovec one = {.iov_base = (void *)(uintptr_t)separator,
                              .iov_len = separator_length};
    return coil_stream_readuntil_any(stream, &one, 1, buffer, size, got);
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* A line that is too long goes: with its newline, if that was received, so that the next one is
 * whole. */
static void drop_line(coil_stream *stream, const struct search *search)
{
    stream_consume(stream, search->end ? search->end : stream->received.size);
}

static ssize_t read_line(coil_stream *stream, void *buffer, size_t size)
{
    struct iovec newline = {.iov_base = (char[]){'\n'}, .iov_len = 1};
    struct search search;
    int rc = prepare(&search, &newline, 1);

    ASSERT(rc == 0);
    rc = until(stream, &search);
    switch (rc) {
    case 0:
        return hand_out(stream, buffer, size, search.end);
    case -ENODATA:
        return hand_out(stream, buffer, size, stream->received.size);
    case -EMSGSIZE:
        drop_line(stream, &search);
        return rc;
    default:
        return rc;
    }
}

ssize_t coil_stream_readline(coil_stream *stream, void *buffer, size_t size)
{
    if (!buffer && size)
        return -EINVAL;
    int rc = stream_begin_reading(stream);
    if (rc < 0)
        return rc;
    ssize_t length = read_line(stream, buffer, size);
    stream_end_reading(stream);
    return length;
}

// SPDX-License-Identifier: MIT
/*
 * Callbacks on descriptors that are ready: coil_add_reader and coil_add_writer of <coil/poll.h>.
 *
 * A watch is a cell on the heap that is always in one of four places: in the ready queue, in
 * flight as a poll, among those that wait for memory, or running. So whoever ends all of these, as
 * coil_close does, ends every watch, and none needs a list to be found by. The table, by number,
 * has those that were not removed: who closes a descriptor removes them, because one that waits for
 * memory would poll a number that may be somebody else's by then.
 */
#ifndef LOOP_WATCH_H
#define LOOP_WATCH_H

#include "loop/loop.h"

#include <coil/poll.h>

struct watch {
    struct list_node link; /* in the loop's table; unlinked: removed, and goes at its next stop */
    struct op op;          /* a poll with one completion: it has to be level-triggered */
    struct call call;      /* to the callback, if it is ready; then polls again */
    struct flush again;    /* queues the call when the poll could not be carried out */
    coil_loop *loop;
    coil_callback fn;
    void *userdata;
    bool ready;
};

/* Somebody closes the descriptor: its watches are removed, wherever they are. */
void watch_drop(coil_loop *loop, int fd);

#endif

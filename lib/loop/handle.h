// SPDX-License-Identifier: MIT
/*
 * Callbacks that can be taken back: slots with a generation. A coil_handle names a slot and the
 * generation that it had; a slot that was used again has another one, so a stale handle names
 * nothing. Slots keep their address: they are items of the ready queue.
 */
#ifndef LOOP_HANDLE_H
#define LOOP_HANDLE_H

#include "task/item.h"
#include "timer/timer.h"

#include <coil/loop.h>

#include <stddef.h>
#include <stdint.h>

struct handle {
    /* what is touched when one of a million is armed and cancelled lies together */
    struct call call;
    coil_callback fn; /* NULL: cancelled */
    void *userdata;
    struct timer_slot timer;
    int32_t generation;    /* > 0 while in use, < 0 while free */
    int32_t cancelled;     /* the generation that was last cancelled */
    struct locals *locals; /* NULL: none */
    const void *origin;    /* in debug mode: the instruction that asked for it */
    coil_loop *loop;
    int64_t when; /* when `timed` */
    bool timed;   /* by call_later or call_at */
    uint32_t index;
    struct handle *next; /* free, or in an inbox */
};

struct handles {
    struct handle **chunks;
    size_t chunk_count;
    struct handle *free;
    uint32_t count;
};

void handles_fini(struct handles *handles);
struct handle *handles_take(struct handles *handles); /* NULL: no memory */
void handles_give(struct handles *handles, struct handle *handle);

/* The slot that a handle names, or NULL for a stale one. */
struct handle *handles_find(const struct handles *handles, coil_handle handle);

/* Whether it was cancelled, as far as the slot remembers. */
bool handles_cancelled(const struct handles *handles, coil_handle handle);

coil_handle handle_of(const struct handle *handle);
coil_handle handle_error(int code);

/* Calls the user's function and reports what it says below 0. `origin`: see struct handle. */
void handle_call(coil_loop *loop, coil_callback fn, void *userdata, const void *origin);

/* Closing: takes back every timer of a handle. */
void handles_drop(coil_loop *loop);

/* As coil_call_at, for callbacks of coil's own scopes: dropped when the loop closes. */
coil_handle handle_arm(coil_loop *loop, int64_t when, coil_callback fn, void *userdata);

#endif

// SPDX-License-Identifier: MIT
/*
 * An acceptor takes the connections of a listening descriptor, by one operation for all of them
 * where the engine has that (ENGINE_MANY_ACCEPT), by one for each where it has not.
 *
 * Whatever was accepted is given out by acceptor_next or closed by acceptor_fini (contract 3), also
 * what came with no memory to note it, and what came after a cancellation. The operation is the
 * kernel's until acceptor_fini has returned, so the acceptor stays where it is.
 */
#ifndef STREAM_ACCEPT_H
#define STREAM_ACCEPT_H

#include "loop/loop.h"

enum { ACCEPTOR_FEW = 8 };

struct acceptor {
    struct op op;
    int fd;
    const struct engine *engine; /* that carries the operation; NULL: it did not begin yet */
    struct coil_future *waiting; /* for something to come; NULL: nobody */
    int error;                   /* that ended the operation; 0: none, or it was told */
    bool fini;                   /* nobody wants more */
    int *fds;                    /* accepted and not given out, from `first` on; or `few` */
    size_t first, count, capacity;
    int few[ACCEPTOR_FEW];
};

/* On a descriptor that the caller closes after acceptor_fini. */
void acceptor_init(struct acceptor *acceptor, int fd);

/*
 * In a task, one at a time: the next connection's descriptor, closed on exec; waits for one. Else
 * -ECANCELED, which leaves what comes in the acceptor; -COIL_ECLOSED when coil_close_fd closed the
 * listening descriptor; the code of accept(2) or of the engine, after which the next call begins
 * anew; -ENOMEM also when a connection had to be closed for want of memory.
 */
int acceptor_next(struct acceptor *acceptor);

/* In a task: cancels, waits for the operation's end, and closes what was not given out. Neither a
 * cancellation nor the end of the loop stops it. */
void acceptor_fini(struct acceptor *acceptor);

/* What to do after an error of acceptor_next. */
enum acceptor_advice {
    ACCEPT_ON,    /* the connection's own, or nothing: ask again */
    ACCEPT_LATER, /* the system has no more to give: ask again after a while */
    ACCEPT_NEVER  /* the descriptor's own: it will always be so */
};

enum acceptor_advice acceptor_advice(int code);

#endif

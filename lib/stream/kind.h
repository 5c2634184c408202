// SPDX-License-Identifier: MIT
/* What a stream has to know of its descriptor. */
#ifndef STREAM_KIND_H
#define STREAM_KIND_H

enum stream_kind {
    STREAM_SOCKET = 0,    /* send and receive */
    STREAM_FILE = 1,      /* no socket: read and write */
    STREAM_NO_READS = 2,  /* not open for reading */
    STREAM_NO_WRITES = 4, /* not open for writing */
    STREAM_PIPE = 8,      /* a poll tells who writes that nobody reads any more */
    STREAM_MASTER = 16 /* of a pseudo-terminal: -EIO is the end, nobody has the other side open */
};

/* Those of an open descriptor, together. -EBADF. Sets TCP_NODELAY where there is such a thing. */
int kind_of(int fd);

#endif

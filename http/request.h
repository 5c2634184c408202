// SPDX-License-Identifier: MIT
/*
 * HTTP requests in a stream of bytes, found by llhttp or, where that is not packaged yet, by its
 * predecessor http-parser. For the programs in examples/ and perf/.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#ifdef WITH_LLHTTP
#include <llhttp.h>
typedef llhttp_t request_parser;
#else
#include <http_parser.h>
typedef http_parser request_parser;
#endif

enum {
    REQUEST_TARGET_SIZE = 1024, /* with the zero at its end; longer ones are malformed */
    REQUEST_PATH_SIZE = REQUEST_TARGET_SIZE + 16
};

struct request {
    request_parser parser;
    size_t length; /* of the target */
    char target[REQUEST_TARGET_SIZE];
};

enum request_state {
    REQUEST_PARTIAL,  /* all bytes are used, and there must be more */
    REQUEST_KEEP,     /* a request has ended; others may follow */
    REQUEST_LAST,     /* a request has ended, and the client wants no other */
    REQUEST_MALFORMED /* and so is everything that follows */
};

void request_init(struct request *request);

/* Reads until a request ends; *used is how many bytes were read. Of that request the target and the
 * method can be asked for until the next call. */
enum request_state request_read(struct request *request, const char *data, size_t length,
                                size_t *used);

/* "GET" and the like. */
const char *request_method(const struct request *request);

/* The name of a file that the target asks for, without its query, its %xx decoded, in a folder its
 * index.html; false when it can be none. It may have a "..". */
bool request_path(const struct request *request, char path[REQUEST_PATH_SIZE]);

/* "text/html" and the like, by how a name ends. */
const char *request_media_type(const char *path);

#endif

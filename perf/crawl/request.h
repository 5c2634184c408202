// SPDX-License-Identifier: MIT
/*
 * The end of HTTP requests in a stream of bytes, found by llhttp or, where that is not packaged
 * yet, by its predecessor http-parser.
 */
#ifndef CRAWL_REQUEST_H
#define CRAWL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#ifdef WITH_LLHTTP
#include <llhttp.h>
typedef llhttp_t request_parser;
#else
#include <http_parser.h>
typedef http_parser request_parser;
#endif

void request_init(request_parser *parser);

enum request_state {
    REQUEST_PARTIAL,  /* all bytes are used, and there must be more */
    REQUEST_KEEP,     /* a request has ended; others may follow */
    REQUEST_LAST,     /* a request has ended, and the client wants no other */
    REQUEST_MALFORMED /* and so is everything that follows */
};

/* Reads until a request ends; *used is how many bytes were read. */
enum request_state request_read(request_parser *parser, const char *data, size_t length,
                                size_t *used);

#endif

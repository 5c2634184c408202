// SPDX-License-Identifier: MIT
/* A line of text in a buffer of fixed size: what does not fit is counted and left out. */
#ifndef INSPECT_TEXT_H
#define INSPECT_TEXT_H

#include "base/assert.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

struct text {
    char *buffer;
    size_t size;
    size_t length; /* as if everything had fitted */
};

static inline struct text text_init(char *buffer, size_t size)
{
    if (size)
        *buffer = '\0';
    return (struct text){.buffer = buffer, .size = size};
}

static inline void PRINTF_LIKE(2, 3) text_add(struct text *text, const char *format, ...)
{
    size_t room = text->length < text->size ? text->size - text->length : 0;
    va_list arguments;

    va_start(arguments, format);
    int n = vsnprintf(room ? text->buffer + text->length : NULL, room, format, arguments);
    va_end(arguments);
    ASSERT(n >= 0);
    text->length += (size_t)n;
}

/* A text of the program's, which may hold anything: it stays on its line. */
static inline void text_add_quoted(struct text *text, const char *string)
{
    text_add(text, "'");
    for (; *string; string++)
        text_add(text, "%c", (unsigned char)*string < ' ' || *string == 0x7f ? '?' : *string);
    text_add(text, "'");
}

#endif

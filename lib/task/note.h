// SPDX-License-Identifier: MIT
/* A text that goes along with an error or a cancellation; those who share it count its holders. */
#ifndef TASK_NOTE_H
#define TASK_NOTE_H

#include <stdint.h>

struct note {
    uint32_t refs;
    int code;         /* the error that it is about */
    int line;         /* 0: no place */
    const char *file; /* behind the message; NULL: no place */
    char message[];
};

/* Copies the texts, with one reference. `file` may be NULL. NULL: no memory. */
struct note *note_new(int code, const char *message, const char *file, int line);

/* Both accept NULL. */
struct note *note_ref(struct note *note);
void note_unref(struct note *note);

/* Makes `*place` hold `note` in place of what it held. */
void note_set(struct note **place, struct note *note);

#endif

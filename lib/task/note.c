// SPDX-License-Identifier: MIT
#include "task/note.h"

#include "base/alloc.h"

#include <string.h>

struct note *note_new(int code, const char *message, const char *file, int line)
{
    size_t message_size = strlen(message) + 1, file_size = file ? strlen(file) + 1 : 0;
    struct note *note = coil__alloc(sizeof(*note) + message_size + file_size);

    if (!note)
        return NULL;
    char *copy = note->message + message_size;
    *note = (struct note){.refs = 1, .code = code, .line = line, .file = file ? copy : NULL};
    memcpy(note->message, message, message_size);
    if (file)
        memcpy(copy, file, file_size);
    return note;
}

struct note *note_ref(struct note *note)
{
    if (note)
        note->refs++;
    return note;
}

void note_unref(struct note *note)
{
    if (note && --note->refs == 0)
        coil__free(note);
}

void note_set(struct note **place, struct note *note)
{
    struct note *old = *place;

    *place = note_ref(note);
    note_unref(old);
}

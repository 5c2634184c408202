// SPDX-License-Identifier: MIT
#include "task/note.h"

#include "check.h"

#include <errno.h>

TEST(note, keeps_copies_of_its_texts)
{
    char message[] = "full", file[] = "disk.c";
    struct note *note = note_new(-ENOSPC, message, file, 7);

    memset(message, 'x', sizeof(message) - 1);
    memset(file, 'x', sizeof(file) - 1);
    CHECK(note || check_walking());
    if (note) {
        CHECK_STR(note->message, "full");
        CHECK_STR(note->file, "disk.c");
        CHECK_EQ(note->line, 7);
        CHECK_EQ(note->code, -ENOSPC);
    }
    note_unref(note);
}

TEST(note, lives_as_long_as_somebody_holds_it)
{
    struct note *place = NULL, *note = note_new(-EIO, "", NULL, 0);

    note_set(&place, note);
    CHECK_PTR(place, note);
    note_unref(note);
    CHECK(!place || (place->refs == 1 && !place->file));
    note_set(&place, place); /* itself */
    CHECK(!place || place->refs == 1);
    note_set(&place, NULL);
    CHECK_PTR(place, NULL);
    note_unref(NULL);
    CHECK_PTR(note_ref(NULL), NULL);
}

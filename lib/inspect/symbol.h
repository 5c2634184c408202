// SPDX-License-Identifier: MIT
/*
 * The name of the function at an address.
 *
 * dladdr knows what is exported; coroutines are mostly static. So we read the table of symbols of
 * the file that the address was loaded from, when it has one and is still that file.
 */
#ifndef INSPECT_SYMBOL_H
#define INSPECT_SYMBOL_H

#include <stddef.h>
#include <stdint.h>

/* Writes a name, or the address in hexadecimal, cut to `size` bytes with its NUL. */
void symbol_name(uintptr_t address, char *buffer, size_t size);

/* A file as it lies in memory, of which nothing is taken on trust. */
struct symbol_file {
    const unsigned char *bytes;
    size_t size;
};

/* The name of the function at `address`, as the file counts addresses; NULL: it has none. */
const char *symbol_find(const struct symbol_file *file, uintptr_t address);

#endif

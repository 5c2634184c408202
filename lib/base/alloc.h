// SPDX-License-Identifier: MIT
/*
 * Heap memory, from the allocator that the user may replace. Everything that coil allocates goes
 * through here, is counted, and can be made to fail (base/fault.h).
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

void *coil__alloc(size_t size);
void *coil__alloc_zeroed(size_t size);
void *coil__realloc(void *memory, size_t size); /* on failure the old block stays */
void coil__free(void *memory);                  /* accepts NULL */

#endif

// SPDX-License-Identifier: MIT
/* Iterators: the table of generators is known, others are called. */
#ifndef GEN_ITER_H
#define GEN_ITER_H

#include <coil/gen.h>

/* -EINVAL, or the code of an error-encoded `self`. */
int iter_argument(coil_iter iter);

bool iter_is_gen(coil_iter iter);

#endif

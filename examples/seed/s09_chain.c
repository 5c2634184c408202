// SPDX-License-Identifier: MIT
/* What two arrays have, one after the other: coil_iter_chain. */
#include <coil/coil.h>

#include <stdio.h>

int main(void)
{
    char numbers[][4] = {"one", "two"}, letters[][2] = {"a", "c", "e"};
    void *const first[] = {numbers[0], numbers[1]};
    void *const second[] = {letters[0], letters[1], letters[2]};
    coil_array arrays[2];
    const coil_iter iters[] = {coil_iter_array(&arrays[0], first, 2),
                               coil_iter_array(&arrays[1], second, 3)};
    coil_chain chain;
    coil_iter c = coil_iter_chain(&chain, iters, 2);
    void *i;
    int rc;

    printf("<itertools.chain at %p>\n", c.self);
    while ((rc = coil_iter_next(c, &i)) == 0)
        puts(i);
    return rc < 0;
}

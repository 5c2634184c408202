// SPDX-License-Identifier: MIT
#include "gen/iter.h"

#include "gen/gen.h"

int iter_argument(coil_iter iter)
{
    if (err_is(iter.self))
        return err_code(iter.self);
    if (!iter.table || iter.table->size != sizeof(*iter.table) || !iter.table->next)
        return -EINVAL;
    return 0;
}

int coil_iter_next(coil_iter iter, void **out)
{
    int rc = iter_argument(iter);
    void *value = NULL;

    if (rc == 0)
        rc = iter.table->next(iter.self, &value);
    if (out)
        *out = value;
    return rc;
}

/* ---- a generator ---------------------------------------------------------------------------- */

static int gen_next(void *self, void **out)
{
    return coil_gen_next(self, out);
}

static int gen_send(void *self, void *value, void **out)
{
    return coil_gen_send(self, value, out);
}

static int gen_throw(void *self, int code, void **out)
{
    return coil_gen_throw(self, code, out);
}

static int gen_close(void *self)
{
    return coil_gen_close(self, NULL);
}

static const coil_iter_table gen_table = {
    .size = sizeof(gen_table),
    .next = gen_next,
    .send = gen_send,
    .throw_into = gen_throw,
    .close = gen_close,
};

bool iter_is_gen(coil_iter iter)
{
    return iter.table == &gen_table;
}

coil_iter coil_iter_gen(coil_gen *gen)
{
    return (coil_iter){.table = &gen_table, .self = gen ? gen : COIL_ERR(-EINVAL)};
}

/* ---- an array ------------------------------------------------------------------------------- */

static int array_next(void *self, void **out)
{
    coil_array *array = self;

    *out = NULL;
    if (array->next == array->count)
        return COIL_STOP;
    *out = array->items[array->next++];
    return 0;
}

static const coil_iter_table array_table = {.size = sizeof(array_table), .next = array_next};

coil_iter coil_iter_array(coil_array *array, void *const *items, size_t count)
{
    if (!array || (count && !items))
        return (coil_iter){.table = &array_table, .self = COIL_ERR(-EINVAL)};
    *array = (coil_array){.items = items, .count = count};
    return (coil_iter){.table = &array_table, .self = array};
}

/* ---- one after the other -------------------------------------------------------------------- */

static int chain_next(void *self, void **out)
{
    coil_chain *chain = self;

    *out = NULL;
    while (chain->next < chain->count) {
        int rc = coil_iter_next(chain->iters[chain->next], out);
        if (rc != COIL_STOP)
            return rc;
        chain->next++;
    }
    *out = NULL;
    return COIL_STOP;
}

static const coil_iter_table chain_table = {.size = sizeof(chain_table), .next = chain_next};

coil_iter coil_iter_chain(coil_chain *chain, const coil_iter *iters, size_t count)
{
    if (!chain || (count && !iters))
        return (coil_iter){.table = &chain_table, .self = COIL_ERR(-EINVAL)};
    *chain = (coil_chain){.iters = iters, .count = count};
    return (coil_iter){.table = &chain_table, .self = chain};
}

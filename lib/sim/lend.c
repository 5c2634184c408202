// SPDX-License-Identifier: MIT
/* The buffers that the simulated engine lends: all of them are accounted for. */
#include "base/alloc.h"
#include "sim/sim.h"

struct sim_group *sim_group(const struct coil_sim *sim, uint16_t id)
{
    list_for_each (node, &sim->groups) {
        struct sim_group *group = list_entry(node, struct sim_group, link);
        if (group->id == id)
            return group;
    }
    return NULL;
}

int sim_lend(struct engine *engine, uint16_t id, unsigned count, size_t size)
{
    struct coil_sim *sim = sim_of(engine);

    if (!count || count > UINT16_MAX || !size || size > UINT32_MAX)
        return -EINVAL;
    if (sim_group(sim, id))
        return -EEXIST;
    struct sim_group *group = coil__alloc(sizeof(*group) + count * sizeof(group->free[0]));
    if (!group)
        return -ENOMEM;
    *group = (struct sim_group){.id = id, .count = count, .free_count = count, .size = size};
    group->memory = coil__alloc_zeroed(count * size);
    if (!group->memory) {
        coil__free(group);
        return -ENOMEM;
    }
    for (unsigned i = 0; i < count; i++)
        group->free[i] = (uint16_t)(count - 1 - i);
    list_append(&sim->groups, &group->link);
    return 0;
}

void *sim_lent(struct engine *engine, uint16_t id, uint16_t buffer)
{
    const struct sim_group *group = sim_group(sim_of(engine), id);

    ASSERT(group && buffer < group->count);
    return group->memory + buffer * group->size;
}

void sim_give_back(struct engine *engine, uint16_t id, uint16_t buffer)
{
    struct sim_group *group = sim_group(sim_of(engine), id);

    ASSERT(group && buffer < group->count && group->free_count < group->count);
    for (unsigned i = 0; i < group->free_count; i++)
        ASSERT_CONTRACT(group->free[i] != buffer, "a lent buffer was given back twice");
    group->free[group->free_count++] = buffer;
}

uint64_t sim_lent_count(const struct coil_sim *sim)
{
    uint64_t lent = 0;

    list_for_each (node, &sim->groups) {
        const struct sim_group *group = list_entry(node, struct sim_group, link);
        lent += group->count - group->free_count;
    }
    return lent;
}

void sim_groups_free(struct coil_sim *sim)
{
    struct list_node *node;

    while ((node = list_take_first(&sim->groups))) {
        struct sim_group *group = list_entry(node, struct sim_group, link);
        coil__free(group->memory);
        coil__free(group);
    }
}

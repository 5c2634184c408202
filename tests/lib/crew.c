// SPDX-License-Identifier: MIT
#include "crew.h"

void crew_free(struct crew *crew)
{
    for (int i = 0; i < crew->size; i++)
        coil_unref(crew->members[i].task);
}

struct member *hire(struct crew *crew, coil_fn fn)
{
    CHECK(crew->size < (int)(sizeof(crew->members) / sizeof(crew->members[0])));
    struct member *member = &crew->members[crew->size++];

    *member = (struct member){.crew = crew, .id = crew->size, .rc = 1};
    member->task = coil_create_task_with(crew->world->loop, fn, member, NULL);
    PASS(coil_err(member->task));
    return member;
}

void turns(const struct crew *crew, int n)
{
    while (n-- > 0)
        PASS(world_turn(crew->world));
}

int finish(const struct member *member)
{
    return coil_run_until_complete(member->crew->world->loop, member->task, NULL);
}

int run_as_member(struct crew *crew, coil_fn fn)
{
    return finish(hire(crew, fn));
}

/* SPDX-License-Identifier: MIT */
#include "partner.h"

#include <pthread.h>

struct game {
    struct bench *bench;
    struct partner_table *table;
};

static void *play(void *argument)
{
    struct game *game = argument;
    coil_task *partner = coil_create_task(game->table->answer, game->table);

    bench_begin(game->bench);
    int rc = coil_err(game->table->ask(game->table));
    bench_end(game->bench);
    rc |= coil_await(partner, NULL);
    coil_unref(partner);
    return COIL_ERR(rc);
}

void partner_tasks(struct bench *bench, struct partner_table *table)
{
    struct game game = {bench, table};

    table->items = bench_items(bench);
    (void)bench_failed(bench, coil_run(play, &game, NULL));
}

void partner_threads(struct bench *bench, struct partner_table *table)
{
    pthread_t partner;
    void *answer;

    table->items = bench_items(bench);
    if (bench_failed(bench, -pthread_create(&partner, NULL, table->answer, table)))
        return;
    bench_begin(bench);
    int rc = coil_err(table->ask(table));
    bench_end(bench);
    (void)bench_failed(bench, -pthread_join(partner, &answer));
    (void)bench_failed(bench, rc | coil_err(answer));
}

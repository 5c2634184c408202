// SPDX-License-Identifier: MIT
/* Hazards of io_uring (docs/HAZARDS.md) that belong to no one file of lib/. */
#include "ends.h"
#include "small.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

static void *sleeps(void *argument)
{
    int rc = coil_sleep(COIL_MS(1));
    return rc < 0 ? COIL_ERR(rc) : argument;
}

/* ---- slots ---------------------------------------------------------------------------------- */

static void nothing(struct op *op, const struct completion *completion)
{
    (void)op;
    (void)completion;
}

/* So none can be used again before its close has come. */
TEST(hazards, the_ring_has_no_slots_of_its_own)
{
    struct engine *engine;
    struct op op;

    if (!PASS(ring_new(&engine)))
        return;
    CHECK_EQ(engine->capabilities & ENGINE_SLOTS, 0);
    op_init(&op, OP_NOP, 0, nothing);
    op.flags = OP_SLOT;
    FAILS(engine_submit(engine, &op), -EOPNOTSUPP);
    CHECK_EQ(op.state, OP_IDLE);
    engine_detach(engine);
}

/* ---- overflow ------------------------------------------------------------------------------- */

enum { NOPS = 64 };

/* What the kernel holds back shows in no queue: only a flag tells. A loop that is busy looks at it,
 * too, and asks. */
TEST(hazards, what_the_kernel_holds_back_comes_without_a_wait)
{
    SMALL_RINGS;
    struct op ops[NOPS];
    struct completion completions[NOPS];
    struct engine *engine;

    if (!PASS(ring_new(&engine)))
        return;
    for (int i = 0; i < NOPS; i++) {
        op_init(&ops[i], OP_NOP, -1, nothing);
        PASS(engine_submit(engine, &ops[i]));
    }
    for (int i = 0; i < NOPS && engine->in_flight_count; i++) {
        PASS(engine_enter(engine, INT64_MAX, false));
        (void)engine_reap(engine, completions, NOPS);
    }
    CHECK_EQ(engine->in_flight_count, 0);
    while (engine->in_flight_count) { /* also when the check has failed */
        PASS(engine_enter(engine, INT64_MAX, true));
        (void)engine_reap(engine, completions, NOPS);
    }
    engine_detach(engine);
}

/* ---- one issuer ----------------------------------------------------------------------------- */

static void *run_and_free(void *loop)
{
    PASS(kernel_run(loop, sleeps, NULL));
    PASS(coil_loop_free(loop));
    return NULL;
}

TEST(hazards, a_ring_is_its_threads_that_runs_it_and_not_its_makers)
{
    coil_loop *loop = coil_loop_new(NULL);
    pthread_t thread;

    PASS(coil_err(loop));
    if (CHECK_EQ(pthread_create(&thread, NULL, run_and_free, loop), 0))
        CHECK_EQ(pthread_join(thread, NULL), 0);
}

/* ---- credentials ---------------------------------------------------------------------------- */

static void *opens(void *path)
{
    int fd = coil_open(path, O_RDONLY, 0);

    if (fd >= 0)
        close(fd);
    return fd < 0 ? COIL_ERR(fd) : NULL;
}

/* As root, and with what root may: then as nobody. */
static int drop_and_open(char *path)
{
    coil_loop *loop = coil_loop_new(NULL);

    if (kernel_run(loop, opens, path) != 0)
        return 2;
    if (setgid(65534) != 0 || setuid(65534) != 0)
        return 3;
    int rc = kernel_run(loop, opens, path);
    (void)coil_loop_free(loop);
    return rc == -EACCES ? 0 : 4;
}

TEST(hazards, who_drops_privileges_has_dropped_those_of_the_ring)
{
    char path[] = "/tmp/coil-hazards-XXXXXX";
    int status = 0, fd = -1;

    if (geteuid() != 0) {
        fprintf(stderr, "skipped: only root has something to drop\n");
        return;
    }
    if (!CHECK((fd = mkstemp(path)) >= 0)) /* which nobody else may read */
        return;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(drop_and_open(path));
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    close(fd);
    unlink(path);
}

/* ---- memory --------------------------------------------------------------------------------- */

static int mappings(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    int count = 0;

    while (maps && fgets(line, sizeof(line), maps))
        count += strstr(line, "[io_uring]") != NULL;
    if (CHECK(maps))
        fclose(maps);
    return count;
}

TEST(hazards, a_ring_has_few_mappings_and_leaves_none)
{
    const int before = mappings();

    for (int i = 0; i < 20; i++) {
        KERNEL(loop);
        PASS(kernel_run(loop, sleeps, NULL));
        int more = mappings() - before;
        CHECK(more > 0 && more <= 3);
    }
    CHECK_EQ(mappings(), before);
}

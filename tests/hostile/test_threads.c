// SPDX-License-Identifier: MIT
/* Many threads: at the thread-safe entrance of a loop that sleeps whenever it can, where no post
 * and no wake is lost; and each with loops of its own. */
#include "small.h"

#include <pthread.h>

enum { THREADS = 4, POSTS = WITH_TSAN ? 500 : 5000 };

struct scene {
    coil_loop *loop;
    coil_future *end;
    int came; /* the loop's */
};

static int count(void *argument)
{
    struct scene *scene = argument;

    if (++scene->came == THREADS * POSTS)
        PASS(coil_set_result(scene->end, NULL));
    return 0;
}

static void *posts(void *argument)
{
    struct scene *scene = argument;

    for (int i = 0; i < POSTS; i++)
        PASS(coil_handle_error(coil_call_soon_threadsafe(scene->loop, count, scene)));
    return NULL;
}

static void *listens(void *argument)
{
    struct scene *scene = argument;
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, posts, scene), 0);
    PASS(coil_await(scene->end, NULL));
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    return NULL;
}

static void post_and_count(void)
{
    KERNEL(loop);
    struct scene scene = {.loop = loop, .end = coil_create_future(loop)};

    PASS(kernel_run(loop, listens, &scene));
    CHECK_EQ(scene.came, THREADS * POSTS);
    coil_unref(scene.end);
}

TEST(threads, lose_no_post_and_no_wake)
{
    post_and_count();
    SMALL_RINGS;
    post_and_count();
}

/* ---- loops of their own -----------------------------------------------------------------------
 */

enum { LOOPS = 20 };

static void *yields(void *argument)
{
    PASS(coil_yield_now());
    return argument;
}

static void *runs_loops(void *argument)
{
    for (int i = 0; i < LOOPS; i++)
        PASS(coil_run(yields, argument, NULL));
    return NULL;
}

/* Where one thread's ring was, another's comes to be: TSan must know that nobody shares them. */
TEST(threads, make_rings_where_those_of_others_were)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, runs_loops, threads), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

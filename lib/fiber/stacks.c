// SPDX-License-Identifier: MIT
#include "fiber/stacks.h"

#include "base/assert.h"
#include "base/macros.h"
#include "base/warn.h"
#include "os/os.h"

#include <limits.h>
#include <pthread.h>

struct thread_stacks {
    struct stacks stacks;
    int rounds; /* in which the thread's end found some of them in use */
};

_Static_assert(sizeof(struct thread_stacks) <= OS_PAGE, "it has a page of its own");

static _Thread_local struct thread_stacks *mine __attribute__((tls_model("initial-exec")));
static pthread_key_t at_thread_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static size_t count_in_use(const struct stacks *stacks)
{
    size_t count = 0;

    for (int i = 0; i < STACK_CLASSES; i++)
        count += stacks->pools[i].in_use;
    return count;
}

static void give_back(struct thread_stacks *thread)
{
    mine = NULL;
    stacks_fini(&thread->stacks);
    os_release(thread, OS_PAGE);
}

static void end_thread(void *value)
{
    struct thread_stacks *thread = value;
    size_t in_use = count_in_use(&thread->stacks);

    if (!in_use) {
        give_back(thread);
        return;
    }
    /* The thread's loop may go after us, and with it tasks that hold generators. The last round is
     * left out: ThreadSanitizer ends its own account of the thread in it. */
    if (++thread->rounds < PTHREAD_DESTRUCTOR_ITERATIONS - 1 &&
        pthread_setspecific(at_thread_end, thread) == 0)
        return;
    coil__warn("a thread ended with %zu stacks of generators and fibers that nobody freed", in_use);
}

static void make_key(void)
{
    int rc = pthread_key_create(&at_thread_end, end_thread);
    ASSERT(rc == 0);
}

static NOINLINE bool make(void)
{
    void *memory;

    if (os_reserve(OS_PAGE, &memory) < 0)
        return false;
    mine = memory;
    stacks_init(&mine->stacks, STACKS_KEPT_DEFAULT);
    int rc = pthread_once(&once, make_key);
    ASSERT(rc == 0);
    /* Without memory for it the stacks live until the end of the process. */
    (void)pthread_setspecific(at_thread_end, mine);
    return true;
}

struct stack *thread_stack_take(int stack_class)
{
    if (unlikely(!mine) && !make())
        return NULL;
    return stack_take(&mine->stacks.pools[stack_class]);
}

bool thread_stacks_trim(void)
{
    if (!mine)
        return true;
    if (count_in_use(&mine->stacks))
        return false;
    (void)pthread_setspecific(at_thread_end, NULL);
    give_back(mine);
    return true;
}

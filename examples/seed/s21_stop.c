// SPDX-License-Identifier: MIT
/* Three tasks. Ctrl-C ends the run and leaves them as they are; closing the loop ends them. */
#include <coil/coil.h>

#include <stdio.h>

static void *work(void *arg)
{
    const int *id = arg;

    puts("Working...");
    int rc = coil_sleep(COIL_SEC(*id));
    if (rc < 0)
        return COIL_ERR(rc);
    printf("Work %d done\n", *id);
    return NULL;
}

int main(void)
{
    coil_loop *loop = coil_get_event_loop();
    int ids[] = {1, 2, 3};
    const coil_coro coroutines[] = {{work, &ids[0]}, {work, &ids[1]}, {work, &ids[2]}};
    COIL_AUTO coil_future *gather = coil_gather(coroutines, 3, 0);
    int rc = coil_run_until_complete(loop, gather, NULL);

    if (rc == -COIL_EINTERRUPTED) {
        coil_stop(loop); /* as in the seed; it cancels nothing */
        rc = 0;
    }
    coil_close(loop); /* this does: each task gets -ECANCELED, and ends */
    return rc < 0;
}

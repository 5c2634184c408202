// SPDX-License-Identifier: MIT
/*
 * communicate: the three streams of a child at once, each by a coroutine of its own, so that none
 * waits while another one's pipe is full. How far each has come is kept in the process: what ends
 * in the middle, by a cancellation or for want of memory, can be begun again and loses nothing.
 */
#include "base/alloc.h"
#include "host/process.h"
#include "task/task.h"

#include <coil/file.h>
#include <coil/group.h>

enum { OUTPUT_FIRST = 4096 };

struct talk {
    coil_process *process;
    const char *input;
    size_t n;
};

/* -ENOMEM: it is open still. */
static int close_end(coil_process *process, int which)
{
    int rc = coil_close_fd(process->ends[which]);

    if (rc == -ENOMEM)
        return rc;
    process->ends[which] = -1;
    return 0;
}

/* ---- in ------------------------------------------------------------------------------------- */

static int feed(const struct talk *talk)
{
    coil_process *process = talk->process;

    while (process->fed < talk->n) {
        ssize_t rc = coil_write(process->ends[COIL_STDIN], talk->input + process->fed,
                                talk->n - process->fed);
        if (rc == -EPIPE || rc == -ECONNRESET) /* it does not want the rest */
            rc = (ssize_t)(talk->n - process->fed);
        if (rc < 0)
            return (int)rc;
        process->fed += (size_t)rc;
    }
    return close_end(process, COIL_STDIN);
}

/* ---- out ------------------------------------------------------------------------------------ */

/* Room for one more byte at least, and for the NUL. */
static int output_grow(struct output *output)
{
    size_t capacity = output->capacity ? output->capacity * 2 : OUTPUT_FIRST;

    if (output->capacity - output->length > 1)
        return 0;
    char *data = coil__realloc(output->data, capacity);
    if (!data)
        return -ENOMEM;
    output->data = data;
    output->capacity = capacity;
    return 0;
}

static int collect(coil_process *process, int which)
{
    struct output *output = &process->outputs[which - COIL_STDOUT];
    ssize_t n;

    do {
        n = output_grow(output);
        if (n == 0)
            n = coil_read(process->ends[which], output->data + output->length,
                          output->capacity - output->length - 1);
        if (n < 0)
            return (int)n;
        output->length += (size_t)n;
    } while (n > 0);
    return close_end(process, which);
}

static void hand_over(struct output *output, void **data, size_t *length)
{
    if (output->data)
        output->data[output->length] = '\0';
    if (length)
        *length = output->length;
    if (data)
        *data = output->data;
    else
        coil__free(output->data);
    *output = (struct output){NULL, 0, 0};
}

/* ---- together ------------------------------------------------------------------------------- */

static void *feed_it(void *talk)
{
    return COIL_ERR(feed(talk));
}

static void *collect_errors(void *talk)
{
    return COIL_ERR(collect(((struct talk *)talk)->process, COIL_STDERR));
}

/* stdout is the body's own part, as it is most often the only one. */
static int talk_to(struct talk *talk)
{
    const coil_process *process = talk->process;
    coil_group group = COIL_GROUP_INIT;
    int rc = coil_group_enter(&group);

    if (rc < 0)
        return rc;
    if (process->ends[COIL_STDIN] >= 0)
        rc = err_code(coil_group_create_task(&group, feed_it, talk));
    if (rc == 0 && process->ends[COIL_STDERR] >= 0)
        rc = err_code(coil_group_create_task(&group, collect_errors, talk));
    if (rc == 0 && process->ends[COIL_STDOUT] >= 0)
        rc = collect(talk->process, COIL_STDOUT);
    rc = coil_group_exit(&group, rc);
    coil_group_fini(&group);
    return rc;
}

static int check(const coil_process *process, const void *input, size_t n)
{
    int rc = process_argument(process);

    if (rc < 0)
        return rc;
    if (!task_current())
        return -COIL_ENOLOOP;
    if (process->communicating || process->streams[COIL_STDIN] || process->streams[COIL_STDOUT] ||
        process->streams[COIL_STDERR])
        return -EBUSY;
    if (!n)
        return 0;
    return input && (process->ends[COIL_STDIN] >= 0 || process->fed) ? 0 : -EINVAL;
}

int coil_process_communicate(coil_process *process, const void *input, size_t n, void **out,
                             size_t *out_n, void **err, size_t *err_n)
{
    struct talk talk = {.process = process, .input = input, .n = n};
    int rc = check(process, input, n);

    if (rc < 0)
        return rc;
    (void)coil_process_ref(process);
    process->communicating = true;
    rc = talk_to(&talk);
    if (rc == 0)
        rc = coil_process_wait(process, NULL);
    process->communicating = false;
    if (rc == 0) {
        hand_over(&process->outputs[0], out, out_n);
        hand_over(&process->outputs[1], err, err_n);
        process->fed = 0;
    }
    coil_process_unref(process);
    return rc;
}

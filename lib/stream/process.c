// SPDX-License-Identifier: MIT
/* A child's pipes as streams: made when somebody asks for them, and kept by the process. */
#include "host/process.h"

#include <coil/stream.h>

/* The process goes, and who still holds the stream has nobody to talk with. */
static void drop(void *stream)
{
    coil_stream_abort(stream);
    coil_stream_unref(stream);
}

static coil_stream *stream_of(coil_process *process, int which)
{
    int rc = process_argument(process);

    if (rc < 0)
        return COIL_ERR(rc);
    if (process->streams[which])
        return process->streams[which];
    int fd = coil_process_descriptor(process, which);
    if (fd < 0)
        return COIL_ERR(fd);
    const coil_stream_options options = {
        .size = sizeof(options), .loop = process->ended->sched->loop, .limit = process->limit};
    coil_stream *stream = coil_stream_new(fd, &options);
    if (err_is(stream))
        return stream;
    process->ends[which] = -1;
    process->streams[which] = stream;
    process->drop_stream = drop;
    return stream;
}

coil_stream *coil_process_stdin(coil_process *process)
{
    return stream_of(process, COIL_STDIN);
}

coil_stream *coil_process_stdout(coil_process *process)
{
    return stream_of(process, COIL_STDOUT);
}

coil_stream *coil_process_stderr(coil_process *process)
{
    return stream_of(process, COIL_STDERR);
}

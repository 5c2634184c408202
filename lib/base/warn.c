// SPDX-License-Identifier: MIT
#include "base/warn.h"

#include <coil/base.h>

#include <stdarg.h>
#include <stdio.h>

static void to_stderr(const char *line, void *userdata)
{
    (void)userdata;
    fprintf(stderr, "coil: %s\n", line);
}

static coil_warning_fn sink = to_stderr;
static void *sink_userdata;

int coil_set_warning_sink(coil_warning_fn new_sink, void *userdata)
{
    sink = new_sink ? new_sink : to_stderr;
    sink_userdata = new_sink ? userdata : NULL;
    return 0;
}

void coil__warn(const char *format, ...)
{
    char line[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    sink(line, sink_userdata);
}

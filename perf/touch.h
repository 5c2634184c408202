/* SPDX-License-Identifier: MIT */
#ifndef PERF_TOUCH_H
#define PERF_TOUCH_H

#include <stddef.h>

/*
 * The floor below many stacks that are used for the first time: seconds that so many guards and
 * first touches of a page take, without any coil, in a process of their own. < 0: it failed.
 */
double touch_floor(size_t stacks);

#define TOUCH_SELF    "/proc/self/status"
#define TOUCH_MACHINE "/proc/meminfo"

/* The number that one of the kernel's files gives after a name ("VmRSS:"), in KiB. -1: not known.
 */
long touch_kib(const char *file, const char *name);

#endif

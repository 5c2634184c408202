// SPDX-License-Identifier: MIT
/*
 * The forms of the context switch that were compared, and the three settings in which they were:
 *
 *     same_site   two contexts, one body, one place where it switches
 *     four_deep   the same body, which switches four frames down and returns through them
 *     six_bodies  six bodies, each with frames of its own, at depths 0 to 5, in turn: what programs
 *                 with different tasks do, and what the form was chosen by
 */
#ifndef PERF_SWITCH_H
#define PERF_SWITCH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum switch_setting { SAME_SITE, FOUR_DEEP, SIX_BODIES, SWITCH_SETTINGS };

/* Switches about `count` times on stacks of its own; returns how often exactly, 0: no memory. */
typedef uint64_t (*switch_run_fn)(enum switch_setting setting, uint64_t count);

uint64_t switch_run_coil(enum switch_setting setting, uint64_t count);
uint64_t switch_run_ucontext(enum switch_setting setting, uint64_t count);
#if defined(__x86_64__)
uint64_t switch_run_ret(enum switch_setting setting, uint64_t count);
uint64_t switch_run_jmp(enum switch_setting setting, uint64_t count);
#endif

#ifdef __cplusplus
}
#endif

#endif

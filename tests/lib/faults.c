// SPDX-License-Identifier: MIT
#include "faults.h"

#include "base/fault.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#define ALL SIZE_MAX

static atomic_size_t met;
static size_t failing; /* 0: none; ALL: all of them */
static const char *only_point;
static bool walk;

static bool at_point(const char *point)
{
    if (only_point && strcmp(point, only_point) != 0)
        return false;
    size_t k = atomic_fetch_add(&met, 1) + 1;
    return k == failing || failing == ALL;
}

void faults_fail(size_t k, const char *only)
{
    atomic_store(&met, 0);
    failing = k;
    only_point = only;
    coil__fault_hook = at_point;
}

void faults_fail_all(const char *only)
{
    faults_fail(ALL, only);
}

size_t faults_met(void)
{
    return atomic_load(&met);
}

void faults_end(void)
{
    coil__fault_hook = NULL;
}

void faults_walk(bool walking)
{
    walk = walking;
}

bool faults_walking(void)
{
    return walk;
}

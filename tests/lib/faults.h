// SPDX-License-Identifier: MIT
/* Faults: the k-th fault point that is met says no. */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the k-th point fails, counted from 1; 0: none. With `only`, points of that name. */
void faults_fail(size_t k, const char *only);

/* From now on every point of that name fails. */
void faults_fail_all(const char *only);

/* How many points were met since. */
size_t faults_met(void);
void faults_end(void);

/* The walk: sets and tells that a test runs under it. */
void faults_walk(bool walking);
bool faults_walking(void);

#endif

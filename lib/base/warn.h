// SPDX-License-Identifier: MIT
/* Warnings: one line each, to the sink that the user may replace. */
#ifndef BASE_WARN_H
#define BASE_WARN_H

#include "base/macros.h"

void coil__warn(const char *format, ...) PRINTF_LIKE(1, 2);

#endif

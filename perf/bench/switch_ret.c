// SPDX-License-Identifier: MIT
#define RUN    switch_run_ret
#define SWITCH switch_by_ret
#include "switch_call.h"

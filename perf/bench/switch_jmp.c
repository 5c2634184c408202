// SPDX-License-Identifier: MIT
#define RUN    switch_run_jmp
#define SWITCH switch_by_jmp
#include "switch_call.h"

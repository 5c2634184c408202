// SPDX-License-Identifier: MIT
#define FORM   "jmp"
#define SWITCH switch_by_jmp
#include "switch_call.h"

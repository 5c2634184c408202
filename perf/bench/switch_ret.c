// SPDX-License-Identifier: MIT
#define FORM   "ret"
#define SWITCH switch_by_ret
#include "switch_call.h"

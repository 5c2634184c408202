// SPDX-License-Identifier: MIT
#include "base/fault.h"

fault_fn coil__fault_hook;

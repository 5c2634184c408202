// SPDX-License-Identifier: MIT
#include "base/poison.h"

#if COIL_VALGRIND && !WITH_ASAN
bool coil__on_valgrind;

__attribute__((constructor)) static void ask(void)
{
    coil__on_valgrind = RUNNING_ON_VALGRIND != 0;
}
#endif

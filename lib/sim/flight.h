// SPDX-License-Identifier: MIT
/* What the simulated engine does with operations. */
#ifndef SIM_FLIGHT_H
#define SIM_FLIGHT_H

#include "sim/sim.h"

int sim_submit(struct engine *engine, struct op *op);
void sim_cancel(struct engine *engine, struct op *op);

/* Sends what was submitted, then looks at what was cancelled. */
void sim_send(struct coil_sim *sim);

/* Gives the answers whose time has come. */
void sim_answer_due(struct coil_sim *sim);

/* Whether the kernel would write to memory that the operation names. */
bool sim_reads_memory(const struct op *op);

#endif

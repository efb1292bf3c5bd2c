#ifndef CMD_GATE_H
#define CMD_GATE_H

#include "cmd/cmd.h"
#include "core/gate.h"

/* What hooks and `check` share around struct gate. */

/* Parses the scripts that are brought; the target's engine says how. */
int gate_texts(struct cmd *cmd, struct gate *gate);
/* Adds what targets had when they were seen, of these versions. */
void gate_add_seen(struct cmd *cmd, struct gate *gate, const int64_t *versions,
		   size_t count);
void gate_add_other(struct cmd *cmd, struct gate *gate,
		    const struct gate_other *other);
/* Prints the findings. */
void gate_print(struct cmd *cmd, const struct gate *gate);
/* A day ahead of now: clocks and time zones differ. */
int64_t gate_latest(void);

#endif

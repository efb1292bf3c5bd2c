#ifndef CORE_RUN_RUNNER_INTERNAL_H
#define CORE_RUN_RUNNER_INTERNAL_H

#include "core/run/runner.h"

/* Between prepare.c and runner.c. */

/* Reads and checks the item's scripts unless the preparation kept them. */
int runner_load(TALLOC_CTX *mem, struct runner *runner, struct plan_item *item,
		struct error *err);

#endif

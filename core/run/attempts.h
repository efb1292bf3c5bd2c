#ifndef CORE_RUN_ATTEMPTS_H
#define CORE_RUN_ATTEMPTS_H

#include "core/run/facts.h"

/* The attempts of a run in its JSON; for facts.c. */
json_t *attempts_json(const struct facts *facts);
void attempts_from_json(struct facts *facts, const json_t *list);

#endif

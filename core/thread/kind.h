#ifndef CORE_THREAD_KIND_H
#define CORE_THREAD_KIND_H

#include <talloc.h>

#include "core/run/facts.h"
#include "core/sql/script.h"

/*
 * What kind of change a migration is, in the thread's words, with the actions
 * in brackets: "schema change (add column, drop column), index creation".
 * From the statements of the script, which say what an ALTER TABLE does; else
 * from those that ran; NULL when neither is there.
 */
char *kind_of_change(TALLOC_CTX *mem, const struct script *script,
		     const struct facts *facts);

#endif

#ifndef CMD_WOULD_H
#define CMD_WOULD_H

#include "cmd/cmd.h"

/* What a dry run shows. */

/* "CREATE INDEX users_email on users": kind, its own name, relations. */
char *statement_title(TALLOC_CTX *mem, const struct script *script, size_t n);

/* The item of a prepared plan with its statements, which are split first. */
int would_show(struct cmd *cmd, struct plan_item *item);
/* The same as an element of "would"; NULL on failure; new reference. */
json_t *would_json(struct cmd *cmd, struct plan_item *item);

#endif

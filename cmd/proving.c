#include "cmd/cmd.h"

#include <stdio.h>

#include "core/base/text.h"

/* What prove, derive and new share of proofs. */

int cmd_check_scratch(struct cmd *cmd)
{
	if (cmd_may_scratch(cmd))
		return 0;
	error_set(&cmd->err, ERROR_REFUSED,
		  "target '%s' is protected: no scratch database is made on "
		  "its server",
		  cmd_target_name(cmd));
	return error_hint(&cmd->err, "name another server: "
				     "git config migrate.scratchUrl URL");
}

static char *add_note(TALLOC_CTX *mem, const char *old, void *data)
{
	return proof_note(mem, old, data);
}

int cmd_keep_proofs(struct cmd *cmd, struct proof **proofs, size_t count)
{
	struct note_edit *edits = talloc_array(cmd->mem, struct note_edit,
					       (unsigned)count + 1);

	for (size_t i = 0; i < count; i++)
		edits[i] = (struct note_edit){ proofs[i]->up_blob, proofs[i] };
	return notes_edit_all(cmd->repo, PROOFS_REF, edits, count,
			      "Notes added by 'git migrate prove'", add_note,
			      &cmd->err);
}

static void print_definition(const struct cmd *cmd, const char *label,
			     const char *definition)
{
	printf("      %s %s\n", label,
	       definition ? text_visible(cmd->mem, definition, false)
			  : "(not there)");
}

void show_proof(const struct cmd *cmd, const struct proof *proof)
{
	char version[VERSION_LENGTH + 1];
	bool good = proof->outcome == PROOF_PROVEN;

	printf("%s%s%s %s_%s", color(cmd, good ? "\033[32m" : "\033[31m"),
	       proof_outcome_name(proof->outcome), color(cmd, "\033[m"),
	       version_format(proof->version, version),
	       text_visible(cmd->mem, proof->name, false));
	if (proof->up_ms >= 0)
		printf("  up %s", text_duration(cmd->mem, proof->up_ms));
	if (proof->down_ms >= 0)
		printf("  down %s", text_duration(cmd->mem, proof->down_ms));
	putchar('\n');
	for (size_t i = 0; i < proof->difference_count; i++) {
		const struct proof_difference *d = &proof->differences[i];

		cmd_line("  after %s: %s %s %s", d->stage, d->kind, d->name,
			 d->order_only	? "is at another place (allowed)"
			 : !d->found	? "is missing"
			 : !d->expected ? "is left over"
					: "differs");
		if (d->order_only)
			continue;
		print_definition(cmd, "expected", d->expected);
		print_definition(cmd, "found   ", d->found);
	}
	if (proof->error)
		printf("  %s%s%s\n",
		       proof->error_place
			       ? text_visible(cmd->mem, proof->error_place,
					      false)
			       : "",
		       proof->error_place ? ": " : "",
		       text_visible(cmd->mem, proof->error, true));
}

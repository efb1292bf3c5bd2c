#include "cmd/cmd.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

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

static void show_differences(const struct cmd *cmd,
			     const struct proof_difference *list, size_t count)
{
	for (size_t i = 0; list && i < count; i++) {
		const struct proof_difference *d = &list[i];

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
}

static void show_error(const struct cmd *cmd, const char *place,
		       const char *error)
{
	if (error)
		printf("  %s%s%s\n",
		       place ? text_visible(cmd->mem, place, false) : "",
		       place ? ": " : "", text_visible(cmd->mem, error, true));
}

/* On standard output, as they are to be copied. */
static void show_repairs(const struct cmd *cmd, const struct proof *proof)
{
	if (!proof->repair_count)
		return;
	cmd_line("  to mend this, add to the down script:");
	for (size_t i = 0; i < proof->repair_count; i++) {
		char *text = text_visible(cmd->mem, proof->repairs[i], true);

		for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
			printf("      %s\n", line);
	}
}

static void show_lock(const struct cmd *cmd, const char *direction,
		      const struct timing_lock *l)
{
	char *held = text_duration(cmd->mem, l->held_ms);

	if (l->table && l->expected_ms < 0)
		cmd_line("  %s: %s on %s held %s: %s", direction, l->mode,
			 l->relation, held,
			 timing_table_text(cmd->mem, l->table));
	else if (l->table)
		cmd_line("  %s: %s on %s held %s, expected on '%s' %s, %s",
			 direction, l->mode, l->relation, held,
			 cmd_target_name(cmd),
			 text_duration(cmd->mem, l->expected_ms),
			 timing_table_text(cmd->mem, l->table));
	else if (cmd->verbose)
		cmd_line("  %s: %s on %s held %s", direction, l->mode,
			 l->relation, held);
}

/* What will take longer on the target; with -v all that was measured. */
static void show_timing(const struct cmd *cmd, const struct proof *proof)
{
	for (int d = 0; d < 2; d++) {
		const struct timing *t = proof->timing[d];
		const char *direction = direction_name((enum direction)d);
		bool told = false;

		for (size_t i = 0; t && i < t->lock_count; i++) {
			show_lock(cmd, direction, &t->locks[i]);
			told |= t->locks[i].table != NULL;
		}
		if (!t || told || !t->table)
			continue;
		if (t->expected_ms < 0)
			cmd_line("  %s: %s", direction,
				 timing_table_text(cmd->mem, t->table));
		else
			cmd_line("  %s: expected on '%s' %s, %s", direction,
				 cmd_target_name(cmd),
				 text_duration(cmd->mem, t->expected_ms),
				 timing_table_text(cmd->mem, t->table));
	}
}

/* --- rows ----------------------------------------------------------------- */

/* "  on 20 generated rows" behind the durations. */
static void show_source(const struct cmd *cmd, const struct proof_data *data)
{
	int64_t rows = 0;

	for (size_t i = 0; i < data->table_count; i++)
		rows += data->tables[i].rows;
	if (!data->at || !rows)
		return;
	if (!strcmp(data->source, "generated"))
		printf("  on %s generated row%s",
		       text_thousands(cmd->mem, rows), rows == 1 ? "" : "s");
	else
		printf("  on %s row%s of the %s",
		       text_thousands(cmd->mem, rows), rows == 1 ? "" : "s",
		       !strcmp(data->source, "sample") ? "target"
						       : data->source);
}

static void show_data(const struct proof_data *data)
{
	bool made = strcmp(data->source, "sample") != 0 &&
		    strcmp(data->source, "backup") != 0;

	if (data->refused) {
		cmd_line("  proven on empty tables: the up script did not take "
			 "the rows that were made up (%s)",
			 data->refused);
		return;
	}
	for (size_t i = 0; i < data->table_count; i++) {
		const struct proof_table *t = &data->tables[i];

		if (t->rows)
			continue;
		if (made)
			cmd_line("  no rows could be made for: %s (%s)",
				 t->name, t->reason);
		else
			cmd_line("  no rows of %s: %s", t->name, t->reason);
	}
}

static void show_rows(const struct cmd *cmd, const struct proof *proof)
{
	for (size_t i = 0; i < proof->row_difference_count; i++) {
		const struct proof_row_difference *d =
			&proof->row_differences[i];
		const char *text = row_difference_text(cmd->mem, d);

		if (d->declared)
			cmd_line("  after %s: %s, as declared: %s", d->stage,
				 text, d->declared);
		else
			cmd_line("  after %s: %s%s", d->stage, text,
				 d->unsteady ? ", as it is each time (allowed)"
					     : "");
	}
}

/* A name as a data-loss line takes it: in backquotes where a word would end in
   its middle. */
static char *in_line(const struct cmd *cmd, const char *name)
{
	const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
	char *shown = text_visible(cmd->mem, last, false);

	for (const char *c = shown; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_' && !(*c & 0x80))
			return talloc_asprintf(cmd->mem, "`%s`", shown);
	return shown;
}

/* What a person writes who means it. */
void hint_loss(const struct cmd *cmd, const struct proof *proof)
{
	for (size_t i = 0; i < proof->row_difference_count; i++) {
		const struct proof_row_difference *d =
			&proof->row_differences[i];

		if (!row_difference_counts(d))
			continue;
		cmd_hint(cmd,
			 "if that loss is meant, say so in the script that "
			 "brings it: -- migrate: data-loss \"%s%s%s is lost\"",
			 in_line(cmd, d->table), d->column ? "." : "",
			 d->column ? in_line(cmd, d->column) : "");
		return;
	}
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
	show_source(cmd, &proof->data);
	putchar('\n');
	show_differences(cmd, proof->differences, proof->difference_count);
	show_rows(cmd, proof);
	show_data(&proof->data);
	show_error(cmd, proof->error_place, proof->error);
	show_repairs(cmd, proof);
	show_timing(cmd, proof);
	for (size_t i = 0; i < proof->finding_count; i++)
		cmd_line("  %s: %s", proof->findings[i].severity,
			 proof->findings[i].message);
}

static void show_unwind_step(const struct cmd *cmd, const struct unwind_step *s)
{
	char version[VERSION_LENGTH + 1];

	cmd_line("%s %s_%s%s%s%s", direction_name(s->direction),
		 version_format(s->version, version), s->name,
		 s->error ? " failed" : " does not restore",
		 s->cause ? ", because of " : "", s->cause ? s->cause : "");
	show_differences(cmd, s->differences, s->difference_count);
	show_error(cmd, s->place, s->error);
}

void show_unwind(const struct cmd *cmd, const struct unwind *u)
{
	bool good = u->outcome <= UNWIND_STOPPED;
	char version[VERSION_LENGTH + 1];

	printf("%s%s%s the unwind of %zu of %zu, down to %s and up again\n",
	       color(cmd, good ? "\033[32m" : "\033[31m"),
	       u->outcome == UNWIND_RESTORED  ? "proven"
	       : u->outcome == UNWIND_STOPPED ? "stopped"
					      : unwind_outcome_name(u->outcome),
	       color(cmd, "\033[m"), u->reverted, u->total,
	       version_format(u->oldest, version));
	if (u->stopped_at)
		cmd_line("  it ends at %s, which is irreversible: %s",
			 u->stopped_at, u->why);
	for (size_t i = 0; i < u->step_count; i++)
		show_unwind_step(cmd, &u->steps[i]);
}

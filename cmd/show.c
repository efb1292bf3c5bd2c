#include "cmd/cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/report/phrases.h"

static char *rows_text(TALLOC_CTX *mem, int64_t rows, bool estimated)
{
	char *number;

	if (rows < 0)
		return talloc_strdup(mem, "none");
	number = text_thousands(mem, rows);
	return estimated ? talloc_asprintf(mem, "~%s", number) : number;
}

static void show_tables(TALLOC_CTX *mem, const struct facts *facts)
{
	for (size_t i = 0; i < facts->table_count; i++) {
		const struct fact_table *t = &facts->tables[i];
		char *before, *after;

		if (t->rows_before < 0 && t->rows_after < 0)
			continue;
		before = rows_text(mem, t->rows_before, t->estimated);
		after = rows_text(mem, t->rows_after, t->estimated);
		printf("  rows   %s %s", text_visible(mem, t->name, false),
		       before);
		if (t->rows_before != t->rows_after)
			printf(" -> %s", after);
		putchar('\n');
	}
}

static void show_effects(TALLOC_CTX *mem, const struct fact_statement *s)
{
	const char *how = phrase_statement(mem, s);

	if (*how)
		printf("         %s\n", text_visible(mem, how, false));
	for (size_t i = 0; i < s->effect_count; i++)
		printf("         %s: %s\n",
		       text_visible(mem, s->effects[i].relation, false),
		       phrase_effect(mem, &s->effects[i]));
}

static void show_statements(TALLOC_CTX *mem, const struct facts *facts)
{
	for (size_t i = 0; i < facts->statement_count; i++) {
		const struct fact_statement *s = &facts->statements[i];

		printf("  %-6d %s", s->index, s->kind);
		for (size_t k = 0; k < s->relation_count; k++)
			printf("%s%s", k ? ", " : " ",
			       text_visible(mem, s->relations[k], false));
		printf("  %s", text_duration(mem, s->duration_ms));
		if (s->rows >= 0)
			printf("  %s row%s", text_thousands(mem, s->rows),
			       s->rows == 1 ? "" : "s");
		if (s->batched)
			printf("  %d batch%s", s->batches,
			       s->batches == 1 ? "" : "es");
		putchar('\n');
		show_effects(mem, s);
	}
}

/* What one relation was put through, by all statements together. */
struct burden {
	bool rewritten, scanned;
	int64_t rows_scanned;
};

static struct burden burden_of(const struct facts *facts, const char *relation)
{
	struct burden b = { 0 };

	for (size_t i = 0; i < facts->statement_count; i++) {
		const struct fact_statement *s = &facts->statements[i];

		for (size_t k = 0; k < s->effect_count; k++) {
			const struct fact_effect *e = &s->effects[k];

			if (strcmp(e->relation, relation) != 0)
				continue;
			b.rewritten |= e->rewritten;
			b.scanned |= e->scans > 0;
			b.rows_scanned += e->rows_scanned;
		}
	}
	return b;
}

/* One line for the tables that were there before and were rewritten, which
   also reads them, or read from start to end. */
static void show_heavy(TALLOC_CTX *mem, const struct facts *facts)
{
	char *line = talloc_strdup(mem, "");

	for (size_t i = 0; i < facts->table_count; i++) {
		const char *name = facts->tables[i].name;
		struct burden b = burden_of(facts, name);
		const char *shown = text_visible(mem, name, false);

		if (!is_old_table(facts, name))
			continue;
		if (b.rewritten)
			line = talloc_asprintf_append(line, "%srewrote %s",
						      *line ? ", " : "", shown);
		else if (b.scanned)
			line = talloc_asprintf_append(
				line, "%sread all of %s (%s row%s)",
				*line ? ", " : "", shown,
				text_thousands(mem, b.rows_scanned),
				b.rows_scanned == 1 ? "" : "s");
	}
	if (*line)
		printf("  %s\n", line);
}

/* Who was in the way first, of all attempts. */
static const struct fact_blocker *first_blocker(const struct facts *facts)
{
	for (size_t i = 0; i < facts->attempt_count; i++)
		if (facts->attempts[i].blocker_count)
			return facts->attempts[i].blockers;
	return NULL;
}

static void show_waiting(TALLOC_CTX *mem, const struct facts *facts)
{
	const struct fact_blocker *b = first_blocker(facts);
	int count = facts->attempts[facts->attempt_count - 1].number;
	double waited = 0;

	for (size_t i = 0; i < facts->attempt_count; i++)
		waited += facts->attempts[i].waited_ms;
	printf("  waited %s, %d attempt%s", text_duration(mem, waited), count,
	       count == 1 ? "" : "s");
	if (b)
		printf(", for %s%s%s", fact_blocker_text(mem, b),
		       b->relation ? " on " : "",
		       b->relation ? text_visible(mem, b->relation, false)
				   : "");
	putchar('\n');
}

static void show_attempts(TALLOC_CTX *mem, const struct facts *facts)
{
	for (size_t i = 0; i < facts->attempt_count; i++) {
		const struct fact_attempt *a = &facts->attempts[i];

		printf("  try %-4d %s, waited %s", a->number,
		       text_visible(mem, a->outcome, false),
		       text_duration(mem, a->waited_ms));
		if (a->timeout_ms)
			printf(", lock time-out %s",
			       text_duration(mem, a->timeout_ms));
		putchar('\n');
		for (size_t k = 0; k < a->blocker_count; k++)
			printf("    %s\n",
			       fact_blocker_line(mem, &a->blockers[k]));
	}
}

static void show_way(const struct cmd *cmd, TALLOC_CTX *mem,
		     const struct facts *facts)
{
	if (!facts->attempt_count)
		return;
	show_waiting(mem, facts);
	if (cmd->verbose)
		show_attempts(mem, facts);
}

static void show_confirmed(TALLOC_CTX *mem, const struct facts *facts)
{
	if (facts->confirmed_by)
		printf("  confirmed by %s\n",
		       text_visible(mem, facts->confirmed_by, false));
}

static void show_observed(const struct cmd *cmd, TALLOC_CTX *mem,
			  const struct facts *facts)
{
	char *kept = phrase_kept_waiting(mem, facts);

	if (cmd->verbose)
		show_statements(mem, facts);
	else
		show_heavy(mem, facts);
	if (kept)
		printf("  %s\n", kept);
	if (cmd->verbose)
		show_locks(mem, facts);
}

static const char *past_tense(const struct facts *facts)
{
	return facts->direction == DIRECTION_UP ? "applied" : "reverted";
}

void show_run(const struct cmd *cmd, const struct facts *facts)
{
	char version[VERSION_LENGTH + 1];
	const struct fact_lock *lock = headline_lock(facts);
	TALLOC_CTX *mem = talloc_new(NULL);

	printf("%s%s%s %s_%s  %s", color(cmd, "\033[32m"), past_tense(facts),
	       color(cmd, "\033[m"), version_format(facts->version, version),
	       text_visible(mem, facts->name, false),
	       text_duration(mem, facts->duration_ms));
	if (lock)
		printf("  %s on %s held %s", lock->mode,
		       text_visible(mem, lock->relation, false),
		       text_duration(mem, lock->held_ms));
	putchar('\n');
	show_confirmed(mem, facts);
	show_way(cmd, mem, facts);
	show_tables(mem, facts);
	show_observed(cmd, mem, facts);
	talloc_free(mem);
	fflush(stdout);
}

void show_failed_run(const struct cmd *cmd, const struct facts *facts)
{
	char version[VERSION_LENGTH + 1];
	TALLOC_CTX *mem = talloc_new(NULL);

	printf("%s%s%s  %s_%s (%s)  %s\n", color(cmd, "\033[31m"),
	       facts->unknown ? "unknown" : "failed", color(cmd, "\033[m"),
	       version_format(facts->version, version),
	       text_visible(mem, facts->name, false),
	       direction_name(facts->direction),
	       text_duration(mem, facts->duration_ms));
	show_confirmed(mem, facts);
	show_way(cmd, mem, facts);
	show_observed(cmd, mem, facts);
	talloc_free(mem);
	fflush(stdout);
}

json_t *runs_json(struct facts *const *runs, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, facts_json(runs[i]));
	return json_pack("{s:o}", "runs", list);
}

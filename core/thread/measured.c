#include "core/thread/measured.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/db/db.h"
#include "core/report/phrases.h"
#include "core/thread/kind.h"
#include "core/thread/markdown.h"

#define MAX_TABLES 20
#define MAX_LOCKS 5
#define MAX_GAPS 3

static bool was_measured(const struct comment_input *in)
{
	return in->up && !facts_tell_nothing(in->up);
}

const char *measured_engine(const char *engine)
{
	static const char *const names[][2] = {
		{ "postgresql", "PostgreSQL" },
		{ "sqlite", "SQLite" },
		{ "mariadb", "MariaDB" },
		{ "mysql", "MySQL" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(engine, names[i][0]))
			return names[i][1];
	return engine;
}

/* "a, b and 3 more": the separator before item number i. */
static char *join(char *out, size_t i, const char *item)
{
	return talloc_asprintf_append_buffer(out, "%s%s", i ? ", " : "", item);
}

static char *add_rest(char *out, size_t count, size_t shown)
{
	if (count <= shown)
		return out;
	return talloc_asprintf_append_buffer(out, " and %zu more",
					     count - shown);
}

char *measured_type(TALLOC_CTX *mem, const struct comment_input *in)
{
	char *type = kind_of_change(mem, in->up_script, in->up);

	return type ? type : talloc_strdup(mem, NOT_MEASURED);
}

/* --- tables and rows ----------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct fact_table *)a)->name,
		      ((const struct fact_table *)b)->name);
}

/* The tables, sorted by name; a copy that only borrows the names. */
static struct fact_table *sorted_tables(TALLOC_CTX *mem,
					const struct facts *facts)
{
	struct fact_table *t = talloc_array(mem, struct fact_table,
					    (unsigned)facts->table_count);

	memcpy(t, facts->tables, facts->table_count * sizeof(*t));
	qsort(t, facts->table_count, sizeof(*t), by_name);
	return t;
}

/* The relations that the script names, for a migration that was never run. */
static char *script_relations(TALLOC_CTX *mem, const struct script *script)
{
	char *out = talloc_strdup(mem, "");
	const char *seen[MAX_TABLES];
	size_t count = 0;

	for (size_t i = 0; i < script->statement_count; i++) {
		const struct statement *s = &script->statements[i];

		for (size_t j = 0; j < s->relation_count; j++) {
			size_t k = 0;

			while (k < count && strcmp(seen[k], s->relations[j]))
				k++;
			if (k < count || count == MAX_TABLES)
				continue;
			seen[count] = s->relations[j];
			out = join(out, count++,
				   markdown_code(mem, s->relations[j]));
		}
	}
	return *out ? out : talloc_strdup(mem, "none named in the script");
}

char *measured_tables(TALLOC_CTX *mem, const struct comment_input *in)
{
	struct fact_table *tables;
	char *out;

	if (!was_measured(in) && in->up_script)
		return script_relations(mem, in->up_script);
	if (!was_measured(in))
		return talloc_strdup(mem, NOT_MEASURED);
	if (!in->up->table_count)
		return talloc_strdup(mem, "none");
	out = talloc_strdup(mem, "");
	tables = sorted_tables(mem, in->up);
	for (size_t i = 0; i < in->up->table_count && i < MAX_TABLES; i++)
		out = join(out, i, markdown_code(mem, tables[i].name));
	return add_rest(out, in->up->table_count, MAX_TABLES);
}

static char *rows(TALLOC_CTX *mem, int64_t n, bool estimated)
{
	return talloc_asprintf(mem, "%s%s row%s", estimated ? "~" : "",
			       text_thousands(mem, n), n == 1 ? "" : "s");
}

static char *table_rows(TALLOC_CTX *mem, const struct fact_table *t)
{
	int64_t before = t->rows_before, after = t->rows_after;

	if (before < 0 && after < 0)
		return talloc_strdup(mem, NOT_MEASURED);
	if (before < 0)
		return talloc_asprintf(mem, "new, %s",
				       rows(mem, after, t->estimated));
	if (after < 0)
		return talloc_asprintf(mem, "%s before, gone after",
				       rows(mem, before, t->estimated));
	if (before == after)
		return rows(mem, after, t->estimated);
	return talloc_asprintf(mem, "%s%s → %s", t->estimated ? "~" : "",
			       text_thousands(mem, before),
			       rows(mem, after, t->estimated));
}

char *measured_rows(TALLOC_CTX *mem, const struct comment_input *in)
{
	struct fact_table *tables;
	char *out;

	if (!was_measured(in))
		return talloc_strdup(mem, NOT_MEASURED);
	if (!in->up->table_count)
		return talloc_strdup(mem, "no table touched");
	out = talloc_strdup(mem, "");
	tables = sorted_tables(mem, in->up);
	for (size_t i = 0; i < in->up->table_count && i < MAX_TABLES; i++)
		out = talloc_asprintf_append_buffer(
			out, "%s%s: %s", i ? "; " : "",
			markdown_code(mem, tables[i].name),
			table_rows(mem, &tables[i]));
	return add_rest(out, in->up->table_count, MAX_TABLES);
}

char *measured_volume(TALLOC_CTX *mem, const struct comment_input *in)
{
	int64_t affected = 0, there = 0;
	bool any = false, estimated = false, counted = false;
	char *out;

	if (!was_measured(in))
		return talloc_strdup(mem, NOT_MEASURED);
	for (size_t i = 0; i < in->up->statement_count; i++) {
		if (in->up->statements[i].rows < 0)
			continue;
		affected += in->up->statements[i].rows;
		any = true;
	}
	for (size_t i = 0; i < in->up->table_count; i++) {
		const struct fact_table *t = &in->up->tables[i];
		int64_t n = t->rows_after < 0 ? t->rows_before : t->rows_after;

		if (n < 0)
			continue;
		there += n;
		counted = true;
		estimated = estimated || t->estimated;
	}
	out = any ? talloc_asprintf(mem, "%s affected",
				    rows(mem, affected, false))
		  : talloc_strdup(mem, "no statement reported rows");
	if (!counted)
		return out;
	return talloc_asprintf_append(out, ", %s in the tables touched",
				      rows(mem, there, estimated));
}

/* --- locks --------------------------------------------------------------- */

struct weighed {
	const struct fact_lock *lock;
	const struct facts *facts;
};

static int by_weight(const void *a, const void *b)
{
	const struct weighed *one = a, *two = b;
	int order = lock_order(one->facts, one->lock, two->lock);

	if (!order)
		order = strcmp(one->lock->relation, two->lock->relation);
	return order ? order : strcmp(one->lock->mode, two->lock->mode);
}

/* NULL when there is none. */
static struct weighed *sorted_locks(TALLOC_CTX *mem, const struct facts *facts)
{
	struct weighed *w;

	if (!facts->lock_count)
		return NULL;
	w = talloc_array(mem, struct weighed, (unsigned)facts->lock_count);
	for (size_t i = 0; i < facts->lock_count; i++)
		w[i] = (struct weighed){ &facts->locks[i], facts };
	qsort(w, facts->lock_count, sizeof(*w), by_weight);
	return w;
}

static bool is_outside_transaction(const struct script *s)
{
	return s->no_transaction ||
	       script_directive(s, DIRECTIVE_NO_TRANSACTION);
}

/* Locks are looked at within a transaction; outside one they are gone. */
static char *no_locks(TALLOC_CTX *mem, const struct comment_input *in)
{
	if (!was_measured(in) || !in->up_script)
		return talloc_strdup(mem, NOT_MEASURED);
	if (is_outside_transaction(in->up_script))
		return talloc_strdup(mem,
				     NOT_MEASURED " (not in a transaction)");
	return talloc_strdup(mem, "no lock observed");
}

static char *held(TALLOC_CTX *mem, const struct fact_lock *l)
{
	return l->held_ms < 0 ? talloc_strdup(mem, NOT_MEASURED)
			      : text_duration(mem, l->held_ms);
}

/* Which lock it is, and what goes with it as far as that was measured. */
static char *lock_place(TALLOC_CTX *mem, const struct fact_lock *l)
{
	const char *least = phrase_least(mem, l), *done = phrase_done(l);
	char *out = talloc_asprintf(mem, "%s on %s",
				    markdown_code(mem, l->mode),
				    markdown_code(mem, l->relation));

	if (least)
		out = talloc_asprintf_append(out, ", %s", least);
	if (l->waited_ms > 0)
		out = talloc_asprintf_append(out, ", waited %s",
					     phrase_waited(mem, l));
	if (*done)
		out = talloc_asprintf_append(out, ", %s", done);
	return out;
}

char *measured_locks(TALLOC_CTX *mem, const struct comment_input *in)
{
	struct weighed *w = in->up ? sorted_locks(mem, in->up) : NULL;
	char *out;

	if (!w)
		return no_locks(mem, in);
	out = talloc_asprintf(mem, "%s (%s)", held(mem, w->lock),
			      lock_place(mem, w->lock));
	for (size_t i = 1; i < in->up->lock_count && i < MAX_LOCKS; i++)
		out = talloc_asprintf_append_buffer(
			out, "; %s%s (%s)", i == 1 ? "also " : "",
			held(mem, w[i].lock), lock_place(mem, w[i].lock));
	return add_rest(out, in->up->lock_count, MAX_LOCKS);
}

static char *add_waiting(TALLOC_CTX *mem, char *out, const struct facts *facts)
{
	const char *kept = phrase_kept_waiting(mem, facts);

	if (kept)
		out = talloc_asprintf_append(out, "; %s", kept);
	for (size_t i = 0; i < facts->gap_count && i < MAX_GAPS; i++)
		out = talloc_asprintf_append(
			out, "%s%s", i ? ", " : "; not seen: ",
			markdown_line(mem, facts->gaps[i]));
	if (facts->gap_count)
		out = add_rest(out, facts->gap_count, MAX_GAPS);
	return out;
}

char *measured_lock_duration(TALLOC_CTX *mem, const struct comment_input *in)
{
	const struct fact_lock *l = in->up ? headline_lock(in->up) : NULL;
	char *out = l ? held(mem, l) : no_locks(mem, in);

	if (l && l->waited_ms < 0)
		out = talloc_strdup_append(out, ", wait for it " NOT_MEASURED);
	else if (l && l->waited_ms > 0)
		out = talloc_asprintf_append(out, ", waited %s for it",
					     phrase_waited(mem, l));
	return in->up ? add_waiting(mem, out, in->up) : out;
}

/* --- durations ----------------------------------------------------------- */

char *measured_duration(TALLOC_CTX *mem, const struct comment_input *in)
{
	char *took;

	if (!in->up)
		return talloc_strdup(mem, NOT_MEASURED);
	took = text_duration(mem, in->up->duration_ms);
	return talloc_asprintf(
		mem, "%s%s (%s on %s)", took,
		in->up->ok ? "" : ", then it failed",
		markdown_code(mem, in->target),
		markdown_line(mem, talloc_asprintf(mem, "%s %s",
						   measured_engine(in->engine),
						   in->server_version)));
}

/* --- the proof ----------------------------------------------------------- */

static char *scratch(TALLOC_CTX *mem, const struct proof *p)
{
	return talloc_asprintf(mem, "%s %d",
			       markdown_line(mem, measured_engine(p->engine)),
			       p->major);
}

static size_t real_differences(const struct proof *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->difference_count; i++)
		n += !p->differences[i].order_only;
	return n;
}

/* What is not as before: objects, and columns or rows of tables. */
static size_t all_differences(const struct proof *p)
{
	size_t n = real_differences(p);

	for (size_t i = 0; i < p->row_difference_count; i++)
		n += row_difference_counts(&p->row_differences[i]);
	return n;
}

/* ", on 10 generated rows, with what is declared as lost" */
static char *on_rows(TALLOC_CTX *mem, const struct proof *p)
{
	bool declared = false;
	int64_t rows = 0;
	char *text;

	for (size_t i = 0; i < p->data.table_count; i++)
		rows += p->data.tables[i].rows;
	for (size_t i = 0; i < p->row_difference_count; i++)
		declared |= p->row_differences[i].declared != NULL;
	if (!p->data.source || !p->data.at || !rows)
		return talloc_strdup(mem, "");
	if (!strcmp(p->data.source, "generated"))
		text = talloc_asprintf(mem, ", on %s generated row%s",
				       text_thousands(mem, rows),
				       rows == 1 ? "" : "s");
	else
		text = talloc_asprintf(
			mem, ", on %s row%s of %s%s", text_thousands(mem, rows),
			rows == 1 ? "" : "s",
			!strcmp(p->data.source, "migrations") ? "earlier "
							      : "a ",
			markdown_line(mem, p->data.source));
	return declared ? talloc_strdup_append(
				  text, ", with what is declared as lost")
			: text;
}

char *measured_scripts(TALLOC_CTX *mem, const struct comment_input *in)
{
	if (!in->up_blob || !in->down_blob)
		return talloc_strdup(mem, "");
	return talloc_asprintf(mem, "; scripts `%.10s` and `%.10s`",
			       in->up_blob, in->down_blob);
}

static char *why_not_proven(TALLOC_CTX *mem, const struct comment_input *in)
{
	const struct proof *p = in->proof;
	const struct directive *d =
		in->down_script ? script_directive(in->down_script,
						   DIRECTIVE_IRREVERSIBLE)
				: NULL;
	size_t n = p ? all_differences(p) : 0;
	char digits[VERSION_LENGTH + 1];

	if (d)
		return talloc_asprintf(mem, "irreversible: %s",
				       d->text ? markdown_line(mem, d->text)
					       : "no reason");
	if (p && p->outcome == PROOF_IRREVERSIBLE)
		return talloc_strdup(mem, "irreversible");
	if (p && p->outcome == PROOF_DIFFERS)
		return talloc_asprintf(mem,
				       "%zu difference%s remain%s after the "
				       "rollback on a scratch %s",
				       n, n == 1 ? "" : "s", n == 1 ? "s" : "",
				       scratch(mem, p));
	if (p && p->outcome == PROOF_FAILED)
		return talloc_asprintf(mem, "a script failed on a scratch %s",
				       scratch(mem, p));
	return talloc_asprintf(mem, "not proven; `git migrate prove %s` does%s",
			       version_format(in->version, digits),
			       measured_scripts(mem, in));
}

char *measured_rollback(TALLOC_CTX *mem, const struct comment_input *in)
{
	const struct proof *p = in->proof;
	char digits[VERSION_LENGTH + 1];

	if (in->proof_state == PROOF_VALID && p && p->outcome == PROOF_PROVEN)
		return talloc_asprintf(
			mem,
			"YES (`git migrate prove` on a scratch %s, %s%s%s)",
			scratch(mem, p), markdown_line(mem, p->at),
			on_rows(mem, p), measured_scripts(mem, in));
	if (in->proof_state == PROOF_STALE)
		return talloc_asprintf(
			mem,
			"STALE (proven %s for other scripts, another history "
			"or server; `git migrate prove %s` does it again)",
			p ? markdown_line(mem, p->at) : "before",
			version_format(in->version, digits));
	return talloc_asprintf(mem, "NO (%s)", why_not_proven(mem, in));
}

static char *step(TALLOC_CTX *mem, const char *name, double ms)
{
	return ms < 0 ? talloc_asprintf(mem, "%s did not run", name)
		      : talloc_asprintf(mem, "%s %s", name,
					text_duration(mem, ms));
}

char *measured_testing(TALLOC_CTX *mem, const struct comment_input *in)
{
	const struct proof *p = in->proof;
	size_t real;
	char *found;

	if (!p || p->outcome == PROOF_IRREVERSIBLE)
		return talloc_strdup(mem, "rollback not tested");
	real = all_differences(p);
	if (p->outcome == PROOF_FAILED)
		found = talloc_strdup(mem, "a script failed");
	else if (real)
		found = talloc_asprintf(mem, "%zu difference%s", real,
					real == 1 ? "" : "s");
	else
		found = talloc_asprintf(
			mem, "no difference%s",
			p->difference_count ? " but the order of columns" : "");
	return talloc_asprintf(
		mem, "%s, %s, %s on a scratch %s: %s%s",
		step(mem, "up", p->up_ms), step(mem, "down", p->down_ms),
		step(mem, "up again", p->again_ms), scratch(mem, p), found,
		in->proof_state == PROOF_STALE ? " (stale)" : "");
}

/* --- the scripts --------------------------------------------------------- */

/* Why there is no transaction around the whole script. */
static const char *reason_outside(const struct comment_input *in)
{
	const struct script *s = in->up_script;
	const struct db_engine *engine = db_engine_named(in->engine);

	if (script_directive(s, DIRECTIVE_NO_TRANSACTION))
		return "the script asks for it";
	for (size_t i = 0; i < s->statement_count; i++)
		if (s->statements[i].batch)
			return "each batch is committed by itself";
	return engine && !(engine->capabilities & DB_TRANSACTIONAL_DDL)
		       ? "the server commits each change of the schema by "
			 "itself"
		       : "a statement refuses to be in one";
}

char *measured_transaction(TALLOC_CTX *mem, const struct comment_input *in)
{
	const struct script *s = in->up_script;

	if (!s)
		return talloc_strdup(mem, NOT_MEASURED);
	if (!is_outside_transaction(s))
		return talloc_strdup(mem, "the whole script and its record in "
					  "one transaction");
	return talloc_asprintf(
		mem, "none (%s); %s, progress recorded", reason_outside(in),
		s->statement_count == 1
			? "the statement by itself"
			: talloc_asprintf(mem, "%zu statements one by one",
					  s->statement_count));
}

static char *add_losses(TALLOC_CTX *mem, char *out, const struct script *s)
{
	for (size_t i = 0; s && i < s->directive_count; i++)
		if (s->directives[i].kind == DIRECTIVE_DATA_LOSS &&
		    s->directives[i].text)
			out = talloc_asprintf_append_buffer(
				out, "; data loss: %s",
				markdown_line(mem, s->directives[i].text));
	return out;
}

char *measured_rollback_plan(TALLOC_CTX *mem, const struct comment_input *in)
{
	char *out = in->down_path ? markdown_code(mem, in->down_path)
		    : in->down_recorded
			    ? talloc_strdup(mem, "the down script that is "
						 "recorded in the ledger")
			    : talloc_strdup(mem, "no down script");

	out = add_losses(mem, out, in->up_script);
	return add_losses(mem, out, in->down_script);
}

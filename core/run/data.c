#include "core/run/data_internal.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"
#include "core/run/declared.h"
#include "core/run/fill.h"

/* --- scripts -------------------------------------------------------------- */

static struct script *read_script(TALLOC_CTX *mem, struct bench *bench,
				  struct db *db, const struct migration *m,
				  enum direction direction)
{
	const struct half *half = &m->half[direction];
	struct error ignored = { 0 };
	struct script *script = NULL;
	size_t length;
	char *text;

	if (bench->prover->read(mem, half->blob, &text, &length,
				bench->prover->read_data, &ignored) < 0 ||
	    script_parse(mem, half->path, text, length, db->engine->dialect,
			 &script, &ignored) < 0 ||
	    db->engine->split(script, &ignored) < 0)
		script = NULL;
	error_release(&ignored);
	return script;
}

static void add_touched(TALLOC_CTX *mem, const char ***list, size_t *count,
			const char *name)
{
	for (size_t i = 0; i < *count; i++)
		if (!strcmp((*list)[i], name))
			return;
	*list = talloc_realloc(mem, *list, const char *, (unsigned)*count + 2);
	(*list)[(*count)++] = talloc_strdup(mem, name);
	(*list)[*count] = NULL;
}

static bool is_part_of_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (c & 0x80);
}

/* Whether the name's last part stands in the statement, in any case. */
static bool mentions(const char *text, size_t length, const char *name)
{
	const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
	size_t n = strlen(last);

	for (size_t i = 0; i + n <= length; i++)
		if (!strncasecmp(text + i, last, n) &&
		    (!i || !is_part_of_word(text[i - 1])) &&
		    (i + n == length || !is_part_of_word(text[i + n])))
			return true;
	return false;
}

/* Where nobody knows what a statement is about before it runs: every table
   that it mentions. One too many has rows for nothing. */
static void add_mentioned(TALLOC_CTX *mem, const struct script *script,
			  const struct statement *s,
			  const struct db_tables *tables, const char ***list,
			  size_t *count)
{
	for (size_t i = 0; i < tables->count; i++)
		if (mentions(script->text + s->offset, s->length,
			     tables->list[i].name))
			add_touched(mem, list, count, tables->list[i].name);
}

/* Those of the script's relations that are tables there. */
static void add_script(TALLOC_CTX *mem, const struct script *script,
		       const struct db_tables *tables, const char ***list,
		       size_t *count)
{
	for (size_t n = 0; script && n < script->statement_count; n++) {
		const struct statement *s = &script->statements[n];

		if (!s->relation_count)
			add_mentioned(mem, script, s, tables, list, count);
		for (size_t i = 0; i < s->relation_count; i++) {
			const struct db_table *t =
				db_tables_find(tables, s->relations[i]);

			if (t)
				add_touched(mem, list, count, t->name);
		}
	}
}

/* Whether the script may write rows by itself, on empty tables too. */
static bool writes_rows(const struct script *script)
{
	static const char *const kinds[] = {
		"ALTER",   "CREATE INDEX", "CREATE TABLE", "CREATE UNIQUE",
		"COMMENT", "CREATE VIEW",  "CREATE TYPE",  "CREATE SCHEMA",
		"DROP",	   "GRANT",	   "PRAGMA",	   "SET",
	};

	for (size_t n = 0; script && n < script->statement_count; n++) {
		const char *kind = script->statements[n].kind;
		bool harmless = strcmp(kind, "CREATE TABLE AS") != 0;
		size_t i = 0;

		while (harmless && i < sizeof(kinds) / sizeof(*kinds) &&
		       strncmp(kind, kinds[i], strlen(kinds[i])) != 0)
			i++;
		if (!harmless || i == sizeof(kinds) / sizeof(*kinds))
			return true;
	}
	return !script;
}

/* --- where rows come from ------------------------------------------------- */

static const char *label(TALLOC_CTX *mem, const struct migration *m)
{
	return migration_label(mem, m);
}

static int not_there(struct bench *bench, const struct migration *start,
		     const struct migration *m, const char *why,
		     struct error *err)
{
	error_set(err, ERROR_REFUSED,
		  "unable to take rows from '%s': it does not stand where '%s' "
		  "starts from: '%s' %s",
		  bench->prover->target->label, label(bench->mem, start),
		  label(bench->mem, m), why);
	error_hint(err, "prove what is pending there, with everything before "
			"it applied: git migrate status");
	return error_hint(err, "or take rows from before it: git migrate prove "
			       "--from-backup FILE");
}

/* The target has all that comes before the first wanted one, and no more. */
static int check_target(struct bench *bench, const struct data *d,
			struct error *err)
{
	const struct migration *start = &bench->set->list[d->first];
	struct ledger *ledger;

	if (ledger_read(bench->mem, bench->prover->target, &ledger, err) < 0)
		return -1;
	for (size_t i = 0; i < bench->set->count; i++) {
		const struct migration *m = &bench->set->list[i];
		const struct ledger_row *row = ledger_find(ledger, m->version);

		if (row && row->state == UNFINISHED)
			return not_there(bench, start, m, "is unfinished", err);
		if (i < d->first && !row)
			return not_there(bench, start, m, "is not applied",
					 err);
		if (i >= d->first && row)
			return not_there(bench, start, m, "is applied already",
					 err);
	}
	return 0;
}

static int take_sample(struct bench *bench, struct data *d, const bool *wanted,
		       struct error *err)
{
	struct db *target = bench->prover->target;
	TALLOC_CTX *turn = talloc_new(NULL);
	const char **touched = talloc_zero_array(turn, const char *, 1);
	size_t count = 0;
	struct db_tables *tables;
	int result = check_target(bench, d, err);

	if (result == 0)
		result = target->engine->rows->tables(turn, target, &tables,
						      err);
	for (size_t i = d->first; result == 0 && i <= bench->last; i++)
		for (int k = 0; wanted[i] && k < 2; k++)
			add_script(turn,
				   read_script(turn, bench, target,
					       &bench->set->list[i],
					       (enum direction)k),
				   tables, &touched, &count);
	if (result == 0)
		result = sample_take(d, target, touched, d->wish->count,
				     &d->sample, err);
	talloc_free(turn);
	return result;
}

int data_open(struct bench *bench, const bool *wanted, struct error *err)
{
	struct data *d = talloc_zero(bench->mem, struct data);

	bench->data = d;
	d->wish = &bench->prover->rows;
	while (d->first < bench->last && !wanted[d->first])
		d->first++;
	/* what came with a backup is not unwound */
	if (bench->prover->rows.source == PROVE_ROWS_BACKUP &&
	    bench->first < d->first)
		bench->first = d->first;
	d->restored = talloc_zero_array(d, bool,
					(unsigned)bench->set->count + 1);
	if (d->wish->source != PROVE_ROWS_NONE &&
	    !bench->prover->target->engine->rows)
		d->wish = NULL;
	return d->wish && d->wish->source == PROVE_ROWS_SAMPLE
		       ? take_sample(bench, d, wanted, err)
		       : 0;
}

static bool is_from(const struct bench *bench, enum prove_rows_source source)
{
	return bench->data && bench->data->wish &&
	       bench->data->wish->source == source;
}

/* A backup that has the first wanted one has rows that it was run on. */
static int check_backup(struct bench *bench, struct data *d,
			const struct ledger *ledger, struct error *err)
{
	const char *path = d->wish->path;

	for (size_t i = 0; i < bench->set->count; i++) {
		const struct migration *m = &bench->set->list[i];
		const struct ledger_row *row = ledger_find(ledger, m->version);

		if (!row)
			continue;
		d->restored[i] = true;
		if (i < d->first && row->state == APPLIED)
			continue;
		error_set(err, ERROR_REFUSED,
			  row->state == APPLIED
				  ? "the backup '%s' is from after '%s', which "
				    "is to be proven on it"
				  : "the backup '%s' is from within '%s'",
			  path, label(d, m));
		error_hint(err, "name one from before it: git migrate backup "
				"--list");
		return error_hint(err, "or prove with rows that are made up: "
				       "git migrate prove --generate 10");
	}
	return 0;
}

int data_restore(struct bench *bench, struct db *scratch, struct error *err)
{
	struct data *d = bench->data;
	struct ledger *ledger;

	if (!is_from(bench, PROVE_ROWS_BACKUP))
		return 0;
	if (scratch->engine->restore(scratch, d->wish->path, err) < 0)
		return error_prefix(err, "unable to use the backup '%s'",
				    d->wish->path);
	if (ledger_read(bench->mem, scratch, &ledger, err) < 0)
		return -1;
	return check_backup(bench, d, ledger, err);
}

int data_before(struct bench *bench, struct db *scratch, size_t at,
		struct error *err)
{
	struct data *d = bench->data;

	if (d->restored[at])
		return 1;
	if (!is_from(bench, PROVE_ROWS_SAMPLE) || at != d->first)
		return 0;
	return sample_load(bench->mem, d->sample, scratch, NULL, err);
}

/* --- looking -------------------------------------------------------------- */

int data_read(struct bench *bench, struct pair *pair, enum data_moment moment,
	      struct error *err)
{
	return rows_read(pair, bench->scratch, pair->touched,
			 &pair->images[moment], err);
}

/* What stands in the touched tables, with (`all`) those that have nothing, and
   (`others`) in others; how many rows that are. */
static int64_t note_rows(struct proof *proof, const struct pair *pair,
			 const struct row_image *image, bool all, bool others)
{
	int64_t rows = 0;

	for (size_t i = 0; i < image->count; i++) {
		const struct row_table *t = &image->tables[i];
		bool touched = false;

		for (size_t k = 0; k < pair->touched_count && !touched; k++)
			touched = !strcmp(pair->touched[k], t->name);
		touched |= others && t->rows;
		if (touched && (all || t->rows))
			fill_note(proof, &proof->data, t->name, t->rows,
				  t->rows ? NULL : "it has none there");
		rows += touched ? t->rows : 0;
	}
	return rows;
}

static void note_source(const struct bench *bench, struct proof *proof,
			const struct pair *pair)
{
	const struct row_image *image = pair->images[DATA_BEFORE];
	bool all = !is_from(bench, PROVE_ROWS_GENERATED);

	if (!note_rows(proof, pair, image, all,
		       is_from(bench, PROVE_ROWS_SAMPLE)) &&
	    !all)
		return;
	proof->data.at = text_time(proof, clock_wall_us());
	proof->data.source = is_from(bench, PROVE_ROWS_SAMPLE)	 ? "sample"
			     : is_from(bench, PROVE_ROWS_BACKUP) ? "backup"
								 : "migrations";
}

#define COUNTED_ROWS 1000

/* Those of earlier migrations can be lost by any down. */
static bool has_rows(struct db *db, const struct pair *pair)
{
	bool found = false;

	for (size_t i = 0; i < pair->touched_count && !found; i++) {
		struct error ignored = { 0 };
		int64_t rows = 0;
		bool estimated = false;

		/* one that cannot be counted may have some */
		found = db->engine->count_rows(db, pair->touched[i],
					       COUNTED_ROWS, &rows, &estimated,
					       &ignored) < 0 ||
			rows > 0 || estimated;
		error_release(&ignored);
	}
	return found;
}

static int start_pair(struct bench *bench, struct proof *proof,
		      const struct migration *m, struct error *err)
{
	struct data *d = bench->data;
	struct pair *pair = talloc_zero(d, struct pair);
	struct db_tables *tables;

	talloc_free(d->pair);
	d->pair = pair;
	proof->data.source = "none";
	if (!d->wish || d->wish->source == PROVE_ROWS_NONE)
		return 0;
	for (int i = 0; i < 2; i++)
		pair->scripts[i] = read_script(pair, bench, bench->scratch, m,
					       (enum direction)i);
	if (bench->scratch->engine->rows->tables(pair, bench->scratch, &tables,
						 err) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		add_script(pair, pair->scripts[i], tables, &pair->touched,
			   &pair->touched_count);
	pair->watched = d->wish->source != PROVE_ROWS_GENERATED ||
			writes_rows(pair->scripts[DIRECTION_UP]) ||
			writes_rows(pair->scripts[DIRECTION_DOWN]) ||
			has_rows(bench->scratch, pair);
	if (!pair->watched)
		return 0;
	if (data_read(bench, pair, DATA_BEFORE, err) < 0)
		return -1;
	note_source(bench, proof, pair);
	return 0;
}

/* --- judging -------------------------------------------------------------- */

static bool is_same(const struct proof_row_difference *a,
		    const struct proof_row_difference *b)
{
	return a->change == b->change && !strcmp(a->stage, b->stage) &&
	       !strcmp(a->table, b->table) &&
	       (a->column && b->column ? !strcmp(a->column, b->column)
				       : a->column == b->column);
}

/* What was seen on empty tables already is seen better on full ones. */
static void add(struct proof *proof, const struct proof_row_difference *d)
{
	if (row_difference_counts(d))
		proof->outcome = PROOF_DIFFERS;
	for (size_t i = 0; i < proof->row_difference_count; i++)
		if (is_same(&proof->row_differences[i], d)) {
			proof->row_differences[i] = *d;
			return;
		}
	proof->row_differences = talloc_realloc(
		proof, proof->row_differences, struct proof_row_difference,
		(unsigned)proof->row_difference_count + 1);
	proof->row_differences[proof->row_difference_count++] = *d;
}

static bool is_in(const struct proof_row_difference *d,
		  const struct proof_row_difference *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].table, d->table) &&
		    (list[i].column && d->column
			     ? !strcmp(list[i].column, d->column)
			     : list[i].column == d->column))
			return true;
	return false;
}

int data_run(struct bench *bench, const struct migration *m,
	     enum direction direction, struct error *err)
{
	return bench_run(NULL, bench, bench->scratch, m, direction, NULL, err);
}

/*
 * After a declared loss the second up did not start from the same rows as the
 * first. What it never does the same twice is seen in a third, which starts
 * from those of the second.
 */
static int learn(struct bench *bench, const struct migration *m,
		 struct proof_row_difference **list, size_t *count,
		 struct error *err)
{
	struct pair *pair = bench->data->pair;
	struct row_image *reverted, *again;
	size_t moved;

	*count = 0;
	if (data_run(bench, m, DIRECTION_DOWN, err) < 0)
		return 1;
	if (rows_read(pair, bench->scratch, pair->touched, &reverted, err) < 0)
		return -1;
	if (data_run(bench, m, DIRECTION_UP, err) < 0)
		return 1;
	if (rows_read(pair, bench->scratch, pair->touched, &again, err) < 0)
		return -1;
	rows_compare(pair, "down", pair->images[DATA_REVERTED], reverted,
		     &moved);
	if (!moved)
		*list = rows_compare(pair, "up again", pair->images[DATA_AGAIN],
				     again, count);
	return 0;
}

static struct declared what_is_declared(const struct pair *pair)
{
	return (struct declared){
		.scripts = { pair->scripts[0], pair->scripts[1] },
		.images = { pair->images[DATA_BEFORE],
			    pair->images[DATA_AFTER] },
	};
}

void data_judge_down(struct bench *bench, struct proof *proof)
{
	struct pair *pair = bench->data->pair;
	const struct declared declared = what_is_declared(pair);
	size_t count;
	struct proof_row_difference *list =
		rows_compare(proof, "down", pair->images[DATA_BEFORE],
			     pair->images[DATA_REVERTED], &count);

	for (size_t i = 0; i < count; i++) {
		list[i].declared = talloc_strdup(
			proof, declared_loss(&declared, &list[i]));
		add(proof, &list[i]);
	}
	pair->lossless = !count;
}

/* What comes of a wrong down is no news. */
int data_judge_again(struct bench *bench, struct proof *proof,
		     const struct migration *m, struct error *err)
{
	struct pair *pair = bench->data->pair;
	const struct declared declared = what_is_declared(pair);
	struct proof_row_difference *unsteady = NULL, *list;
	size_t count, unsteady_count = 0;
	bool learned = false;

	if (proof->outcome != PROOF_PROVEN)
		return 0;
	list = rows_compare(proof, "up again", pair->images[DATA_AFTER],
			    pair->images[DATA_AGAIN], &count);
	for (size_t i = 0; i < count; i++) {
		struct proof_row_difference *d = &list[i];

		d->unsteady = pair->lossless;
		if (!pair->lossless)
			d->declared = talloc_strdup(
				proof, declared_loss(&declared, d));
		if (!pair->lossless && !d->declared && !learned) {
			int result = learn(bench, m, &unsteady, &unsteady_count,
					   err);

			if (result)
				return result;
			learned = true;
		}
		if (!d->declared && !pair->lossless)
			d->unsteady = is_in(d, unsteady, unsteady_count);
		add(proof, d);
	}
	return 0;
}

int data_look(struct bench *bench, struct proof *proof,
	      const struct migration *m, enum data_moment moment,
	      struct error *err)
{
	if (!bench->data)
		return 0;
	if (moment == DATA_BEFORE)
		return start_pair(bench, proof, m, err);
	if (!bench->data->pair->watched)
		return 0;
	if (data_read(bench, bench->data->pair, moment, err) < 0)
		return -1;
	if (moment == DATA_REVERTED)
		data_judge_down(bench, proof);
	return 0;
}

int data_finish(struct bench *bench, struct proof *proof,
		const struct migration *m, bool more, bool *spoiled,
		struct error *err)
{
	struct data *d = bench->data;

	*spoiled = false;
	if (!d || !d->pair || !d->wish || proof->outcome != PROOF_PROVEN)
		return 0;
	if (d->pair->watched) {
		int result = data_judge_again(bench, proof, m, err);

		if (result || proof->outcome != PROOF_PROVEN)
			return result;
	}
	if (d->wish->source != PROVE_ROWS_GENERATED || !d->pair->touched_count)
		return 0;
	return data_generate(bench, proof, m, more, spoiled, err);
}

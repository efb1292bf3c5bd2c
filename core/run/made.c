#include "core/run/data_internal.h"

#include <string.h>

#include "core/base/text.h"
#include "core/sql/reader.h"

/* The proof on rows that are made up. */

/* Rows that are there, and whether some of them were made up. */
static int64_t rows_there(const struct proof *proof, bool *made)
{
	int64_t rows = 0;

	*made = false;
	for (size_t i = 0; i < proof->data.table_count; i++) {
		const struct proof_table *t = &proof->data.tables[i];

		rows += t->rows;
		*made |= t->made && t->rows;
	}
	return rows;
}

/* Whether a failure of the up script leaves nothing of it. */
static bool is_atomic(const struct bench *bench, const struct pair *pair)
{
	return db_can(bench->scratch, DB_TRANSACTIONAL_DDL) &&
	       pair->scripts[DIRECTION_UP] &&
	       !pair->scripts[DIRECTION_UP]->no_transaction;
}

static int step(struct bench *bench, struct proof *proof,
		const struct migration *m, enum direction direction,
		const char *stage, enum data_moment moment, struct error *err)
{
	proof->failed_stage = stage;
	if (data_run(bench, m, direction, err) < 0)
		return 1;
	return data_read(bench, bench->data->pair, moment, err);
}

/* From the rows that are there: up, down, up. */
static int run_steps(struct bench *bench, struct proof *proof,
		     const struct migration *m, struct error *err)
{
	int result = step(bench, proof, m, DIRECTION_DOWN, "down",
			  DATA_REVERTED, err);

	if (result == 0)
		data_judge_down(bench, proof);
	if (result == 0 && proof->outcome == PROOF_PROVEN)
		result = step(bench, proof, m, DIRECTION_UP, "up again",
			      DATA_AGAIN, err);
	if (result == 0)
		result = data_judge_again(bench, proof, m, err);
	if (result == 0)
		proof->failed_stage = NULL;
	return result;
}

/* The up script does not take them: a reason to try others, or to go without,
   for nobody says that such rows are there. */
static int refused(struct bench *bench, struct proof *proof,
		   const struct fill *fill, struct error *err)
{
	if (prove_is_fatal(err))
		return -1;
	proof->data.refused = talloc_strdup(proof, err->message);
	error_release(err);
	if (!is_atomic(bench, bench->data->pair))
		return 1;
	return fill_empty(fill, &proof->data, err);
}

/* 2 when rows are there that the first up has taken; 1 when scratch is
   spoiled. */
static int try_rows(struct bench *bench, struct proof *proof,
		    const struct migration *m, struct fill *fill,
		    struct error *err)
{
	struct pair *pair = bench->data->pair;
	bool made;

	talloc_free(proof->data.tables);
	proof->data = (struct proof_data){ .source = "none" };
	if (fill_generate(proof, fill, &proof->data, err) < 0)
		return -1;
	if (!rows_there(proof, &made))
		return 0;
	if (data_read(bench, pair, DATA_BEFORE, err) < 0)
		return -1;
	if (data_run(bench, m, DIRECTION_UP, err) < 0)
		return refused(bench, proof, fill, err);
	return data_read(bench, pair, DATA_AFTER, err) < 0 ? -1 : 2;
}

/* Unusual rows first, and then tame ones, where the first up leaves the
   choice. */
static int fill_and_up(struct bench *bench, struct proof *proof,
		       const struct migration *m, struct fill *fill,
		       struct error *err)
{
	int result = 0;

	if (is_atomic(bench, bench->data->pair)) {
		result = try_rows(bench, proof, m, fill, err);
		fill->word_count = 0; /* they may be why it was refused */
	}
	if (result)
		return result;
	fill->tame = true;
	return try_rows(bench, proof, m, fill, err);
}

/* Scratch as it was before there were rows, after an up. */
static int clean(struct bench *bench, struct proof *proof,
		 const struct migration *m, const struct fill *fill,
		 bool applied, struct error *err)
{
	if (applied && data_run(bench, m, DIRECTION_DOWN, err) < 0)
		return -1;
	if (fill_empty(fill, &proof->data, err) < 0)
		return -1;
	return data_run(bench, m, DIRECTION_UP, err);
}

/* --- what the scripts look for -------------------------------------------- */

#define MOST_WORDS 16
#define LONGEST_WORD 100

struct words {
	TALLOC_CTX *mem;
	const char *list[MOST_WORDS];
	size_t count;
};

/* 'it''s', as it is meant */
static char *unquote(TALLOC_CTX *mem, const char *text, size_t length)
{
	char *out = talloc_array(mem, char, (unsigned)length), *to = out;

	for (size_t i = 1; i + 1 < length; i++) {
		*to++ = text[i];
		if (text[i] == '\'')
			i++;
	}
	*to = '\0';
	return out;
}

static void add_word(struct words *words, const char *text, size_t length)
{
	char *word;

	if (words->count == MOST_WORDS || length < 3 || *text != '\'' ||
	    length > LONGEST_WORD)
		return;
	word = unquote(words->mem, text, length);
	for (size_t i = 0; i < words->count; i++)
		if (!strcmp(words->list[i], word))
			return;
	words->list[words->count++] = word;
}

static bool changes_rows(const struct statement *s)
{
	return !strcmp(s->kind, "UPDATE") || !strcmp(s->kind, "DELETE") ||
	       !strcmp(s->kind, "INSERT") || !strcmp(s->kind, "MERGE");
}

/*
 * UPDATE ... WHERE key = 'mail' does nothing to rows that are made up, unless
 * one of them has that key.
 */
static void find_words(const struct script *script, struct words *words)
{
	for (size_t n = 0; script && n < script->statement_count; n++) {
		const struct statement *s = &script->statements[n];
		struct reader r;
		bool where = false;

		if (!changes_rows(s))
			continue;
		for (reader_start(&r, script->text + s->offset, s->length,
				  script->dialect);
		     !reader_at_end(&r); reader_advance(&r)) {
			where |= reader_is(&r, "WHERE");
			if (where && r.token.kind == SQL_STRING)
				add_word(words, r.text + r.token.offset,
					 r.token.length);
		}
	}
}

int data_generate(struct bench *bench, struct proof *proof,
		  const struct migration *m, bool more, bool *spoiled,
		  struct error *err)
{
	struct pair *pair = bench->data->pair;
	struct words words = { .mem = pair };
	struct db_tables *later;
	bool made;
	struct fill fill = {
		.db = bench->scratch,
		.touched = pair->touched,
		.rows = bench->data->wish->count,
	};
	int result;

	if (bench->scratch->engine->rows->tables(pair, bench->scratch, &later,
						 err) < 0)
		return -1;
	fill.later = later;
	/* what the up makes of them is what the down looks for */
	find_words(pair->scripts[DIRECTION_UP], &words);
	if (!words.count)
		find_words(pair->scripts[DIRECTION_DOWN], &words);
	fill.words = words.list;
	fill.word_count = words.count;
	*spoiled = true;
	if (data_run(bench, m, DIRECTION_DOWN, err) < 0)
		return 1;
	result = fill_and_up(bench, proof, m, &fill, err);
	if (result < 0)
		return -1;
	if (result == 2) {
		rows_there(proof, &made);
		proof->data.source = made ? "generated" : "migrations";
		proof->data.at = text_time(proof, clock_wall_us());
		result = run_steps(bench, proof, m, err);
		if (result || proof->outcome != PROOF_PROVEN)
			return result;
		result = 2;
	}
	if (more && result != 1) {
		*spoiled = clean(bench, proof, m, &fill, result == 2, err) < 0;
		if (*spoiled && prove_is_fatal(err))
			return -1;
		error_release(err);
	}
	return 0;
}

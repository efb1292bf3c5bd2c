#include "core/run/batch.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "core/base/text.h"
#include "core/run/replicas.h"
#include "core/run/runner_internal.h"
#include "core/run/tries.h"

/*
 * A statement that runs range by range of its table's key, a transaction each,
 * in which the ledger is told how far it has come. What the next range ends at
 * is asked in the same transaction: so many entries further in the index. All
 * ends at the highest key that there was at the start.
 */
struct batching {
	const struct batch_job *job;
	struct db *db;
	TALLOC_CTX *mem;
	struct batch_text text;
	struct db_key key;
	struct batch_position at; /* as committed */
	bool ready;		  /* the key is known, and all is checked */
	bool kept;  /* the ledger's word on the batch under way is given */
	bool noted; /* the statement's entry in the facts is there */
	int64_t began_us, walked_before;
	int64_t looked_us; /* at the load, last */
	struct replicas *replicas;
	struct tries *tries;
	double throttled_ms;
	double commit_ms; /* of the last batch, or about so */
	double answer_ms; /* the fastest one to a question; 0: not known */
	size_t first_lock;
};

#define LOOK_US 1000000
#define SLICE_MS 100

/*
 * Others' commits wait for the disk while it takes what a batch has written:
 * many small writes with short pauses hold them up less than few large ones
 * with long pauses. So a batch that is to pause is made small, though not so
 * small that it is mostly its own commit, and pauses in proportion.
 */
#define GENTLE_MS 4
#define TIMES_THE_COMMIT 2
/* A far server's answers take long whatever the size: a batch is about six of
   them, beside its rows. */
#define TIMES_THE_ANSWER 16

/* --- errors --------------------------------------------------------------- */

static const struct script *script_of(const struct batching *b)
{
	return b->job->item->script;
}

static const struct statement *statement_of(const struct batching *b)
{
	return &script_of(b)->statements[b->job->n];
}

/* At the statement, or a byte of it. */
static int locate(const struct batching *b, size_t within, struct error *err)
{
	const struct script *script = script_of(b);
	int line, column;

	if (err->file)
		return -1;
	text_position(script->text, script->length,
		      statement_of(b)->offset + within, &line, &column);
	return error_at(err, script->path, line, column);
}

static int refuse(const struct batching *b, enum error_code code,
		  struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int refuse(const struct batching *b, enum error_code code,
		  struct error *err, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = talloc_vasprintf(NULL, fmt, ap);
	va_end(ap);
	error_set(err, code, "%s", text);
	talloc_free(text);
	return locate(b, 0, err);
}

/* --- before the first batch ------------------------------------------------ */

static int check_key(struct batching *b, struct error *err)
{
	const char *table = b->text.table;
	const char *column = statement_of(b)->batch->batch.key;

	if (!b->key.is_table)
		return refuse(b, ERROR_SQL, err, "there is no table '%s'",
			      table);
	if (!b->key.count && column)
		return refuse(b, ERROR_SQL, err,
			      "table '%s' has no column '%s' to go by", table,
			      column);
	if (!b->key.count)
		refuse(b, ERROR_SQL, err,
		       "table '%s' has no primary key to go by in batches",
		       table);
	else if (b->key.nullable)
		refuse(b, ERROR_SQL, err,
		       "column '%s' of table '%s' may be NULL, and such rows "
		       "would be left out",
		       column, table);
	else if (!b->key.indexed)
		refuse(b, ERROR_SQL, err,
		       "column '%s' of table '%s' has no index to go by",
		       column, table);
	else
		return 0;
	return error_hint(err, "name a column that is NOT NULL and that an "
			       "index begins with: -- migrate: batch "
			       "key=COLUMN");
}

static int find_key(struct batching *b, struct error *err)
{
	const struct db_engine *engine = b->db->engine;
	const char *column = statement_of(b)->batch->batch.key;

	if (column)
		column = engine->fold_name(b->mem, column);
	if (engine->key(b->mem, b->db, b->text.table, column, &b->key, err) < 0)
		return locate(b, 0, err);
	return check_key(b, err);
}

/* A row that has another key now might meet its range a second time. */
static int check_assigned(const struct batching *b, struct error *err)
{
	for (size_t i = 0; i < b->text.assigned_count; i++)
		for (int k = 0; k < b->key.count; k++) {
			char *name = b->db->engine->fold_name(
				b->mem, b->text.assigned[i]);

			if (strcasecmp(name, b->key.names[k]) != 0)
				continue;
			refuse(b, ERROR_FAILED, err,
			       "it changes column '%s', by which its batches "
			       "go",
			       name);
			return error_hint(err, "take the directive out, or go "
					       "by another column: -- migrate: "
					       "batch key=COLUMN");
		}
	return 0;
}

struct row {
	TALLOC_CTX *mem;
	const char **values; /* NULL: there was no row */
};

static int take_row(const char *const *values, int count, void *data)
{
	struct row *row = data;

	row->values = talloc_array(row->mem, const char *, (unsigned)count + 1);
	for (int i = 0; i < count; i++)
		row->values[i] = talloc_strdup(row->values, values[i]);
	return 0;
}

/* A row of the key's literals, or NULL. */
static int ask_key(struct batching *b, TALLOC_CTX *mem, const char *condition,
		   const char *order, int64_t offset, const char ***values,
		   struct error *err)
{
	char *sql = talloc_strdup(mem, "SELECT ");
	struct row row = { .mem = mem };

	for (int i = 0; i < b->key.count; i++)
		sql = talloc_asprintf_append(sql, "%s%s", i ? ", " : "",
					     b->key.literals[i]);
	sql = talloc_asprintf_append(sql, " FROM %s%s%s ORDER BY ",
				     b->text.table, *condition ? " WHERE " : "",
				     condition);
	for (int i = 0; i < b->key.count; i++)
		sql = talloc_asprintf_append(sql, "%s%s%s", i ? ", " : "",
					     b->key.columns[i], order);
	sql = talloc_asprintf_append(sql, " LIMIT 1 OFFSET %" PRId64, offset);
	if (b->db->engine->ask(b->db, sql, take_row, &row, err) < 0)
		return locate(b, 0, err);
	*values = row.values;
	return 0;
}

static int note_any(const char *const *values, int count, void *data)
{
	(void)values;
	(void)count;
	*(bool *)data = true;
	return 0;
}

/* An aggregate would come once a batch instead of once. */
static int check_rows(const struct batching *b, struct error *err)
{
	char *sql = batch_probe(b->mem, &b->text);
	bool any = false;

	if (b->db->engine->ask(b->db, sql, note_any, &any, err) < 0)
		return locate(b, b->text.select, err);
	if (!any)
		return 0;
	refuse(b, ERROR_FAILED, err,
	       "the statement cannot be run in batches: its SELECT makes one "
	       "row of many");
	return error_hint(err, "take the directive out");
}

/* The table's name without quotes, as those who count want it. */
static char *plain_name(const struct batching *b)
{
	const struct db_engine *engine = b->db->engine;
	char *name = talloc_strdup(b->mem, "");
	struct sql_token token = { SQL_END, 0, 0 };
	size_t length = strlen(b->text.table);

	for (;;) {
		char *part;

		token = sql_next(b->text.table, length,
				 token.offset + token.length, engine->dialect);
		if (token.kind == SQL_END)
			return name;
		part = talloc_strndup(b->mem, b->text.table + token.offset,
				      token.length);
		name = talloc_strdup_append(
			name, token.kind == SQL_OTHER
				      ? part
				      : engine->fold_name(b->mem, part));
	}
}

/* Nobody is beside a proof. */
static int pause_ms(const struct batching *b)
{
	return b->job->runner->record ? statement_of(b)->batch->batch.pause_ms
				      : 0;
}

/* It grows soon enough. */
static int64_t first_size(const struct batching *b)
{
	int64_t most = statement_of(b)->batch->batch.rows;

	return pause_ms(b) ? batch_small_size(most) : most;
}

static int start_anew(struct batching *b, struct error *err)
{
	bool estimated;

	b->at.size = first_size(b);
	b->at.total = -1;
	b->at.count = b->key.count;
	b->at.names = b->key.names;
	if (b->text.inserts && check_rows(b, err) < 0)
		return -1;
	if (ask_key(b, b->mem, "", " DESC", 0, &b->at.last, err) < 0)
		return -1;
	if (!b->at.last || !b->job->runner->record)
		return 0;
	return b->db->engine->count_rows(b->db, plain_name(b), 0, &b->at.total,
					 &estimated, err);
}

/* The key that the position is in is still the one to go by. */
static int check_position(const struct batching *b, struct error *err)
{
	bool same = b->at.count == b->key.count;

	for (int i = 0; same && i < b->key.count; i++)
		same = !strcmp(b->at.names[i], b->key.names[i]);
	if (same)
		return 0;
	refuse(b, ERROR_REFUSED, err,
	       "its batches went by column '%s' so far, which is not the key "
	       "any more",
	       b->at.names[0]);
	return error_hint(err, "go by it: -- migrate: batch key=%s",
			  b->at.names[0]);
}

static int get_ready(struct batching *b, struct error *err)
{
	if (b->ready)
		return 0;
	if (find_key(b, err) < 0 || check_assigned(b, err) < 0)
		return -1;
	if (b->job->position ? check_position(b, err) < 0
			     : start_anew(b, err) < 0)
		return -1;
	b->ready = true;
	b->walked_before = b->at.walked;
	return 0;
}

/* --- one batch ------------------------------------------------------------ */

/* Where it ends: *next is NULL when there was no row at all. */
static int find_end(struct batching *b, TALLOC_CTX *turn,
		    struct batch_position *next, bool *final, struct error *err)
{
	const char **end = NULL;
	char *rest;

	*next = b->at;
	*final = true;
	if (!b->at.last)
		return 0;
	rest = batch_range(turn, NULL, b->key.columns, b->key.count,
			   b->at.after, b->at.last);
	if (ask_key(b, turn, rest, "", b->at.size - 1, &end, err) < 0)
		return -1;
	next->after = end ? end : b->at.last;
	for (int i = 0; *final && i < b->key.count; i++)
		*final = !strcmp(next->after[i], b->at.last[i]);
	next->batches++;
	next->walked += b->at.size;
	if (*final && next->walked < next->total)
		next->walked = next->total;
	return 0;
}

/* Runs it, and puts what was measured to what is known of the statement. */
static int execute(struct batching *b, const struct batch_part *part,
		   int64_t *rows, struct error *err)
{
	struct facts *facts = b->job->facts;
	int seen = facts->statements_seen;
	int result = b->db->engine->execute_part(b->db, script_of(b), b->job->n,
						 part, facts, err);
	struct fact_statement *s;

	if (facts->statements_seen == seen)
		return result;
	s = &facts->statements[facts->statement_count - 1];
	*rows = s->rows > 0 ? s->rows : 0;
	if (b->noted)
		s = facts_join_batch(facts);
	s->batched = b->noted = true;
	s->index = (int)b->job->n + 1;
	return result;
}

static int keep(struct batching *b, TALLOC_CTX *turn,
		const struct batch_position *next, bool final,
		struct error *err)
{
	char *text = final ? NULL : batch_position_text(turn, next);

	b->kept = true;
	return b->job->keep(text, b->job->data, err);
}

static void note_time(struct batching *b, bool counts, double took_ms)
{
	struct facts *facts = b->job->facts;
	struct fact_statement *s =
		&facts->statements[facts->statement_count - 1];

	facts_release_locks(facts, clock_mono_us());
	facts_join_locks(facts, b->first_lock);
	s->batches += counts;
	if (s->longest_ms < took_ms)
		s->longest_ms = took_ms;
	s->throttled_ms = b->throttled_ms;
}

static double target_ms(const struct batching *b)
{
	double most = b->job->runner->batch.target_ms;
	double gentle = b->commit_ms * TIMES_THE_COMMIT;

	if (!pause_ms(b))
		return most;
	if (gentle < b->answer_ms * TIMES_THE_ANSWER)
		gentle = b->answer_ms * TIMES_THE_ANSWER;
	if (gentle < GENTLE_MS)
		gentle = GENTLE_MS;
	return most > 0 && most < gentle ? most : gentle;
}

/* The new position is on a context of its own, which takes the old one's
   place. */
static void move_on(struct batching *b, const struct batch_position *next,
		    double took_ms)
{
	const char **old = b->at.after;

	b->at = *next;
	if (next->after && next->after != b->at.last)
		talloc_steal(b->mem, next->after);
	if (old != b->at.after)
		talloc_free(old);
	b->at.size = batch_next_size(b->at.size,
				     statement_of(b)->batch->batch.rows,
				     took_ms, target_ms(b));
}

/* One that was slow shall not decide alone. */
static void note_commit(struct batching *b, double ms)
{
	b->commit_ms += (ms - b->commit_ms) / 8;
}

static void note_answer(struct batching *b, double ms)
{
	if (b->answer_ms <= 0 || ms < b->answer_ms)
		b->answer_ms = ms;
}

static int run_one(struct batching *b, TALLOC_CTX *turn, int64_t *rows,
		   bool *final, struct error *err)
{
	const struct db_engine *engine = b->db->engine;
	struct batch_position next;
	const char *range = BATCH_NOTHING;
	int64_t started, commit_us;
	double took_ms;

	b->kept = false;
	if (engine->begin_step(b->db, script_of(b), b->job->n, err) < 0 ||
	    get_ready(b, err) < 0)
		return -1;
	started = clock_mono_us();
	if (find_end(b, turn, &next, final, err) < 0)
		return -1;
	if (next.after)
		note_answer(b, (double)(clock_mono_us() - started) / 1000);
	if (next.after)
		range = batch_range(turn, b->text.qualifier, b->key.columns,
				    b->key.count, b->at.after, next.after);
	if (execute(b, batch_part(turn, &b->text, range), rows, err) < 0)
		return -1;
	next.rows += *rows;
	if (keep(b, turn, &next, *final, err) < 0)
		return -1;
	commit_us = clock_mono_us();
	if (engine->end_step(b->db, err) < 0) /* a deferred constraint */
		return locate(b, 0, err);
	note_commit(b, (double)(clock_mono_us() - commit_us) / 1000);
	took_ms = (double)(clock_mono_us() - started) / 1000;
	note_time(b, next.after != NULL, took_ms);
	move_on(b, &next, took_ms);
	return 0;
}

/* --- between batches ------------------------------------------------------ */

/* Idle, but for the tick. */
static int nap(const struct batching *b, int64_t us, const char *waiting_for,
	       struct error *err)
{
	const struct db_options *options = &b->db->options;
	int64_t end = clock_mono_us() + us;
	int64_t left;

	while ((left = end - clock_mono_us()) > 0) {
		struct timespec slice = { 0 };

		if (left > SLICE_MS * 1000)
			left = SLICE_MS * 1000;
		slice.tv_nsec = (long)left * 1000;
		nanosleep(&slice, NULL);
		if (options->tick &&
		    options->tick(waiting_for, options->tick_data)) {
			error_set(err, ERROR_INTERRUPTED, "interrupted");
			return locate(b, 0, err);
		}
	}
	return 0;
}

/* What there is to wait for, or NULL. */
static const char *too_much(TALLOC_CTX *mem, const struct batch_limits *limits,
			    const struct db_load *load)
{
	char *text = NULL;

	if (load->lag_ms > limits->max_lag_ms) {
		char *lag = text_duration(NULL, (double)load->lag_ms);

		text = talloc_asprintf(mem, "a replica that is %s behind", lag);
		talloc_free(lag);
	} else if (load->waiting > limits->max_waiting) {
		text = talloc_asprintf(
			mem, "%d session%s that wait%s for a lock",
			load->waiting, load->waiting == 1 ? "" : "s",
			load->waiting == 1 ? "s" : "");
	}
	return text;
}

/* Looks at most about once a second, and waits while others have too much. */
static int throttle(struct batching *b, TALLOC_CTX *turn, struct error *err)
{
	const struct runner *runner = b->job->runner;
	int64_t started = clock_mono_us();
	struct db_load load;
	const char *why;

	if (!runner->record || !b->db->engine->load ||
	    (b->looked_us && started - b->looked_us < LOOK_US))
		return 0;
	for (;;) {
		if (b->db->engine->load(b->db, &load, err) < 0 ||
		    replicas_load(b->replicas, &load, &why, err) < 0)
			return locate(b, 0, err);
		b->looked_us = clock_mono_us();
		if (!why)
			why = too_much(turn, &runner->batch, &load);
		if (!why)
			return 0;
		if (nap(b, LOOK_US, why, err) < 0)
			return -1;
		b->throttled_ms += (double)(clock_mono_us() - started) / 1000;
		started = clock_mono_us();
	}
}

static int run_until_it_goes(struct batching *b, TALLOC_CTX *turn,
			     int64_t *rows, bool *final, struct error *err)
{
	const char *waiting_for;
	int pause;

	tries_ask(b->tries, b->at.size);
	while (run_one(b, turn, rows, final, err) < 0) {
		if (b->kept) /* what it did may be committed */
			return -1;
		b->db->engine->rollback(b->db);
		facts_release_locks(b->job->facts, clock_mono_us());
		if (!tries_again(b->tries, &pause, &waiting_for, err))
			return err->code == ERROR_BUSY ? locate(b, 0, err) : -1;
		if (b->at.size > 1)
			b->at.size /= 2;
		if (nap(b, (int64_t)pause * 1000, waiting_for, err) < 0)
			return -1;
		tries_ask(b->tries, b->at.size);
	}
	tries_succeeded(b->tries);
	return 0;
}

static void report(const struct batching *b)
{
	const struct runner *runner = b->job->runner;
	struct batch_report r = {
		.walked = b->at.walked,
		.total = b->at.total,
		.rows = b->at.rows,
		.walked_now = b->at.walked - b->walked_before,
		.elapsed_ms = (double)(clock_mono_us() - b->began_us) / 1000,
	};

	if (runner->batched)
		runner->batched(&r, runner->report_data);
}

/* The whole pause is for as many rows as the directive allows. */
static int64_t pause_us(const struct batching *b, int64_t walked)
{
	return (int64_t)pause_ms(b) * 1000 * walked /
	       statement_of(b)->batch->batch.rows;
}

static int run_all(struct batching *b, struct error *err)
{
	bool final = false;
	int result = 0;

	while (result == 0 && !final) {
		TALLOC_CTX *turn = talloc_new(b->mem);
		int64_t rows = 0, before = b->at.walked;

		result = throttle(b, turn, err);
		if (result == 0)
			result = run_until_it_goes(b, turn, &rows, &final, err);
		if (result == 0 && !final) {
			report(b);
			if (rows)
				result = nap(b,
					     pause_us(b, b->at.walked - before),
					     NULL, err);
		}
		talloc_free(turn);
	}
	return result;
}

/* --- going on ------------------------------------------------------------- */

static int take_position(struct batching *b, struct error *err)
{
	const struct batch_job *job = b->job;
	struct script_digest *digest = script_digest_new(b->mem);
	struct batch_position *at;
	char version[VERSION_LENGTH + 1];

	script_digest_add(digest, script_of(b), job->n);
	script_digest_text(digest, b->at.digest);
	if (!job->position)
		return 0;
	at = batch_position_parse(b->mem, job->position);
	if (!at)
		return refuse(b, ERROR_REFUSED, err,
			      "how far its batches came cannot be read");
	if (strcmp(at->digest, b->at.digest) != 0 &&
	    job->item->resume != RESUME_AGAIN) {
		refuse(b, ERROR_REFUSED, err,
		       "%" PRId64 " batch%s of it %s committed, and it is not "
		       "the same any more",
		       at->batches, at->batches == 1 ? "" : "es",
		       at->batches == 1 ? "is" : "are");
		return error_hint(err,
				  "put it back as it was, or do the rest as it "
				  "is now: git migrate repair %s --resume",
				  version_format(job->item->version, version));
	}
	memcpy(at->digest, b->at.digest, sizeof(at->digest));
	b->at = *at;
	if (b->at.size > statement_of(b)->batch->batch.rows)
		b->at.size = statement_of(b)->batch->batch.rows;
	return 0;
}

static int prepare(struct batching *b, struct error *err)
{
	const struct db_engine *engine = b->db->engine;
	const struct statement *s = statement_of(b);
	size_t place = 0;

	if (!engine->key || !engine->ask || !engine->execute_part)
		return refuse(b, ERROR_FAILED, err,
			      "statements cannot be run in batches on '%s'",
			      b->db->label);
	if (engine->inside(b->db)) {
		refuse(b, ERROR_FAILED, err,
		       "a statement cannot be run in batches inside a "
		       "transaction of the script's own");
		return error_hint(err, "end the transaction before it");
	}
	b->tries = tries_new(b->mem, b->job->runner, script_of(b), b->job->n,
			     b->job->facts);
	b->replicas = replicas_new(b->mem, b->job->runner->replica_urls,
				   &b->db->options);
	if (batch_parse(b->mem, script_of(b)->text + s->offset, s->length,
			engine->dialect, &b->text, &place, err) < 0)
		return locate(b, place, err);
	return take_position(b, err);
}

int batch_run(const struct batch_job *job, struct error *err)
{
	struct batching b = {
		.job = job,
		.db = job->runner->db,
		.mem = talloc_new(NULL),
		.began_us = clock_mono_us(),
		.first_lock = job->facts->lock_count,
	};
	int result = prepare(&b, err);

	if (result == 0)
		result = run_all(&b, err);
	talloc_free(b.mem);
	return result;
}

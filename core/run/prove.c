#include "core/run/prove_internal.h"

#include <string.h>

#include "core/base/text.h"
#include "core/run/data.h"
#include "core/run/timing.h"

/* Rows of a scratch table are counted one by one up to here. */
#define COUNT_LIMIT 1000000

/* --- what the steps are made of ------------------------------------------- */

static void fill_item(struct plan_item *item, const struct migration *m,
		      enum direction direction)
{
	memset(item, 0, sizeof(*item));
	item->version = m->version;
	item->name = m->name;
	item->direction = direction;
	item->path = m->half[direction].path;
	item->blob = m->half[direction].blob;
	item->down_path = m->half[DIRECTION_DOWN].path;
	item->down_blob = m->half[DIRECTION_DOWN].blob;
}

int bench_run(TALLOC_CTX *mem, struct bench *bench, struct db *db,
	      const struct migration *m, enum direction direction,
	      struct facts **facts, struct error *err)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	struct runner runner = {
		.db = db,
		.count = facts != NULL,
		.count_limit = COUNT_LIMIT,
		.read = bench->prover->read,
		.read_data = bench->prover->read_data,
	};
	struct plan_item item;
	int64_t usual = db->options.count_limit;
	struct facts *measured;
	int result;

	if (facts)
		db->options.count_limit = COUNT_LIMIT;
	fill_item(&item, m, direction);
	result = runner_run(turn, &runner, &item, &measured, err);
	db->options.count_limit = usual;
	if (facts)
		*facts = result == 0 ? talloc_steal(mem, measured) : NULL;
	talloc_free(turn);
	return result;
}

int bench_look(struct bench *bench, TALLOC_CTX *mem, struct catalog **catalog,
	       struct error *err)
{
	return bench->scratch->engine->catalog(mem, bench->scratch, catalog,
					       err);
}

char *bench_directive(TALLOC_CTX *mem, struct bench *bench,
		      const struct migration *m, enum direction direction,
		      enum directive_kind kind)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	const struct directive *found = NULL;
	struct error ignored = { 0 };
	struct script *script;
	char *text, *out = NULL;
	size_t length;

	if (bench->prover->read(turn, m->half[direction].blob, &text, &length,
				bench->prover->read_data, &ignored) == 0 &&
	    script_parse(turn, m->half[direction].path, text, length,
			 bench->scratch->engine->dialect, &script,
			 &ignored) == 0)
		found = script_directive(script, kind);
	if (found)
		out = talloc_strdup(mem, found->text ? found->text : "");
	error_release(&ignored);
	talloc_free(turn);
	return out;
}

void bench_report(const struct bench *bench, enum prove_stage stage, size_t at,
		  const struct proof *proof)
{
	struct prove_report report = {
		.stage = stage,
		.migration = &bench->set->list[at],
		.proof = proof,
		.at = stage == PROVE_UNWIND  ? bench->last - at + 1
		      : stage == PROVE_AGAIN ? at - bench->first + 1
					     : at + 1,
		.total = stage >= PROVE_UNWIND ? bench->last - bench->first + 1
					       : bench->last + 1,
	};

	if (bench->prover->report)
		bench->prover->report(&report, bench->prover->report_data);
}

bool prove_is_fatal(const struct error *err)
{
	return err->code == ERROR_INTERRUPTED || err->code == ERROR_CONNECTION;
}

char *prove_error_text(TALLOC_CTX *mem, struct error *err, char **place)
{
	char *text = talloc_strdup(mem, err->message);

	if (err->detail)
		text = talloc_asprintf_append(text, "\n%s", err->detail);
	*place = err->file && err->line
			 ? talloc_asprintf(mem, "%s:%d:%d", err->file,
					   err->line, err->column)
			 : NULL;
	error_release(err);
	return text;
}

static struct proof_difference *
add_difference(TALLOC_CTX *mem, struct proof_difference **list, size_t *count)
{
	struct proof_difference *d;

	*list = talloc_realloc(mem, *list, struct proof_difference,
			       (unsigned)*count + 1);
	d = &(*list)[(*count)++];
	memset(d, 0, sizeof(*d));
	return d;
}

bool prove_compare(TALLOC_CTX *mem, struct proof_difference **list,
		   size_t *count, const char *stage,
		   const struct catalog *expected, const struct catalog *found)
{
	size_t n;
	struct difference *all = catalog_compare(NULL, expected, found, &n);
	bool counts = false;

	for (size_t i = 0; i < n; i++) {
		struct proof_difference *d = add_difference(mem, list, count);

		d->stage = stage;
		d->kind = talloc_strdup(mem, all[i].kind);
		d->name = talloc_strdup(mem, all[i].name);
		d->expected = talloc_strdup(mem, all[i].before);
		d->found = talloc_strdup(mem, all[i].after);
		d->order_only = all[i].order_only;
		counts |= !d->order_only;
	}
	talloc_free(all);
	return counts;
}

/* Whether something counts that is not the same. */
static bool compare(struct proof *proof, const char *stage,
		    const struct catalog *expected, const struct catalog *found)
{
	bool differs = prove_compare(proof, &proof->differences,
				     &proof->difference_count, stage, expected,
				     found);

	if (differs)
		proof->outcome = PROOF_DIFFERS;
	return differs;
}

/* A script's failure is what the proof found out. */
static void failed(struct proof *proof, struct error *err)
{
	char *place;

	/* an up that fails after a down that left something is no surprise */
	if (proof->outcome != PROOF_DIFFERS)
		proof->outcome = PROOF_FAILED;
	proof->error = prove_error_text(proof, err, &place);
	proof->error_place = place;
}

static struct proof *proof_new(struct bench *bench, const struct migration *m,
			       const char *history)
{
	struct proof *p = talloc_zero(bench->mem, struct proof);

	p->version = m->version;
	p->name = talloc_strdup(p, m->name);
	p->up_blob = talloc_strdup(p, m->half[DIRECTION_UP].blob);
	p->down_blob = talloc_strdup(p, m->half[DIRECTION_DOWN].blob);
	p->engine = bench->scratch->engine->name;
	p->major = bench->scratch->major;
	p->server_version = talloc_strdup(p, bench->scratch->server_version);
	p->history = talloc_strdup(p, history);
	p->at = text_time(p, clock_wall_us());
	p->tool = bench->prover->tool;
	p->up_ms = p->down_ms = p->again_ms = -1;
	p->outcome = PROOF_PROVEN;
	return p;
}

/* --- idempotence ---------------------------------------------------------- */

static char *content_text(TALLOC_CTX *mem, const struct db_content *content,
			  const struct db_content *other)
{
	const char *rows = content->rows == 1 ? "row" : "rows";

	return talloc_asprintf(
		mem, "%s %s%s", text_thousands(mem, content->rows), rows,
		other && other->rows == content->rows ? ", others" : "");
}

/* Tables that are not in both are differences of the catalog already. */
static void compare_rows(struct proof *proof, const char *stage,
			 const struct db_contents *once,
			 const struct db_contents *twice)
{
	size_t i = 0, j = 0;

	while (once && twice && i < once->count && j < twice->count) {
		const struct db_content *a = &once->tables[i],
					*b = &twice->tables[j];
		int order = strcmp(a->table, b->table);
		struct proof_difference *d;

		i += order <= 0;
		j += order >= 0;
		if (order ||
		    (a->rows == b->rows && !strcmp(a->digest, b->digest)))
			continue;
		d = add_difference(proof, &proof->differences,
				   &proof->difference_count);
		d->stage = stage;
		d->kind = "rows of";
		d->name = talloc_strdup(proof, a->table);
		d->expected = content_text(proof, a, NULL);
		d->found = content_text(proof, b, a);
		proof->outcome = PROOF_DIFFERS;
	}
}

static int look_at_rows(struct bench *bench, TALLOC_CTX *mem,
			struct db_contents **contents, struct error *err)
{
	*contents = NULL;
	return bench->scratch->engine->contents
		       ? bench->scratch->engine->contents(mem, bench->scratch,
							  contents, err)
		       : 0;
}

/* Once more, when the script says that this changes nothing. */
static int run_twice(struct bench *bench, struct proof *proof,
		     const struct migration *m, enum direction direction,
		     const struct catalog *once, struct error *err)
{
	const char *stage = direction == DIRECTION_UP ? "up twice"
						      : "down twice";
	TALLOC_CTX *turn = talloc_new(NULL);
	char *claim = bench_directive(turn, bench, m, direction,
				      DIRECTIVE_IDEMPOTENT);
	struct db_contents *rows, *rows_twice;
	struct catalog *twice;
	int result = claim ? -1 : 0;

	if (!claim || look_at_rows(bench, turn, &rows, err) < 0)
		goto out;
	if (bench_run(turn, bench, bench->scratch, m, direction, NULL, err) <
	    0) {
		proof->failed_stage = stage;
		error_prefix(err, "the script is not idempotent, as it says");
		result = 1;
		goto out;
	}
	if (bench_look(bench, turn, &twice, err) < 0 ||
	    look_at_rows(bench, turn, &rows_twice, err) < 0)
		goto out;
	compare(proof, stage, once, twice);
	if (rows)
		compare_rows(proof, stage, rows, rows_twice);
	result = 0;
out:
	talloc_free(turn);
	return result;
}

/* --- one migration alone -------------------------------------------------- */

static int run_up(struct bench *bench, struct proof *proof,
		  const struct migration *m, struct catalog **after,
		  struct error *err)
{
	int result;

	proof->failed_stage = "up";
	if (bench_run(proof, bench, bench->scratch, m, DIRECTION_UP,
		      &proof->facts[DIRECTION_UP], err) < 0)
		return 1;
	bench->applied[m - bench->set->list] = true;
	if (proof->facts[DIRECTION_UP])
		proof->up_ms = proof->facts[DIRECTION_UP]->duration_ms;
	proof->error = bench_directive(proof, bench, m, DIRECTION_DOWN,
				       DIRECTIVE_IRREVERSIBLE);
	if (bench_look(bench, bench->mem, after, err) < 0)
		return -1;
	result = run_twice(bench, proof, m, DIRECTION_UP, *after, err);
	if (result == 0 && proof->error && proof->outcome == PROOF_PROVEN)
		proof->outcome = PROOF_IRREVERSIBLE;
	return result;
}

static int run_down(struct bench *bench, struct proof *proof,
		    const struct migration *m, const struct catalog *before,
		    struct error *err)
{
	struct catalog *reverted;
	bool differs;
	int result;

	proof->failed_stage = "down";
	if (bench_run(proof, bench, bench->scratch, m, DIRECTION_DOWN,
		      &proof->facts[DIRECTION_DOWN], err) < 0)
		return 1;
	if (data_look(bench, proof, m, DATA_REVERTED, err) < 0)
		return -1;
	proof->down_ms = proof->facts[DIRECTION_DOWN]->duration_ms;
	if (bench_look(bench, proof, &reverted, err) < 0)
		return -1;
	differs = compare(proof, "down", before, reverted);
	if (differs)
		result = mending_try(bench, proof, before, &reverted, err);
	else
		result = run_twice(bench, proof, m, DIRECTION_DOWN, reverted,
				   err);
	talloc_free(reverted);
	return result;
}

static int run_again(struct bench *bench, struct proof *proof,
		     const struct migration *m, const struct catalog *after,
		     struct error *err)
{
	struct facts *facts = NULL;

	proof->failed_stage = "up again";
	if (bench_run(proof, bench, bench->scratch, m, DIRECTION_UP, &facts,
		      err) < 0)
		return 1;
	if (facts)
		proof->again_ms = facts->duration_ms;
	talloc_free(facts);
	if (bench_look(bench, bench->mem, &bench->known, err) < 0)
		return -1;
	compare(proof, "up again", after, bench->known);
	return 0;
}

/* 1 when a script failed, which is for the proof to tell; -1 when the catalog
   could not be read, which says nothing about the scripts. */
static int run_alone(struct bench *bench, struct proof *proof,
		     const struct migration *m, struct error *err)
{
	struct catalog *before = bench->known, *after = NULL;
	int result;

	proof->schema = catalog_fingerprint(proof, before);
	bench->known = NULL;
	result = data_look(bench, proof, m, DATA_BEFORE, err);
	if (result == 0)
		result = run_up(bench, proof, m, &after, err);
	if (result == 0)
		result = data_look(bench, proof, m, DATA_AFTER, err);
	if (result == 0 && proof->error) { /* why it cannot be undone */
		bench->known = after;
		return 0;
	}
	if (result == 0)
		result = run_down(bench, proof, m, before, err);
	if (result == 0)
		result = run_again(bench, proof, m, after, err);
	if (result == 0)
		result = data_look(bench, proof, m, DATA_AGAIN, err);
	talloc_free(after);
	return result;
}

/* --- a bench of scratch databases ----------------------------------------- */

static int make_scratch(struct bench *bench, struct db **scratch,
			struct error *err)
{
	const struct prover *p = bench->prover;

	if (p->target->engine->scratch(bench->mem, p->target, p->scratch_url,
				       scratch, err) < 0)
		return -1;
	return data_restore(bench, *scratch, err);
}

static int replay_failed(struct error *err)
{
	error_prefix(err, "unable to replay what comes before");
	return error_hint(err, "the proof starts from an empty database: every "
			       "table that a migration needs must come from an "
			       "earlier one");
}

int bench_start_again(struct bench *bench, size_t count, struct error *err)
{
	talloc_free(bench->scratch);
	talloc_free(bench->known);
	bench->scratch = NULL;
	bench->known = NULL;
	if (!bench->main && make_scratch(bench, &bench->main, err) < 0)
		return -1;
	for (; bench->replayed < count; bench->replayed++) {
		int there = data_before(bench, bench->main, bench->replayed,
					err);

		if (there < 0)
			return -1;
		if (!there && bench->applied[bench->replayed] &&
		    bench_run(NULL, bench, bench->main,
			      &bench->set->list[bench->replayed], DIRECTION_UP,
			      NULL, err) < 0)
			return prove_is_fatal(err) ? -1 : replay_failed(err);
	}
	return bench->main->engine->scratch_copy(bench->mem, bench->main,
						 &bench->scratch, err);
}

static int prove_one(struct bench *bench, size_t at, bool more,
		     const char *history, struct proof **out, struct error *err)
{
	const struct migration *m = &bench->set->list[at];
	struct proof *proof = proof_new(bench, m, history);
	bool spoiled = false;
	int status = data_before(bench, bench->scratch, at, err);

	*out = proof;
	if (status == 0)
		status = run_alone(bench, proof, m, err);
	if (status == 0)
		status = data_finish(bench, proof, m, more, &spoiled, err);
	if (status < 0 || (status > 0 && prove_is_fatal(err)))
		return -1;
	if (status > 0)
		failed(proof, err);
	else
		proof->failed_stage = NULL;
	if (!more || (!spoiled && (proof->outcome == PROOF_PROVEN ||
				   proof->outcome == PROOF_IRREVERSIBLE)))
		return 0;
	return bench_start_again(bench, at + 1, err);
}

static int replay(struct bench *bench, size_t at, struct error *err)
{
	int there = data_before(bench, bench->scratch, at, err);

	bench->known = NULL;
	if (there)
		return there < 0 ? -1 : 0;
	if (bench_run(NULL, bench, bench->scratch, &bench->set->list[at],
		      DIRECTION_UP, NULL, err) < 0)
		return replay_failed(err);
	bench->applied[at] = true;
	return 0;
}

static int know(struct bench *bench, struct error *err)
{
	return bench->known ? 0
			    : bench_look(bench, bench->mem, &bench->known, err);
}

static int go_on(struct bench *bench, size_t at, struct proof **proof,
		 const char *history, struct error *err)
{
	struct catalog *before;
	bool unwinds = bench->steps && at >= bench->first;
	int result;

	if ((proof || unwinds) && know(bench, err) < 0)
		return -1;
	before = bench->known;
	result = proof ? prove_one(bench, at, at < bench->last || unwinds,
				   history, proof, err)
		       : replay(bench, at, err);
	if (result == 0 && unwinds && (result = know(bench, err)) == 0)
		bench->steps[at] = catalog_step_new(bench->mem, before,
						    bench->known);
	talloc_free(before);
	return result;
}

static int go_through(struct bench *bench, const bool *wanted,
		      struct proving *proving, struct error *err)
{
	const char **histories = proof_histories(bench->mem, bench->set);

	for (size_t i = 0; i <= bench->last; i++) {
		struct proof **proof =
			wanted[i] ? &proving->proofs[proving->count] : NULL;

		bench_report(bench, proof ? PROVE_ALONE : PROVE_REPLAY, i,
			     NULL);
		if (go_on(bench, i, proof, histories[i], err) < 0)
			return -1;
		bench->sound[i] = !proof || (*proof)->outcome == PROOF_PROVEN ||
				  (*proof)->outcome == PROOF_IRREVERSIBLE;
		if (!proof)
			continue;
		bench_report(bench, PROVE_DONE, i, *proof);
		proving->count++;
	}
	return 0;
}

/* Nothing is learned from unwinding the only one again. */
static void plan_unwind(struct bench *bench)
{
	if (bench->prover->unwind && bench->last > bench->first)
		bench->steps = talloc_zero_array(bench->mem,
						 struct catalog_step *,
						 (unsigned)bench->last + 1);
}

static int run(struct bench *bench, const bool *wanted, struct proving *proving,
	       struct error *err)
{
	if (data_open(bench, wanted, err) < 0 ||
	    make_scratch(bench, &bench->scratch, err) < 0 ||
	    go_through(bench, wanted, proving, err) < 0)
		return -1;
	if (bench->steps && unwind(bench, &proving->unwind, err) < 0)
		return -1;
	return timing_expect(bench->prover->target, proving->proofs,
			     proving->count, err);
}

int prove(TALLOC_CTX *mem, const struct prover *prover, const struct set *set,
	  const bool *wanted, struct proving *proving, struct error *err)
{
	struct bench bench = { .prover = prover, .set = set, .mem = mem };
	size_t total = 0;
	bool found = false;
	int result;

	*proving = (struct proving){ 0 };
	for (size_t i = set->count; i--;) {
		total += wanted[i];
		if (wanted[i] ||
		    (prover->unwind && prover->span && prover->span[i])) {
			bench.last = found ? bench.last : i;
			bench.first = i;
			found = true;
		}
	}
	proving->proofs = talloc_zero_array(mem, struct proof *,
					    (unsigned)total + 1);
	if (!total && bench.last == bench.first)
		return 0;
	bench.applied = talloc_zero_array(mem, bool, (unsigned)set->count);
	bench.sound = talloc_zero_array(mem, bool, (unsigned)set->count);
	plan_unwind(&bench);
	result = run(&bench, wanted, proving, err);
	talloc_free(bench.main);
	talloc_free(bench.scratch);
	return result;
}

int prove_replay(const struct prover *prover, const struct set *set,
		 const bool *wanted, struct db *scratch, struct error *err)
{
	struct bench bench = {
		.prover = prover,
		.set = set,
		.scratch = scratch,
	};

	for (size_t i = 0; i < set->count; i++)
		if (wanted[i] && bench_run(NULL, &bench, scratch, &set->list[i],
					   DIRECTION_UP, NULL, err) < 0)
			return -1;
	return 0;
}

#include "core/run/prove.h"

#include <string.h>

#include "core/base/text.h"

/* Both scratch databases of one call, and what stands in them. */
struct bench {
	const struct prover *prover;
	const struct set *set;
	struct db *scratch; /* up, down, up happens here */
	struct db *main;    /* ups only, to make scratch anew after a failure;
			       NULL when a single migration is proven */
	struct catalog *known; /* of scratch as it is, or NULL */
	TALLOC_CTX *mem;
};

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

/* Runs one script; *ms gets its duration when it ran to its end. */
static int run_script(struct bench *bench, struct db *db,
		      const struct migration *m, enum direction direction,
		      double *ms, struct error *err)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	struct runner runner = {
		.db = db,
		.read = bench->prover->read,
		.read_data = bench->prover->read_data,
	};
	struct plan_item item;
	struct facts *facts;
	int result;

	fill_item(&item, m, direction);
	result = runner_run(turn, &runner, &item, &facts, err);
	if (result == 0 && ms)
		*ms = facts->duration_ms;
	talloc_free(turn);
	return result;
}

static int look(struct bench *bench, TALLOC_CTX *mem, struct catalog **catalog,
		struct error *err)
{
	return bench->scratch->engine->catalog(mem, bench->scratch, catalog,
					       err);
}

static void add_differences(struct proof *proof, const char *stage,
			    const struct catalog *expected,
			    const struct catalog *found)
{
	size_t count;
	struct difference *list = catalog_compare(proof, expected, found,
						  &count);

	for (size_t i = 0; i < count; i++) {
		struct proof_difference *d;

		proof->differences = talloc_realloc(
			proof, proof->differences, struct proof_difference,
			(unsigned)proof->difference_count + 1);
		d = &proof->differences[proof->difference_count++];
		d->stage = stage;
		d->kind = talloc_strdup(proof, list[i].kind);
		d->name = talloc_strdup(proof, list[i].name);
		d->expected = talloc_strdup(proof, list[i].before);
		d->found = talloc_strdup(proof, list[i].after);
		d->order_only = list[i].order_only;
		if (!d->order_only)
			proof->outcome = PROOF_DIFFERS;
	}
}

/* A script's failure is what the proof found out. */
static void failed(struct proof *proof, struct error *err)
{
	/* an up that fails after a down that left something is no surprise */
	if (proof->outcome != PROOF_DIFFERS)
		proof->outcome = PROOF_FAILED;
	proof->error = talloc_strdup(proof, err->message);
	if (err->detail)
		proof->error = talloc_asprintf(proof, "%s\n%s", proof->error,
					       err->detail);
	if (err->file && err->line)
		proof->error_place = talloc_asprintf(
			proof, "%s:%d:%d", err->file, err->line, err->column);
	error_release(err);
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
	p->history = talloc_strdup(p, history);
	p->at = text_time(p, clock_wall_us());
	p->tool = bench->prover->tool;
	p->up_ms = p->down_ms = p->again_ms = -1;
	p->outcome = PROOF_PROVEN;
	return p;
}

/* Scripts that lost the connection or the person's patience prove nothing. */
static bool is_fatal(const struct error *err)
{
	return err->code == ERROR_INTERRUPTED || err->code == ERROR_CONNECTION;
}

/*
 * The reason in an `irreversible` line, or NULL. A down script that cannot be
 * read at all is left for running it to report.
 */
static char *irreversible(struct bench *bench, struct proof *proof,
			  const struct migration *m)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	const struct directive *found = NULL;
	struct error ignored = { 0 };
	struct script *script;
	char *text, *why = NULL;
	size_t length;

	if (bench->prover->read(turn, m->half[DIRECTION_DOWN].blob, &text,
				&length, bench->prover->read_data,
				&ignored) == 0 &&
	    script_parse(turn, m->half[DIRECTION_DOWN].path, text, length,
			 bench->scratch->engine->dialect, &script,
			 &ignored) == 0)
		found = script_directive(script, DIRECTIVE_IRREVERSIBLE);
	if (found)
		why = talloc_strdup(proof, found->text);
	error_release(&ignored);
	talloc_free(turn);
	return why;
}

/* 1 when a script failed, which is for the proof to tell; -1 when the catalog
   could not be read, which says nothing about the scripts. */
static int steps(struct bench *bench, struct proof *proof,
		 const struct migration *m, struct error *err)
{
	struct catalog *before, *after, *reverted, *again;

	if (!bench->known && look(bench, proof, &bench->known, err) < 0)
		return -1;
	before = talloc_steal(proof, bench->known);
	bench->known = NULL;
	proof->schema = catalog_fingerprint(proof, before);
	if (run_script(bench, bench->scratch, m, DIRECTION_UP, &proof->up_ms,
		       err) < 0)
		return 1;
	proof->error = irreversible(bench, proof, m);
	if (proof->error) {
		proof->outcome = PROOF_IRREVERSIBLE;
		return 0;
	}
	if (look(bench, proof, &after, err) < 0)
		return -1;
	if (run_script(bench, bench->scratch, m, DIRECTION_DOWN,
		       &proof->down_ms, err) < 0)
		return 1;
	if (look(bench, proof, &reverted, err) < 0)
		return -1;
	add_differences(proof, "down", before, reverted);
	if (run_script(bench, bench->scratch, m, DIRECTION_UP, &proof->again_ms,
		       err) < 0)
		return 1;
	if (look(bench, proof, &again, err) < 0)
		return -1;
	add_differences(proof, "up again", after, again);
	bench->known = talloc_steal(bench->mem, again);
	talloc_free(before);
	talloc_free(after);
	talloc_free(reverted);
	return 0;
}

/* Puts scratch into the state after `m`'s up, whatever the proof left. */
static int repair(struct bench *bench, struct error *err)
{
	if (!bench->main)
		return 0;
	talloc_free(bench->known);
	bench->known = NULL;
	talloc_free(bench->scratch);
	bench->scratch = NULL;
	return bench->main->engine->scratch_copy(bench->mem, bench->main,
						 &bench->scratch, err);
}

static int prove_one(struct bench *bench, const struct migration *m,
		     const char *history, struct proof **out, struct error *err)
{
	struct proof *proof = proof_new(bench, m, history);
	int status = steps(bench, proof, m, err);
	bool intact;

	*out = proof;
	if (status < 0 || (status > 0 && is_fatal(err)))
		return -1;
	if (status > 0)
		failed(proof, err);
	intact = proof->outcome == PROOF_PROVEN ||
		 proof->outcome == PROOF_IRREVERSIBLE;
	if (bench->main &&
	    run_script(bench, bench->main, m, DIRECTION_UP, NULL, err) < 0) {
		if (is_fatal(err))
			return -1;
		error_release(err);
	}
	return intact ? 0 : repair(bench, err);
}

static int replay(struct bench *bench, const struct migration *m,
		  struct error *err)
{
	talloc_free(bench->known);
	bench->known = NULL;
	if (run_script(bench, bench->scratch, m, DIRECTION_UP, NULL, err) < 0 ||
	    (bench->main &&
	     run_script(bench, bench->main, m, DIRECTION_UP, NULL, err) < 0)) {
		error_prefix(err, "unable to replay what comes before");
		return error_hint(err, "the proof starts from an empty "
				       "database: every table that a migration "
				       "needs must come from an earlier one");
	}
	return 0;
}

static int prove_in_order(struct bench *bench, const bool *wanted, size_t last,
			  struct proof **proofs, size_t *count,
			  struct error *err)
{
	const char **histories = proof_histories(bench->mem, bench->set);

	for (size_t i = 0; i <= last; i++) {
		const struct migration *m = &bench->set->list[i];

		if (bench->prover->report)
			bench->prover->report(m, NULL,
					      bench->prover->report_data);
		if (!wanted[i]) {
			if (replay(bench, m, err) < 0)
				return -1;
			continue;
		}
		if (prove_one(bench, m, histories[i], &proofs[*count], err) < 0)
			return -1;
		if (bench->prover->report)
			bench->prover->report(m, proofs[*count],
					      bench->prover->report_data);
		(*count)++;
	}
	return 0;
}

int prove(TALLOC_CTX *mem, const struct prover *prover, const struct set *set,
	  const bool *wanted, struct proof ***proofs, size_t *count,
	  struct error *err)
{
	const struct db_engine *engine = prover->target->engine;
	struct bench bench = { .prover = prover, .set = set, .mem = mem };
	size_t last = 0, total = 0;
	int result;

	*count = 0;
	for (size_t i = 0; i < set->count; i++)
		if (wanted[i]) {
			last = i;
			total++;
		}
	*proofs = talloc_zero_array(mem, struct proof *, (unsigned)total + 1);
	if (!total)
		return 0;
	if (engine->scratch(mem, prover->target, prover->scratch_url,
			    &bench.scratch, err) < 0)
		return -1;
	if (total > 1 &&
	    engine->scratch(mem, prover->target, prover->scratch_url,
			    &bench.main, err) < 0) {
		talloc_free(bench.scratch);
		return -1;
	}
	result = prove_in_order(&bench, wanted, last, *proofs, count, err);
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
		if (wanted[i] && run_script(&bench, scratch, &set->list[i],
					    DIRECTION_UP, NULL, err) < 0)
			return -1;
	return 0;
}

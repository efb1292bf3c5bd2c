#include "core/run/runner_internal.h"

#include <string.h>

/*
 * Before anything of a script is done that runs statement by statement, the
 * ledger says that it is unfinished, and which run has it.
 *
 * Where all DDL commits by itself, each script costs two commits of ours
 * beside its own: this one, and the one that says that it is applied. So the
 * latter takes the claim of the next script along. That one's script is begun
 * at once; when it is not, the claim is taken back. A run that is killed in
 * between leaves what it leaves when it is killed right after any other claim:
 * nothing is done, and the witness tells so.
 */
struct claim {
	const struct plan_item *item;
	struct progress at;
};

static const struct facts none;

static int insert_row(const struct runner *runner, const struct plan_item *item,
		      struct error *err)
{
	struct ledger_row row;

	if (item->direction == DIRECTION_UP)
		return runner_insert_row(runner, item, &none, UNFINISHED, 0,
					 err);
	runner_fill_row(runner, item, &none, &row);
	row.state = UNFINISHED;
	row.done = 0;
	row.duration_ms = -1; /* of the last run up */
	return ledger_progress(runner->db, row.version, &row, err);
}

static int remove_row(const struct runner *runner, const struct plan_item *item,
		      struct error *err)
{
	struct ledger_row row;

	if (item->direction == DIRECTION_UP)
		return ledger_remove(runner->db, item->version, err);
	runner_fill_row(runner, item, &none, &row);
	row.direction = DIRECTION_UP;
	row.duration_ms = -1;
	return ledger_progress(runner->db, row.version, &row, err);
}

int claim_still_ours(const struct runner *runner, struct error *err)
{
	const struct db_engine *engine = runner->db->engine;

	return engine->still_locked ? engine->still_locked(runner->db, err) : 0;
}

int claim_find_witness(TALLOC_CTX *mem, const struct runner *runner,
		       const struct plan_item *item, size_t n,
		       struct progress *at, struct error *err)
{
	struct db *db = runner->db;
	char *witness = NULL;

	if (db->engine->witness &&
	    db->engine->witness(mem, db, item->script, n, &witness, err) < 0)
		return -1;
	at->started = (int)n + 1;
	at->witness = witness;
	return 0;
}

/* A commit less, and where each one waits for the disk that is worth it. */
static int announce_first(TALLOC_CTX *mem, const struct runner *runner,
			  const struct plan_item *item, struct progress *at,
			  struct error *err)
{
	const struct script *script = item->script;

	if (!script->statement_count || !script->statements[0].alone ||
	    script->statements[0].batch || script->statements[0].control)
		return 0;
	return claim_find_witness(mem, runner, item, 0, at, err);
}

int claim_make(TALLOC_CTX *mem, struct runner *runner,
	       const struct plan_item *item, struct progress *at,
	       struct error *err)
{
	const struct db_engine *engine = runner->db->engine;

	if (!runner->record)
		return 0;
	if (claim_still_ours(runner, err) < 0 ||
	    announce_first(mem, runner, item, at, err) < 0)
		return -1;
	if (!runner->has_progress && progress_create(runner->db, err) < 0)
		return -1;
	runner->has_progress = true;
	progress_own(at);
	if (engine->begin(runner->db, NULL, err) < 0)
		return -1;
	if (insert_row(runner, item, err) == 0 &&
	    progress_insert(runner->db, at, err) == 0 &&
	    engine->commit(runner->db, err) == 0)
		return 0;
	engine->rollback(runner->db);
	return -1;
}

int claim_take_back(struct runner *runner, const struct plan_item *item,
		    const struct progress *at, struct error *err)
{
	const struct db_engine *engine = runner->db->engine;

	if (engine->begin(runner->db, NULL, err) < 0)
		return -1;
	if (remove_row(runner, item, err) == 0 &&
	    progress_remove(runner->db, at, err) == 0 &&
	    engine->commit(runner->db, err) == 0)
		return 0;
	engine->rollback(runner->db);
	return -1;
}

/* --- the next one's ------------------------------------------------------- */

/* Whether the next script will be claimed anyhow, and by nobody else. */
static bool can_claim_next(struct runner *runner, const struct plan_item *item)
{
	const struct plan_item *next = runner->next;

	if (!runner->record || !runner->alone || !runner->has_progress ||
	    db_can(runner->db, DB_TRANSACTIONAL_DDL) || !next || next->resume ||
	    next->direction != DIRECTION_UP || item->direction != DIRECTION_UP)
		return false;
	runner_split_next(runner);
	return next->script && next->script->statements &&
	       next->script->no_transaction;
}

/* One that might have been carried out for all that the catalog tells would be
   a question to whoever finds it. */
static bool is_certain(const struct progress *at)
{
	return !at->started || at->witness;
}

struct claim *claim_next(struct runner *runner, const struct plan_item *item)
{
	struct script_digest *digest;
	struct error ignored = { 0 };
	struct claim *claim;

	if (!can_claim_next(runner, item))
		return NULL;
	claim = talloc_zero(NULL, struct claim);
	claim->item = runner->next;
	claim->at.version = claim->item->version;
	digest = script_digest_new(claim);
	script_digest_text(digest, claim->at.digest);
	talloc_free(digest);
	progress_own(&claim->at);
	if (announce_first(claim, runner, claim->item, &claim->at, &ignored) ==
		    0 &&
	    is_certain(&claim->at))
		return claim;
	/* it is told when that one's turn comes */
	error_release(&ignored);
	talloc_free(claim);
	return NULL;
}

int claim_write(const struct runner *runner, const struct claim *claim,
		const struct progress *before, struct error *err)
{
	if (claim_still_ours(runner, err) < 0 ||
	    insert_row(runner, claim->item, err) < 0)
		return -1;
	return progress_pass_on(runner->db, before, &claim->at, err);
}

bool claim_use(TALLOC_CTX *mem, struct runner *runner,
	       const struct plan_item *item, struct progress *at)
{
	struct claim *claim = runner->ahead;

	if (!claim || !runner_is_same(claim->item, item))
		return false;
	*at = claim->at;
	talloc_steal(mem, claim);
	runner->ahead = NULL;
	return true;
}

int runner_let_go(struct runner *runner, const struct plan_item *item,
		  struct error *err)
{
	struct claim *claim = runner->ahead;
	char version[VERSION_LENGTH + 1];
	int result;

	if (!claim || (item && runner_is_same(claim->item, item)))
		return 0;
	runner->ahead = NULL;
	/* an interruption is over that came while it was made */
	runner->db->engine->rollback(runner->db);
	result = claim_take_back(runner, claim->item, &claim->at, err);
	if (result < 0)
		error_prefix(err,
			     "the ledger says that '%s_%s' is unfinished, "
			     "although nothing of it was begun",
			     version_format(claim->item->version, version),
			     claim->item->name);
	talloc_free(claim);
	return result;
}

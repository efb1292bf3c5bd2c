#include "cmd/unbegun.h"

#include "core/run/repair.h"

#define MOST_WAIT_MS 1000

static bool is_candidate(const struct state_entry *e)
{
	return e->state == STATE_UNFINISHED &&
	       e->row->direction == DIRECTION_UP && !e->row->done;
}

static bool has_any(const struct states *states)
{
	for (size_t i = 0; i < states->count; i++)
		if (is_candidate(&states->list[i]))
			return true;
	return false;
}

static int forget_one(struct session *s, const struct state_entry *e,
		      bool *forgotten, struct error *err)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	char version[VERSION_LENGTH + 1];
	struct repair repair = { 0 };
	struct plan plan;
	bool done = false;
	int result;

	result = plan_repair(turn, s->states, e->version, &plan, err);
	if (result == 0)
		result = repair_look(turn, &s->runner, &plan.items[0], &repair,
				     err);
	if (result == 0)
		result = repair_forget(&s->runner, &repair, &done, err);
	error_release(&repair.unreadable);
	if (done)
		cmd_say(&s->cmd,
			"'%s_%s' is not unfinished any more: nothing of it was "
			"begun",
			version_format(e->version, version), e->name);
	*forgotten |= done;
	talloc_free(turn);
	return result;
}

static int forget_all(struct session *s, bool *forgotten, struct error *err)
{
	for (size_t i = 0; i < s->states->count; i++)
		if (is_candidate(&s->states->list[i]) &&
		    forget_one(s, &s->states->list[i], forgotten, err) < 0)
			return -1;
	return 0;
}

/* Whoever has the lock is at work on it, unless the server is about to find out
   that it was killed: no more than that is waited for. */
static int lock(struct session *s, struct error *err)
{
	struct db *db = s->cmd.db;
	int wait_ms = db->options.wait_ms, result;

	if (s->locked)
		return 0;
	if (wait_ms > MOST_WAIT_MS)
		db->options.wait_ms = MOST_WAIT_MS;
	result = db->engine->lock(db, err);
	db->options.wait_ms = wait_ms;
	return result;
}

static int unlock(struct session *s, struct error *err)
{
	struct db *db = s->cmd.db;

	return s->locked ? 0 : db->engine->unlock(db, err);
}

/* The refusal stays the error unless something is forgotten. */
bool unbegun_forget(struct session *s)
{
	struct cmd *cmd = &s->cmd;
	struct error late = { 0 }, why = cmd->err;
	bool forgotten = false;

	if (why.code != ERROR_REFUSED || s->no_lock ||
	    cmd->db->options.read_only ||
	    db_can(cmd->db, DB_TRANSACTIONAL_DDL) || !has_any(s->states) ||
	    lock(s, &late) < 0) {
		error_release(&late);
		return false;
	}
	cmd->err = (struct error){ 0 };
	if (session_read(s) == 0)
		forget_all(s, &forgotten, &late);
	if (unlock(s, &late) < 0 || (forgotten && session_read(s) < 0))
		forgotten = false;
	error_release(&late);
	error_release(&cmd->err);
	if (forgotten)
		error_release(&why);
	else
		cmd->err = why;
	return forgotten;
}

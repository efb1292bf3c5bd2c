#include "core/scaffold/pending.h"

#include <string.h>
#include <strings.h>

struct pending {
	TALLOC_CTX *mem;
	const struct prover *prover;
	const struct set *here;
	const struct ledger *ledger;
	const char *subject;
	struct db *scratch;
	bool *wanted; /* by place in the set */
};

/* Part of a word of SQL, also of one beyond ASCII. */
static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '_' || c & 0x80;
}

static bool mentions(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = text; (at = strcasestr(at, name)); at++)
		if ((at == text || !is_word(at[-1])) && !is_word(at[length]))
			return true;
	return false;
}

static bool is_pending(const struct pending *p, size_t i)
{
	const struct ledger_row *row = ledger_find(p->ledger,
						   p->here->list[i].version);

	return !row || row->state == UNFINISHED;
}

/* 1 when a script that is not applied speaks of the subject. */
static int are_changed(const struct pending *p, struct error *err)
{
	int found = 0;

	for (size_t i = 0; i < p->here->count && !found; i++) {
		const struct half *up = &p->here->list[i].half[DIRECTION_UP];
		TALLOC_CTX *turn;
		size_t length;
		char *text;

		if (!is_pending(p, i) || !up->blob)
			continue;
		turn = talloc_new(NULL);
		if (p->prover->read(turn, up->blob, &text, &length,
				    p->prover->read_data, err) < 0)
			found = -1;
		else
			found = mentions(text, p->subject);
		talloc_free(turn);
	}
	return found;
}

/* Something else than what the scripts here made has been at work there. */
static int compare_with_target(const struct pending *p, struct error *err)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	struct db *target = p->prover->target;
	struct catalog *there, *made;
	struct difference *list;
	size_t count;
	int result = -1;

	if (target->engine->catalog(turn, target, &there, err) < 0 ||
	    target->engine->catalog(turn, p->scratch, &made, err) < 0)
		goto out;
	list = catalog_compare(turn, made, there, &count);
	for (size_t i = 0; i < count; i++) {
		const struct difference *d = &list[i];

		if (d->order_only ||
		    (!mentions(d->name, p->subject) &&
		     !(d->before && mentions(d->before, p->subject)) &&
		     !(d->after && mentions(d->after, p->subject))))
			continue;
		error_set(err, ERROR_FAILED,
			  "the applied scripts that are here make another %s "
			  "'%s' than it has",
			  d->kind, d->name);
		goto out;
	}
	result = 0;
out:
	talloc_free(turn);
	return result;
}

static int replay(struct pending *p, bool pending, struct error *err)
{
	for (size_t i = 0; i < p->here->count; i++)
		p->wanted[i] = is_pending(p, i) == pending;
	return prove_replay(p->prover, p->here, p->wanted, p->scratch, err);
}

static int replay_all(struct pending *p, struct error *err)
{
	struct db *target = p->prover->target;

	if (p->prover->forbidden)
		return error_set(err, ERROR_REFUSED,
				 "it is protected, and no migrate.scratchUrl "
				 "is configured");
	if (set_check(p->here, err) < 0 ||
	    target->engine->scratch(p->mem, target, p->prover->scratch_url,
				    &p->scratch, err) < 0)
		return -1;
	p->wanted = talloc_array(p->scratch, bool,
				 (unsigned)p->here->count + 1);
	if (replay(p, false, err) == 0 && compare_with_target(p, err) == 0 &&
	    replay(p, true, err) == 0)
		return 0;
	talloc_free(p->scratch);
	return -1;
}

int pending_open(TALLOC_CTX *mem, const struct prover *prover,
		 const struct set *here, const struct ledger *ledger,
		 const char *subject, struct db **db, struct error *err)
{
	struct pending p = {
		.mem = mem,
		.prover = prover,
		.here = here,
		.ledger = ledger,
		.subject = subject,
	};
	int changed = subject ? are_changed(&p, err) : 0;

	*db = prover->target;
	if (changed < 0)
		return -1;
	if (!changed)
		return 0;
	if (replay_all(&p, err) < 0)
		return error_prefix(err,
				    "pending migrations change '%s', and what "
				    "comes of it cannot be told",
				    subject);
	*db = p.scratch;
	return 0;
}

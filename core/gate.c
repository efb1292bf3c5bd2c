#include "core/gate.h"

#include <string.h>

const char *gate_rule_name(enum gate_rule rule)
{
	static const char *const names[] = {
		[GATE_PAIR] = "pair",	    [GATE_TAKEN] = "version-taken",
		[GATE_CHANGED] = "changed", [GATE_REMOVED] = "removed",
		[GATE_OLDER] = "older",	    [GATE_TEXT] = "text",
		[GATE_PROOF] = "proof",	    [GATE_FUTURE] = "future",
	};

	return names[rule];
}

void gate_add(TALLOC_CTX *mem, struct gate *gate, enum gate_rule rule,
	      bool warning, struct error *err)
{
	struct gate_finding *f;

	gate->findings = talloc_realloc(mem, gate->findings,
					struct gate_finding,
					(unsigned)gate->count + 1);
	f = &gate->findings[gate->count++];
	*f = (struct gate_finding){ rule, warning, *err };
	*err = (struct error){ 0 };
	gate->refused += !warning;
}

void gate_release(struct gate *gate)
{
	for (size_t i = 0; i < gate->count; i++)
		error_release(&gate->findings[i].err);
	gate->count = gate->refused = 0;
}

/* A version may be there twice, under two names. */
static const struct migration *find_named(const struct set *set,
					  const struct migration *like)
{
	const struct migration *m = set_find(set, like->version);

	for (; m && m < set->list + set->count && m->version == like->version;
	     m++)
		if (!strcmp(m->name, like->name))
			return m;
	return NULL;
}

static bool same_half(const struct half *a, const struct half *b)
{
	return a->path && b->path
		       ? a->blob && b->blob && !strcmp(a->blob, b->blob)
		       : !a->path && !b->path;
}

/* Also of two that both lack a half. */
static bool is_same(const struct migration *a, const struct migration *b)
{
	return a && same_half(&a->half[0], &b->half[0]) &&
	       same_half(&a->half[1], &b->half[1]);
}

bool gate_is_new(const struct gate *gate, const struct migration *m)
{
	if (is_same(find_named(gate->before, m), m))
		return false;
	for (size_t i = 0; i < gate->other_count; i++)
		if (!gate->others[i].target &&
		    is_same(find_named(gate->others[i].set, m), m))
			return false;
	return true;
}

bool gate_brings(const struct gate *gate, const struct migration *m,
		 enum direction direction)
{
	const struct half *half = &m->half[direction];
	const struct migration *old = find_named(gate->before, m);

	if (!half->path || (old && same_half(&old->half[direction], half)))
		return false;
	for (size_t i = 0; i < gate->other_count; i++) {
		const struct gate_other *other = &gate->others[i];
		const struct migration *theirs = find_named(other->set, m);

		if (!other->target && theirs &&
		    same_half(&theirs->half[direction], half))
			return false;
	}
	return true;
}

/* Where a message about a migration points to. */
static const char *path_of(const struct migration *m)
{
	return m->half[DIRECTION_UP].path ? m->half[DIRECTION_UP].path
					  : m->half[DIRECTION_DOWN].path;
}

struct judging {
	TALLOC_CTX *mem;
	struct gate *gate;
	struct error err;
};

static void report(struct judging *j, enum gate_rule rule, bool warning,
		   const char *path)
{
	error_at(&j->err, path, 0, 0);
	gate_add(j->mem, j->gate, rule, warning, &j->err);
}

static void report_changed(struct judging *j, const struct gate_other *other,
			   const struct migration *m, enum direction direction,
			   bool is_first)
{
	const char *path = m->half[direction].path;
	bool is_soft = other->target && !other->protected_;

	if (!other->target) {
		error_set(&j->err, ERROR_REFUSED,
			  "the script is not as '%s' has it, where others may "
			  "have applied it",
			  other->name);
		error_hint(&j->err, "put it back: git checkout '%s' -- '%s'",
			   other->revision ? other->revision : other->name,
			   path);
	} else {
		error_set(&j->err, ERROR_REFUSED,
			  "the script is not the one that target '%s' has",
			  other->name);
		/* sync leaves it: what is recorded still reverts it */
		if (is_soft && direction == DIRECTION_DOWN)
			error_hint(
				&j->err,
				"to revert it there with the script as it is "
				"here: git migrate down --from-file");
		else if (is_soft)
			error_hint(&j->err,
				   "if nobody else has it, have it there as it "
				   "is here: git migrate sync");
	}
	if (!is_soft || direction == DIRECTION_UP)
		error_hint(&j->err,
			   "what is to be different, a new migration does: git "
			   "migrate new NAME");
	report(j, GATE_CHANGED,
	       is_soft && (is_first || direction == DIRECTION_DOWN), path);
}

/* What others call a version by another name; NULL when they do not. */
static const struct migration *other_name(const struct gate_other *other,
					  const struct migration *m)
{
	const struct migration *theirs = set_find(other->set, m->version);

	return theirs && !find_named(other->set, m) ? theirs : NULL;
}

static void report_taken(struct judging *j, const struct gate_other *other,
			 const struct migration *m,
			 const struct migration *theirs)
{
	char version[VERSION_LENGTH + 1];

	version_format(m->version, version);
	error_set(&j->err, ERROR_REFUSED,
		  "duplicate version %s: '%s' here, and '%s' in %s'%s'",
		  version, m->name, theirs->name,
		  other->target ? "target " : "", other->name);
	error_hint(&j->err, "give yours a new one: git migrate renumber %s",
		   version);
	report(j, GATE_TAKEN, other->target && !other->protected_, path_of(m));
}

/* The same script under another name: its row in the ledger can follow. */
static bool is_renamed(const struct gate_other *other,
		       const struct migration *old, const struct migration *m)
{
	return other->target && old && m && old->version == m->version &&
	       same_half(&old->half[DIRECTION_UP], &m->half[DIRECTION_UP]);
}

static void report_renamed(struct judging *j, const struct gate_other *other,
			   const struct migration *m,
			   const struct migration *theirs)
{
	char version[VERSION_LENGTH + 1];

	version_format(m->version, version);
	error_set(&j->err, ERROR_REFUSED,
		  "migration '%s_%s' is called '%s_%s' in target '%s'", version,
		  m->name, version, theirs->name, other->name);
	error_hint(&j->err, "%s",
		   other->protected_ ? "keep the name"
				     : "call it so there, too: git migrate "
				       "sync");
	report(j, GATE_TAKEN, !other->protected_, path_of(m));
}

static void judge_against(struct judging *j, const struct gate_other *other,
			  const struct migration *m)
{
	const struct migration *old = find_named(j->gate->before, m);
	const struct migration *theirs = find_named(other->set, m);

	if (!theirs) {
		theirs = other_name(other, m);
		/* both names here is said of the set itself */
		if (!theirs || find_named(j->gate->now, theirs))
			return;
		if (is_renamed(other, find_named(j->gate->before, theirs), m))
			report_renamed(j, other, m, theirs);
		else
			report_taken(j, other, m, theirs);
		return;
	}
	for (int d = DIRECTION_UP; d <= DIRECTION_DOWN; d++) {
		const struct half *half = &m->half[d];

		if (!half->path || !theirs->half[d].path ||
		    same_half(&theirs->half[d], half) ||
		    (old && same_half(&old->half[d], half)))
			continue;
		report_changed(j, other, m, (enum direction)d,
			       !old || !old->half[d].path);
	}
}

/* The branch with the newest version above this one; NULL: none. */
static const struct gate_other *ahead(const struct gate *gate,
				      const struct migration *m)
{
	const struct gate_other *found = NULL;

	for (size_t i = 0; i < gate->other_count; i++) {
		const struct gate_other *other = &gate->others[i];

		if (other->target)
			continue;
		if (set_find(other->set, m->version))
			return NULL;
		if (other->newest > m->version &&
		    (!found || other->newest > found->newest))
			found = other;
	}
	return found;
}

static void judge_order(struct judging *j, const struct migration *m)
{
	const struct gate_other *other = ahead(j->gate, m);
	char version[VERSION_LENGTH + 1], newest[VERSION_LENGTH + 1];

	if (!other || find_named(j->gate->before, m))
		return;
	version_format(m->version, version);
	error_set(&j->err, ERROR_REFUSED,
		  "migration '%s_%s' is older than %s, which '%s' has: who has "
		  "applied that gets this one out of order",
		  version, m->name, version_format(other->newest, newest),
		  other->name);
	error_hint(&j->err, "give it a new version: git migrate renumber %s",
		   version);
	report(j, GATE_OLDER, !j->gate->order, path_of(m));
}

/* It may be another tool's version, and on purpose. */
static void judge_time(struct judging *j, const struct migration *m)
{
	char version[VERSION_LENGTH + 1];

	if (!j->gate->latest || m->version <= j->gate->latest ||
	    find_named(j->gate->before, m))
		return;
	version_format(m->version, version);
	error_set(&j->err, ERROR_REFUSED,
		  "migration '%s_%s' has a version that is far ahead of the "
		  "time: it comes behind all that is made until then",
		  version, m->name);
	error_hint(&j->err,
		   "give it the version of now: git migrate renumber %s",
		   version);
	report(j, GATE_FUTURE, true, path_of(m));
}

static void judge_removed(struct judging *j, const struct migration *m)
{
	for (size_t i = 0; i < j->gate->other_count; i++) {
		const struct gate_other *other = &j->gate->others[i];
		bool soft = other->target && !other->protected_;
		char version[VERSION_LENGTH + 1];

		if (!find_named(other->set, m) ||
		    is_renamed(other, m, set_find(j->gate->now, m->version)))
			continue;
		version_format(m->version, version);
		error_set(&j->err, ERROR_REFUSED,
			  "migration '%s_%s' goes, and %s'%s' has it", version,
			  m->name, other->target ? "target " : "", other->name);
		error_hint(&j->err, "%s",
			   soft ? "take it out of the database, too: git "
				  "migrate sync"
				: "keep it; what it did, a new migration "
				  "undoes: git migrate new NAME");
		report(j, GATE_REMOVED, soft, path_of(m));
	}
}

void gate_check(TALLOC_CTX *mem, struct gate *gate)
{
	struct judging j = { .mem = mem, .gate = gate };
	int64_t told = -1; /* of a version, once is enough */

	for (size_t i = 0; i < gate->now->count; i++) {
		const struct migration *m = &gate->now->list[i];

		if (!gate_is_new(gate, m))
			continue;
		if (set_check_at(gate->now, i, &j.err) < 0) {
			if (told == m->version)
				error_release(&j.err);
			else
				gate_add(mem, gate, GATE_PAIR, false, &j.err);
			told = m->version;
		}
		for (size_t k = 0; k < gate->other_count; k++)
			judge_against(&j, &gate->others[k], m);
		judge_order(&j, m);
		judge_time(&j, m);
	}
	for (size_t i = 0; i < gate->before->count; i++)
		if (!find_named(gate->now, &gate->before->list[i]))
			judge_removed(&j, &gate->before->list[i]);
}

/* "<<<<<<< ours", "=======", ">>>>>>> theirs" */
static bool is_mark(const char *line, size_t length, char mark)
{
	size_t n = 0;

	while (n < length && line[n] == mark)
		n++;
	return n == 7 && (n == length || line[n] == '\r' ||
			  (line[n] == ' ' && mark != '='));
}

int gate_conflict_line(const char *text, size_t length)
{
	static const char marks[] = "<=>";
	const char *end = text + length, *next;
	int line = 0, first = 0;
	size_t found = 0;

	for (; text < end && marks[found]; text = next) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		line++;
		next = stop ? stop + 1 : end;
		if (!is_mark(text, (size_t)((stop ? stop : end) - text),
			     marks[found]))
			continue;
		if (!found++)
			first = line;
	}
	return marks[found] ? 0 : first;
}

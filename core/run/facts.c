#include "core/run/facts.h"

#include <string.h>

#include "core/base/text.h"
#include "core/run/attempts.h"

struct facts *facts_new(TALLOC_CTX *mem, int64_t version, const char *name,
			enum direction direction)
{
	struct facts *facts = talloc_zero(mem, struct facts);

	facts->version = version;
	facts->name = talloc_strdup(facts, name);
	facts->direction = direction;
	facts->started_us = clock_wall_us();
	facts->began_us = clock_mono_us();
	return facts;
}

/* Entries up to here are never taken together. */
#define SEPARATE_STATEMENTS 1000

static bool alike(const struct fact_statement *a,
		  const struct fact_statement *b)
{
	if (!a->kind || !b->kind || strcmp(a->kind, b->kind) != 0 ||
	    a->relation_count != b->relation_count || a->batched || b->batched)
		return false;
	for (size_t i = 0; i < a->relation_count; i++)
		if (strcmp(a->relations[i], b->relations[i]) != 0)
			return false;
	return true;
}

struct fact_effect *facts_add_effect(struct facts *facts,
				     struct fact_statement *statement,
				     const char *relation)
{
	struct fact_effect *e;

	for (size_t i = 0; i < statement->effect_count; i++)
		if (!strcmp(statement->effects[i].relation, relation))
			return &statement->effects[i];
	statement->effects =
		talloc_realloc(facts, statement->effects, struct fact_effect,
			       (unsigned)statement->effect_count + 1);
	e = &statement->effects[statement->effect_count++];
	memset(e, 0, sizeof(*e));
	e->relation = talloc_strdup(facts, relation);
	return e;
}

static void join_effects(struct facts *facts, struct fact_statement *to,
			 const struct fact_statement *from)
{
	for (size_t i = 0; i < from->effect_count; i++) {
		const struct fact_effect *f = &from->effects[i];
		struct fact_effect *t = facts_add_effect(facts, to,
							 f->relation);

		t->rewritten |= f->rewritten;
		t->indexes_rewritten += f->indexes_rewritten;
		t->indexes_built += f->indexes_built;
		t->scans += f->scans;
		t->rows_scanned += f->rows_scanned;
		t->inserted += f->inserted;
		t->updated += f->updated;
		t->deleted += f->deleted;
	}
	if (from->wal_bytes >= 0)
		to->wal_bytes = from->wal_bytes +
				(to->wal_bytes > 0 ? to->wal_bytes : 0);
}

/* Once the next one comes, the last entry is complete. */
static void take_together(struct facts *facts)
{
	struct fact_statement *last, *before;

	if (facts->statement_count <= SEPARATE_STATEMENTS)
		return;
	last = &facts->statements[facts->statement_count - 1];
	before = last - 1;
	if (!alike(last, before))
		return;
	before->count += last->count;
	before->duration_ms += last->duration_ms;
	before->waited_ms += last->waited_ms;
	before->waited_bound_ms += last->waited_bound_ms;
	join_effects(facts, before, last);
	if (last->rows >= 0)
		before->rows = last->rows +
			       (before->rows > 0 ? before->rows : 0);
	facts->statement_count--;
}

struct fact_statement *facts_add_statement(struct facts *facts)
{
	struct fact_statement *s;

	take_together(facts);
	facts->statements =
		talloc_realloc(facts, facts->statements, struct fact_statement,
			       (unsigned)facts->statement_count + 1);
	s = &facts->statements[facts->statement_count++];
	memset(s, 0, sizeof(*s));
	s->index = ++facts->statements_seen;
	s->count = 1;
	s->rows = s->wal_bytes = -1;
	s->from_ms = -1;
	return s;
}

struct fact_statement *facts_join_batch(struct facts *facts)
{
	const struct fact_statement *last =
		&facts->statements[--facts->statement_count];
	struct fact_statement *s =
		&facts->statements[facts->statement_count - 1];

	facts->statements_seen--;
	s->duration_ms += last->duration_ms;
	s->waited_ms += last->waited_ms;
	s->waited_bound_ms += last->waited_bound_ms;
	join_effects(facts, s, last);
	if (last->rows >= 0)
		s->rows = last->rows + (s->rows > 0 ? s->rows : 0);
	return s;
}

static struct fact_lock *same_lock(struct facts *facts, size_t from, size_t end,
				   const struct fact_lock *lock)
{
	for (size_t i = from; i < end; i++)
		if (!strcmp(facts->locks[i].relation, lock->relation) &&
		    !strcmp(facts->locks[i].mode, lock->mode))
			return &facts->locks[i];
	return NULL;
}

void facts_join_locks(struct facts *facts, size_t from)
{
	size_t kept = from;

	for (size_t i = from; i < facts->lock_count; i++) {
		struct fact_lock *l = &facts->locks[i];
		struct fact_lock *same = same_lock(facts, from, kept, l);

		if (!same) {
			facts->locks[kept++] = *l;
			continue;
		}
		l->rewrite |= same->rewrite;
		l->scan |= same->scan;
		if (same->held_ms < l->held_ms)
			*same = *l;
		same->rewrite |= l->rewrite;
		same->scan |= l->scan;
	}
	if (facts->lock_count > from)
		facts->lock_count = kept;
}

struct fact_table *facts_table(struct facts *facts, const char *name)
{
	struct fact_table *t;

	for (size_t i = 0; i < facts->table_count; i++)
		if (!strcmp(facts->tables[i].name, name))
			return &facts->tables[i];
	facts->tables = talloc_realloc(facts, facts->tables, struct fact_table,
				       (unsigned)facts->table_count + 1);
	t = &facts->tables[facts->table_count++];
	t->name = talloc_strdup(facts, name);
	t->rows_before = t->rows_after = -1;
	t->estimated = false;
	return t;
}

double facts_since(const struct facts *facts, int64_t us)
{
	return us > facts->began_us ? (double)(us - facts->began_us) / 1000 : 0;
}

struct fact_lock *facts_add_lock(struct facts *facts, const char *relation,
				 const char *mode, int64_t since_us)
{
	struct fact_lock *l;

	for (size_t i = 0; i < facts->lock_count; i++)
		if (!strcmp(facts->locks[i].relation, relation) &&
		    !strcmp(facts->locks[i].mode, mode) &&
		    facts->locks[i].held_ms < 0)
			return NULL;
	facts->locks = talloc_realloc(facts, facts->locks, struct fact_lock,
				      (unsigned)facts->lock_count + 1);
	l = &facts->locks[facts->lock_count++];
	memset(l, 0, sizeof(*l));
	l->relation = talloc_strdup(facts, relation);
	l->mode = talloc_strdup(facts, mode);
	l->since_us = since_us;
	l->from_ms = facts_since(facts, since_us);
	l->held_ms = l->bound_ms = l->waited_ms = -1;
	return l;
}

/* What was done to the relation by that statement and those after it. */
static void note_done(const struct facts *facts, struct fact_lock *l)
{
	for (size_t i = 0; i < facts->statement_count; i++) {
		const struct fact_statement *s = &facts->statements[i];

		for (size_t k = 0;
		     s->index >= l->statement && k < s->effect_count; k++) {
			const struct fact_effect *e = &s->effects[k];

			if (strcmp(e->relation, l->relation) != 0)
				continue;
			l->rewrite |= e->rewritten;
			l->scan |= e->scans > 0;
		}
	}
}

void facts_mark_locks(struct facts *facts, size_t from)
{
	for (size_t i = from; i < facts->lock_count; i++)
		note_done(facts, &facts->locks[i]);
}

void facts_release_lock(const struct facts *facts, struct fact_lock *lock,
			int64_t now_us)
{
	lock->held_ms = (double)(now_us - lock->since_us) / 1000;
	note_done(facts, lock);
}

void facts_release_locks(struct facts *facts, int64_t now_us)
{
	for (size_t i = 0; i < facts->lock_count; i++) {
		struct fact_lock *l = &facts->locks[i];

		if (l->held_ms < 0)
			facts_release_lock(facts, l, now_us);
		if (l->held_ms > facts->lock_ms)
			facts->lock_ms = l->held_ms;
	}
}

/* Who waits is asked for again and again; the answers differ by a little. */
#define SAME_WAIT_US 5000
#define MOST_VICTIMS 1000

struct fact_victim *facts_add_victim(struct facts *facts, int64_t pid,
				     int64_t since_us)
{
	struct fact_victim *v;

	for (size_t i = facts->victim_count; i-- > 0;) {
		int64_t apart = facts->victims[i].since_us - since_us;

		if (facts->victims[i].pid == pid && apart < SAME_WAIT_US &&
		    apart > -SAME_WAIT_US)
			return &facts->victims[i];
	}
	facts->victims_seen++;
	if (facts->victim_count == MOST_VICTIMS)
		return NULL;
	facts->victims = talloc_realloc(facts, facts->victims,
					struct fact_victim,
					(unsigned)facts->victim_count + 1);
	v = &facts->victims[facts->victim_count++];
	memset(v, 0, sizeof(*v));
	v->pid = pid;
	v->since_us = since_us;
	v->from_ms = facts_since(facts, since_us);
	return v;
}

bool facts_tell_nothing(const struct facts *facts)
{
	return facts->ok && facts->gap_count && !facts->statement_count;
}

void facts_add_gap(struct facts *facts, const char *gap)
{
	for (size_t i = 0; i < facts->gap_count; i++)
		if (!strcmp(facts->gaps[i], gap))
			return;
	facts->gaps = talloc_realloc(facts, facts->gaps, const char *,
				     (unsigned)facts->gap_count + 1);
	facts->gaps[facts->gap_count++] = talloc_strdup(facts, gap);
}

#include "core/run/prove_internal.h"

#include <string.h>

#include "core/db/mend.h"

/* More than that a person writes anew. */
#define MOST_DIFFERENCES 60

struct mending {
	struct bench *bench;
	struct proof *proof;
	const struct catalog *expected;
	struct catalog *found; /* on bench->mem */
	struct difference *left;
	size_t left_count;
	const char **given_up; /* "kind name" that did not work this time */
	size_t given_up_count;
	TALLOC_CTX *mem;
};

/* --- what is left to be mended -------------------------------------------- */

/* Without columns at another place, which nothing mends. */
static size_t compare(TALLOC_CTX *mem, const struct catalog *expected,
		      const struct catalog *found, struct difference **list)
{
	size_t count, kept = 0;

	*list = catalog_compare(mem, expected, found, &count);
	for (size_t i = 0; i < count; i++)
		if (!(*list)[i].order_only)
			(*list)[kept++] = (*list)[i];
	return kept;
}

static bool is_in(const struct difference *list, size_t count,
		  const struct difference *d)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].kind, d->kind) &&
		    !strcmp(list[i].name, d->name))
			return true;
	return false;
}

/*
 * What goes takes along what belongs to it: it comes first. Of what comes,
 * what others need is first.
 */
static int rank(const struct difference *d)
{
	static const char *const order[] = {
		"schema",   "extension",  "type",      "domain",
		"sequence", "function",	  "procedure", "table",
		"column",   "constraint", "index",     "check",
		"view",	    "trigger",	  "rule",      "foreign key",
	};
	size_t n = sizeof(order) / sizeof(*order), i = 0;

	while (i < n && strcmp(d->kind, order[i]) != 0)
		i++;
	if (d->before)
		return 100 + (int)i;
	return !strcmp(d->kind, "table") || !strcmp(d->kind, "view")
		       ? 0
		       : 50 - (int)i;
}

static bool was_given_up(const struct mending *m, const struct difference *d)
{
	for (size_t i = 0; i < m->given_up_count; i++)
		if (!strncmp(m->given_up[i], d->kind, strlen(d->kind)) &&
		    !strcmp(m->given_up[i] + strlen(d->kind) + 1, d->name))
			return true;
	return false;
}

static void give_up(struct mending *m, const struct difference *d)
{
	m->given_up = talloc_realloc(m->mem, m->given_up, const char *,
				     (unsigned)m->given_up_count + 1);
	m->given_up[m->given_up_count++] = talloc_asprintf(m->mem, "%s %s",
							   d->kind, d->name);
}

static const struct difference *next(const struct mending *m)
{
	const struct difference *best = NULL;

	for (size_t i = 0; i < m->left_count; i++)
		if (!was_given_up(m, &m->left[i]) &&
		    (!best || rank(&m->left[i]) < rank(best)))
			best = &m->left[i];
	return best;
}

/* --- trying --------------------------------------------------------------- */

static int execute(struct db *db, const struct mend *mend, struct error *err)
{
	int result = db->engine->begin(db, NULL, err);

	for (size_t i = 0; result == 0 && i < mend->count; i++)
		result = db->engine->query(db, mend->statements[i], NULL, 0,
					   NULL, NULL, err);
	if (result == 0)
		result = db->engine->commit(db, err);
	if (result < 0)
		db->engine->rollback(db);
	return result;
}

/* It helped when this difference is gone, and no other one has come. */
static bool has_helped(const struct mending *m, const struct difference *d,
		       const struct difference *now, size_t now_count)
{
	if (is_in(now, now_count, d))
		return false;
	for (size_t i = 0; i < now_count; i++)
		if (!is_in(m->left, m->left_count, &now[i]))
			return false;
	return true;
}

static void keep(struct mending *m, const struct difference *d,
		 const struct mend *mend)
{
	struct proof *p = m->proof;
	char *text = talloc_strdup(p, "");

	for (size_t i = 0; i < mend->count; i++) {
		text = talloc_asprintf_append(text, "%s%s;", i ? "\n" : "",
					      mend->statements[i]);
		p->repairs = talloc_realloc(p, p->repairs, const char *,
					    (unsigned)p->repair_count + 1);
		p->repairs[p->repair_count++] =
			talloc_asprintf(p, "%s;", mend->statements[i]);
	}
	for (size_t i = 0; i < p->difference_count; i++) {
		struct proof_difference *of = &p->differences[i];

		if (!strcmp(of->stage, "down") && !strcmp(of->kind, d->kind) &&
		    !strcmp(of->name, d->name))
			of->repair = text;
	}
}

/* 1: it helped; 0: it could not be carried out, and nothing is changed; 2: it
   did something else, so that nothing more can be said. */
static int try_one(struct mending *m, const struct difference *d,
		   struct error *err)
{
	struct db *db = m->bench->scratch;
	struct mend mend = { .mem = m->mem };
	struct mend_request request = {
		.difference = d,
		.expected = m->expected,
		.found = m->found,
		.quote = db->engine->quote_name,
	};
	struct difference *now;
	struct catalog *found;
	size_t now_count;

	db->engine->mend(&mend, &request);
	if (!mend.count)
		return 0;
	if (execute(db, &mend, err) < 0) {
		if (prove_is_fatal(err))
			return -1;
		error_release(err);
		/* the first of them may have lasted */
		return mend.count > 1 && !db_can(db, DB_TRANSACTIONAL_DDL) ? 2
									   : 0;
	}
	if (bench_look(m->bench, m->bench->mem, &found, err) < 0)
		return -1;
	now_count = compare(m->mem, m->expected, found, &now);
	if (!has_helped(m, d, now, now_count)) {
		talloc_free(m->found);
		m->found = found;
		return 2;
	}
	keep(m, d, &mend);
	talloc_free(m->found);
	m->found = found;
	m->left = now;
	m->left_count = now_count;
	return 1;
}

/* What did not work may do so once something else is mended. */
static int try_all(struct mending *m, struct error *err)
{
	const struct difference *d;
	bool again = false;

	while ((d = next(m)) != NULL || again) {
		int result;

		if (!d) {
			m->given_up_count = 0;
			again = false;
			continue;
		}
		result = try_one(m, d, err);
		if (result < 0 || result == 2)
			return result < 0 ? -1 : 0;
		if (result == 0)
			give_up(m, d);
		else
			again = m->given_up_count > 0;
	}
	return 0;
}

int mending_try(struct bench *bench, struct proof *proof,
		const struct catalog *expected, struct catalog **found,
		struct error *err)
{
	struct mending m = {
		.bench = bench,
		.proof = proof,
		.expected = expected,
		.found = *found,
		.mem = talloc_new(NULL),
	};
	int result = 0;

	m.left_count = compare(m.mem, expected, m.found, &m.left);
	if (m.left_count <= MOST_DIFFERENCES)
		result = try_all(&m, err);
	*found = m.found;
	talloc_free(m.mem);
	return result;
}

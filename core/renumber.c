#include "core/renumber.h"

#include <string.h>

#include "core/scaffold/place.h"

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* By version and name: what is in it may have been edited here. */
static bool have(const struct set *theirs, const struct migration *m)
{
	const struct migration *other = set_find(theirs, m->version);
	const struct migration *end = theirs->list + theirs->count;

	for (; other && other < end && other->version == m->version; other++)
		if (!strcmp(other->name, m->name))
			return true;
	return false;
}

/* One of ours with the same version came before it in the list. */
static bool is_twin(const struct renumber_request *r, size_t i)
{
	const struct migration *m = &r->here->list[i];

	while (i-- > 0 && r->here->list[i].version == m->version)
		if (!have(r->theirs, &r->here->list[i]))
			return true;
	return false;
}

static bool is_out_of_place(const struct renumber_request *r, size_t i)
{
	const struct set *theirs = r->theirs;
	size_t n = theirs->count;

	if (is_twin(r, i))
		return true;
	while (n && theirs->list[n - 1].version >= VERSION_END)
		n--;
	return n && r->here->list[i].version <= theirs->list[n - 1].version;
}

static bool is_new(const struct migration *m)
{
	return (m->half[0].flags | m->half[1].flags) &
	       (HALF_NEW | HALF_UNTRACKED);
}

/* Which of several with that version keeps it: the first that was committed.
   NULL: none, or there is only one. */
static const struct migration *keeper(const struct renumber_request *r,
				      int64_t version)
{
	const struct migration *m = set_find(r->here, version), *first = m;
	const struct migration *end = r->here->list + r->here->count;

	if (!m || m + 1 == end || m[1].version != version ||
	    set_find(r->theirs, version))
		return NULL;
	for (; m < end && m->version == version; m++)
		if (!is_new(m))
			return m;
	return first;
}

static bool is_asked_for(const struct renumber_request *r,
			 const struct migration *m)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->versions[i] == m->version)
			return keeper(r, m->version) != m;
	return false;
}

static int not_ours(const struct renumber_request *r, int64_t version,
		    struct error *err)
{
	const struct migration *m = set_find(r->here, version);
	char digits[VERSION_LENGTH + 1];

	version_format(version, digits);
	if (!m) {
		error_set(err, ERROR_FAILED, "there is no migration %s here",
			  digits);
		return error_hint(err, "see the versions: git migrate status");
	}
	error_set(err, ERROR_REFUSED,
		  "migration '%s_%s' is in '%s': others have it under this "
		  "version",
		  digits, m->name, r->theirs_name);
	return error_hint(err,
			  "if only your own branch was pushed there, name the "
			  "branch that it goes into: git migrate renumber "
			  "--upstream REF %s",
			  digits);
}

static int check_asked(const struct renumber_request *r, struct error *err)
{
	for (size_t i = 0; i < r->count; i++) {
		bool ours = false;

		for (size_t k = 0; k < r->here->count; k++)
			ours |= r->here->list[k].version == r->versions[i] &&
				!have(r->theirs, &r->here->list[k]);
		if (!ours)
			return not_ours(r, r->versions[i], err);
	}
	return 0;
}

int renumber_plan(TALLOC_CTX *mem, const struct renumber_request *r,
		  struct renumbering **list, size_t *count, struct error *err)
{
	int64_t next = r->first;
	bool moving = false;

	*count = 0;
	*list = talloc_array(mem, struct renumbering,
			     (unsigned)r->here->count + 1);
	if (check_asked(r, err) < 0)
		return -1;
	for (size_t i = 0; i < r->here->count; i++) {
		const struct migration *m = &r->here->list[i];

		if (have(r->theirs, m))
			continue;
		moving = moving || (!r->count && is_out_of_place(r, i));
		if (!moving && !is_asked_for(r, m))
			continue;
		if (next < 0)
			return version_refuse_last(r->newest, err);
		(*list)[(*count)++] = (struct renumbering){ m, next };
		next = version_next(next);
	}
	return 0;
}

char *renumber_path(TALLOC_CTX *mem, const char *path, int64_t to)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;
	char version[VERSION_LENGTH + 1];

	return talloc_asprintf(mem, "%.*s%s%s", (int)(file - path), path,
			       version_format(to, version),
			       file + VERSION_LENGTH);
}

static int64_t new_version(const struct migration *m,
			   const struct renumbering *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].m == m)
			return list[i].to;
	return m->version;
}

struct set *renumber_set(TALLOC_CTX *mem, const struct set *here,
			 const struct renumbering *list, size_t count)
{
	struct set *set = set_new(mem);
	struct error ignored = { 0 };

	for (size_t i = 0; i < here->count; i++) {
		const struct migration *m = &here->list[i];
		int64_t to = new_version(m, list, count);

		for (int d = 0; d < 2; d++)
			if (m->half[d].path)
				set_add(set,
					renumber_path(set, m->half[d].path, to),
					m->half[d].blob, m->half[d].flags,
					&ignored);
	}
	error_release(&ignored);
	set_sort(set);
	return set;
}

bool renumber_same_before(const struct set *a, const struct migration *of_a,
			  const struct set *b, const struct migration *of_b)
{
	size_t n = (size_t)(of_a - a->list);

	if (n != (size_t)(of_b - b->list))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!same_text(a->list[i].half[DIRECTION_UP].blob,
			       b->list[i].half[DIRECTION_UP].blob))
			return false;
	return true;
}

#include "core/migration.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

static const char *const endings[] = { ".up.sql", ".down.sql" };

const char *direction_name(enum direction direction)
{
	return direction == DIRECTION_UP ? "up" : "down";
}

char *version_format(int64_t version, char buffer[VERSION_LENGTH + 1])
{
	for (int i = VERSION_LENGTH - 1; i >= 0; i--) {
		buffer[i] = (char)('0' + version % 10);
		version /= 10;
	}
	buffer[VERSION_LENGTH] = '\0';
	return buffer;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* False unless just so many digits are there. */
static bool take_version(const char *text, int64_t *version)
{
	int64_t n = 0;

	for (int i = 0; i < VERSION_LENGTH; i++) {
		if (!is_digit(text[i]))
			return false;
		n = n * 10 + (text[i] - '0');
	}
	if (is_digit(text[VERSION_LENGTH]))
		return false;
	*version = n;
	return true;
}

int version_parse(const char *text, int64_t *version)
{
	int64_t n;

	if (!take_version(text, &n) || text[VERSION_LENGTH])
		return -1;
	*version = n;
	return 0;
}

char *migration_label(TALLOC_CTX *mem, const struct migration *m)
{
	char version[VERSION_LENGTH + 1];

	return talloc_asprintf(mem, "%s_%s",
			       version_format(m->version, version), m->name);
}

static bool ends_with(const char *text, size_t length, const char *ending)
{
	size_t tail = strlen(ending);

	return length >= tail && !memcmp(text + length - tail, ending, tail);
}

static int name_error(const char *file, const char *why, struct error *err)
{
	char *shown = text_visible(NULL, file, false);

	error_set(err, ERROR_FAILED, "malformed script name '%s': %s", shown,
		  why);
	error_hint(err, "a script is called VERSION_NAME.up.sql or "
			"VERSION_NAME.down.sql, with a version of 14 digits");
	talloc_free(shown);
	return -1;
}

/* Control characters, and what would leave the folder or the line. */
static bool is_clean_name(const char *name, size_t length)
{
	if (text_is_plain(name, length))
		return !memchr(name, '/', length) &&
		       !memchr(name, '\\', length);
	if (utf8_check(name, length) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f ||
		    name[i] == '/' || name[i] == '\\')
			return false;
	return true;
}

int script_name_parse(const char *file, int64_t *version, const char **name,
		      size_t *name_length, enum direction *direction,
		      struct error *err)
{
	size_t length = strlen(file);

	if (ends_with(file, length, endings[DIRECTION_UP]))
		*direction = DIRECTION_UP;
	else if (ends_with(file, length, endings[DIRECTION_DOWN]))
		*direction = DIRECTION_DOWN;
	else
		return 0;
	length -= strlen(endings[*direction]);
	if (!is_clean_name(file, length))
		return name_error(file,
				  "it has characters that a name may "
				  "not have",
				  err);
	if (!take_version(file, version))
		return name_error(file, "it does not begin with 14 digits",
				  err);
	if (length < VERSION_LENGTH + 2 || file[VERSION_LENGTH] != '_')
		return name_error(file, "it has no _NAME after the version",
				  err);
	*name = file + VERSION_LENGTH + 1;
	*name_length = length - VERSION_LENGTH - 1;
	return 1;
}

struct set *set_new(TALLOC_CTX *mem)
{
	struct set *set = talloc_zero(mem, struct set);

	set->strings = arena_new(set);
	return set;
}

/* Files come in an order where the halves of a pair stand together, so the
   other half is nearly always the last migration that was added. */
static struct migration *find_unsorted(const struct set *set, int64_t version,
				       const char *name, size_t length)
{
	for (size_t i = set->count; i > 0 && i + 2 > set->count; i--) {
		struct migration *m = &set->list[i - 1];

		if (m->version == version && strlen(m->name) == length &&
		    !memcmp(m->name, name, length))
			return m;
	}
	return NULL;
}

/* The last migration, when it has its down script and the path is that of its
   up script: then its name has been seen. */
static struct migration *just_begun(const struct set *set, const char *path)
{
	size_t length = strlen(path), stem = length - strlen(".up.sql");
	struct migration *last = set->count ? &set->list[set->count - 1] : NULL;
	const char *down = last ? last->half[DIRECTION_DOWN].path : NULL;

	return down && !last->half[DIRECTION_UP].path &&
			       ends_with(path, length, ".up.sql") &&
			       !strncmp(down, path, stem) &&
			       !strcmp(down + stem, ".down.sql")
		       ? last
		       : NULL;
}

static void set_room(struct set *set, size_t room)
{
	set->room = room;
	set->list = talloc_realloc(set, set->list, struct migration,
				   (unsigned)room);
}

void set_reserve(struct set *set, size_t count)
{
	if (count > set->room - set->count)
		set_room(set, set->count + count);
}

static struct migration *append(struct set *set)
{
	if (set->count == set->room)
		set_room(set, set->room ? 2 * set->room : 64);
	memset(&set->list[set->count], 0, sizeof(*set->list));
	return &set->list[set->count++];
}

static void set_half(struct set *set, struct migration *m,
		     enum direction direction, const char *path,
		     const char *blob, unsigned flags)
{
	m->half[direction].path = arena_copy(set->strings, path);
	m->half[direction].blob = arena_copy(set->strings, blob);
	m->half[direction].flags = flags;
}

int set_add(struct set *set, const char *path, const char *blob, unsigned flags,
	    struct error *err)
{
	struct migration *m = just_begun(set, path);
	const char *slash, *name = NULL;
	enum direction direction;
	int64_t version = 0;
	size_t length = 0;
	int ours;

	if (m) {
		set_half(set, m, DIRECTION_UP, path, blob, flags);
		return 0;
	}
	slash = strrchr(path, '/');
	ours = script_name_parse(slash ? slash + 1 : path, &version, &name,
				 &length, &direction, err);
	if (ours <= 0) {
		if (ours < 0) {
			char *shown = text_visible(NULL, path, false);

			error_at(err, shown, 0, 0);
			talloc_free(shown);
		}
		return ours;
	}
	m = find_unsorted(set, version, name, length);
	if (!m) {
		m = append(set);
		m->version = version;
		m->name = arena_copy_n(set->strings, name, length);
	}
	set_half(set, m, direction, path, blob, flags);
	return 0;
}

void set_note_problem(struct set *set, struct error *err)
{
	set->problems = talloc_realloc(set, set->problems, char *,
				       (unsigned)set->problem_count + 1);
	set->problems[set->problem_count++] =
		talloc_asprintf(set, "%s%s%s", err->file ? err->file : "",
				err->file ? ": " : "", err->message);
	error_release(err);
}

static int by_version(const void *a, const void *b)
{
	const struct migration *x = a, *y = b;

	if (x->version != y->version)
		return x->version < y->version ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Files come in an order that nearly always is this one. */
static bool is_sorted(const struct set *set)
{
	for (size_t i = 1; i < set->count; i++)
		if (by_version(&set->list[i - 1], &set->list[i]) >= 0)
			return false;
	return true;
}

void set_sort(struct set *set)
{
	size_t kept = 0;

	if (is_sorted(set))
		return;
	qsort(set->list, set->count, sizeof(*set->list), by_version);
	/* halves that did not come one after the other meet here */
	for (size_t i = 0; i < set->count; i++) {
		struct migration *last = kept ? &set->list[kept - 1] : NULL;

		if (last && !by_version(last, &set->list[i])) {
			for (int d = 0; d < 2; d++)
				if (!last->half[d].path)
					last->half[d] = set->list[i].half[d];
			continue;
		}
		set->list[kept++] = set->list[i];
	}
	set->count = kept;
}

struct migration *set_find(const struct set *set, int64_t version)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->list[middle].version < version)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < set->count && set->list[low].version == version)
		return &set->list[low];
	return NULL;
}

static int duplicate_error(const struct migration *a, const struct migration *b,
			   struct error *err)
{
	char version[VERSION_LENGTH + 1];
	const char *path = b->half[b->half[0].path ? 0 : 1].path;

	error_set(err, ERROR_FAILED, "duplicate version %s: '%s' and '%s'",
		  version_format(a->version, version), a->name, b->name);
	error_at(err, path, 0, 0);
	return error_hint(err,
			  "give one of them a later version: git migrate "
			  "renumber %s",
			  version);
}

static int half_error(const struct migration *m, struct error *err)
{
	enum direction missing = m->half[DIRECTION_UP].path ? DIRECTION_DOWN
							    : DIRECTION_UP;
	const char *there = m->half[!missing].path;
	char *label = migration_label(NULL, m);
	int stem = (int)(strlen(there) - strlen(endings[!missing]));

	error_set(err, ERROR_FAILED,
		  "half a pair: migration '%s' has no %s script", label,
		  direction_name(missing));
	error_at(err, there, 0, 0);
	error_hint(err, "write '%.*s%s'", stem, there, endings[missing]);
	if (missing == DIRECTION_DOWN)
		error_hint(err, "if it cannot be undone, say so in it: "
				"-- migrate: irreversible \"why\"");
	talloc_free(label);
	return -1;
}

int set_check_at(const struct set *set, size_t i, struct error *err)
{
	const struct migration *m = &set->list[i];

	if (i > 0 && m[-1].version == m->version)
		return duplicate_error(m - 1, m, err);
	if (i + 1 < set->count && m[1].version == m->version)
		return duplicate_error(m, m + 1, err);
	if (!m->half[DIRECTION_UP].path || !m->half[DIRECTION_DOWN].path)
		return half_error(m, err);
	return 0;
}

int set_check(const struct set *set, struct error *err)
{
	for (size_t i = 0; i < set->count; i++)
		if (set_check_at(set, i, err) < 0)
			return -1;
	return 0;
}

static bool same_text(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

bool migration_same(const struct migration *a, const struct migration *b)
{
	return a->version == b->version && same_text(a->name, b->name) &&
	       same_text(a->half[0].blob, b->half[0].blob) &&
	       same_text(a->half[1].blob, b->half[1].blob);
}

#include "git/seen.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git/internal.h"

#define FORMAT "git-migrate seen 1\n"
#define MOST_BYTES (256 << 20)

static char *folder_of(TALLOC_CTX *mem, const struct repo *repo)
{
	return talloc_asprintf(mem, "%s/migrate/seen", repo->common_dir);
}

#define ID_LENGTH 32

static void make_id(const char *target, const char *place,
		    char digest[SHA256_DIGEST_STRING_LENGTH])
{
	SHA2_CTX hash;

	/* with their ends, so that no two give the same bytes */
	SHA256Init(&hash);
	SHA256Update(&hash, (const uint8_t *)target, strlen(target) + 1);
	SHA256Update(&hash, (const uint8_t *)place, strlen(place) + 1);
	SHA256End(&hash, digest);
	digest[ID_LENGTH] = '\0';
}

static char *path_of(TALLOC_CTX *mem, const struct repo *repo,
		     const char *target, const char *place)
{
	char id[SHA256_DIGEST_STRING_LENGTH];

	make_id(target, place, id);
	return talloc_asprintf(mem, "%s/%s", folder_of(mem, repo), id);
}

/* --- writing -------------------------------------------------------------- */

/* Nearly always it comes out as the file has it already: nothing is copied as
   long as that holds. */
struct text {
	char *before; /* the file; NULL from the first difference on */
	size_t before_length;
	char *data;
	size_t length, room;
};

static void put(struct text *t, const char *data, size_t length)
{
	if (!length)
		return;
	if (t->length + length > t->room) {
		t->room = 2 * (t->length + length);
		t->data = talloc_realloc(NULL, t->data, char,
					 (unsigned)t->room);
	}
	memcpy(t->data + t->length, data, length);
	t->length += length;
}

static void part_from_file(struct text *t)
{
	const char *before = t->before;
	size_t common = t->length;

	t->before = NULL;
	t->length = 0;
	put(t, before, common);
}

static void append(struct text *t, const char *data, size_t length)
{
	if (t->before) {
		if (length <= t->before_length - t->length &&
		    !memcmp(t->before + t->length, data, length)) {
			t->length += length;
			return;
		}
		part_from_file(t);
	}
	put(t, data, length);
}

static void append_word(struct text *t, const char *word, char end)
{
	size_t length = strlen(word);

	if (t->before && length < t->before_length - t->length &&
	    t->before[t->length + length] == end &&
	    !memcmp(t->before + t->length, word, length)) {
		t->length += length + 1;
		return;
	}
	append(t, word, length);
	append(t, &end, 1);
}

/* A row of somebody else's making may hold anything. */
static bool is_id(const char *text)
{
	size_t length = text ? strspn(text, "0123456789abcdef") : 0;

	return length && !text[length];
}

static void append_rows(struct text *t, const struct ledger *ledger)
{
	char version[VERSION_LENGTH + 1];

	for (size_t i = 0; i < ledger->count; i++) {
		const struct ledger_row *row = &ledger->rows[i];

		if (!row->name || strchr(row->name, '\n'))
			continue;
		append_word(t, version_format(row->version, version), ' ');
		append_word(t, is_id(row->up_blob) ? row->up_blob : "-", ' ');
		append_word(t, is_id(row->down_blob) ? row->down_blob : "-",
			    ' ');
		append_word(t, row->name, '\n');
	}
}

static void write_file(TALLOC_CTX *mem, const struct repo *repo,
		       const char *path, const struct text *t)
{
	char *beside = talloc_asprintf(mem, "%s.XXXXXX", path);
	bool good;
	int fd;

	mkdir(talloc_asprintf(mem, "%s/migrate", repo->common_dir), 0777);
	mkdir(folder_of(mem, repo), 0777);
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return;
	good = write(fd, t->data, t->length) == (ssize_t)t->length;
	if (close(fd) || !good || rename(beside, path) < 0)
		unlink(beside);
}

static void compose(struct text *t, const char *target, const char *place,
		    bool protected_, const struct ledger *ledger)
{
	append(t, FORMAT, strlen(FORMAT));
	append_word(t, target, '\n');
	append_word(t, place, '\n');
	append_word(t, protected_ ? "protected" : "", '\n');
	append_rows(t, ledger);
	if (t->before && t->length < t->before_length)
		part_from_file(t);
}

/* The file as it is, where there is one; an empty one is like none. */
static void map_before(int fd, struct text *t)
{
	struct stat st;
	void *data;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < 1)
		return;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return;
	t->before = data;
	t->before_length = (size_t)st.st_size;
}

void seen_write(struct repo *repo, const char *target, const char *place,
		bool is_file, bool protected_, const struct ledger *ledger)
{
	TALLOC_CTX *mem;
	struct text t = { 0 };
	char *mapped;
	char *path;
	int fd;

	if (strchr(target, '\n') || strchr(place, '\n'))
		return;
	mem = talloc_new(NULL);
	path = path_of(mem, repo, target, place);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	map_before(fd, &t);
	mapped = t.before;
	compose(&t, target, is_file ? place : "", protected_, ledger);
	if (t.before)
		futimens(fd, NULL); /* says when the target was seen */
	else
		write_file(mem, repo, path, &t);
	if (mapped)
		munmap(mapped, t.before_length);
	if (fd >= 0)
		close(fd);
	talloc_free(t.data);
	talloc_free(mem);
}

/* --- reading -------------------------------------------------------------- */

static char *take_line(char **text)
{
	char *line = strsep(text, "\n");

	return *text ? line : NULL;
}

static struct seen *read_file(TALLOC_CTX *mem, const char *path)
{
	struct seen *seen = talloc_zero(mem, struct seen);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct error ignored = { 0 };
	const char *protected_ = NULL;
	struct stat st;
	char *text = NULL, *all;
	size_t length;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size <= MOST_BYTES &&
	    process_read_all(seen, fd, &text, &length, &ignored) < 0)
		text = NULL;
	if (fd >= 0)
		close(fd);
	error_release(&ignored);
	all = text;
	if (text && !strncmp(text, FORMAT, strlen(FORMAT))) {
		text += strlen(FORMAT);
		seen->target = take_line(&text);
		seen->place = text ? take_line(&text) : NULL;
		protected_ = text ? take_line(&text) : NULL;
	}
	if (!protected_) {
		talloc_free(seen);
		return NULL;
	}
	seen->id = talloc_strdup(seen, strrchr(path, '/') + 1);
	seen->protected_ = *protected_ != '\0';
	seen->at_us = st.st_mtim.tv_sec * INT64_C(1000000) +
		      st.st_mtim.tv_nsec / 1000;
	seen->rows = text;
	seen->length = length - (size_t)(text - all);
	return seen;
}

struct seen *seen_read(TALLOC_CTX *mem, struct repo *repo, const char *target,
		       const char *place)
{
	char *path = path_of(mem, repo, target, place);
	struct seen *seen = read_file(mem, path);

	talloc_free(path);
	return seen;
}

bool seen_is_at(const struct seen *seen, const char *place)
{
	char id[SHA256_DIGEST_STRING_LENGTH];

	make_id(seen->target, place, id);
	return !strcmp(seen->id, id);
}

static bool is_kept(const char *name)
{
	return strspn(name, "0123456789abcdef") == ID_LENGTH &&
	       !name[ID_LENGTH];
}

size_t seen_read_all(TALLOC_CTX *mem, struct repo *repo, struct seen ***list)
{
	char *folder = folder_of(mem, repo);
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t count = 0;

	*list = NULL;
	while (dir && (entry = readdir(dir)) != NULL) {
		struct seen *seen = NULL;

		if (is_kept(entry->d_name))
			seen = read_file(mem,
					 talloc_asprintf(mem, "%s/%s", folder,
							 entry->d_name));
		if (!seen || (*seen->place && access(seen->place, F_OK) < 0))
			continue;
		*list = talloc_realloc(mem, *list, struct seen *,
				       (unsigned)count + 1);
		(*list)[count++] = seen;
	}
	if (dir)
		closedir(dir);
	return count;
}

static char *take_word(TALLOC_CTX *mem, const char **at, const char *end,
		       char stop)
{
	const char *found = memchr(*at, stop, (size_t)(end - *at));
	char *word;

	if (!found)
		return NULL;
	word = talloc_strndup(mem, *at, (size_t)(found - *at));
	*at = found + 1;
	return word;
}

static int64_t version_at(const char *at)
{
	int64_t version = 0;

	for (int i = 0; i < VERSION_LENGTH; i++)
		version = version * 10 + (at[i] - '0');
	return version;
}

bool seen_next(TALLOC_CTX *mem, const struct seen *seen, size_t *at,
	       struct seen_row *row)
{
	const char *text = seen->rows + *at, *end = seen->rows + seen->length;

	if (end - text <= VERSION_LENGTH)
		return false;
	row->version = version_at(text);
	text += VERSION_LENGTH + 1;
	row->up_blob = take_word(mem, &text, end, ' ');
	row->down_blob = row->up_blob ? take_word(mem, &text, end, ' ') : NULL;
	row->name = row->down_blob ? take_word(mem, &text, end, '\n') : NULL;
	*at = (size_t)(text - seen->rows);
	return row->name != NULL;
}

static bool is_one_of(const int64_t *versions, size_t count, int64_t version)
{
	for (size_t low = 0, high = count; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (versions[middle] == version)
			return true;
		if (versions[middle] < version)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static void add_row(struct set *set, const char *dir,
		    const struct seen_row *row)
{
	const char *blobs[] = { row->up_blob, row->down_blob };
	char version[VERSION_LENGTH + 1];

	version_format(row->version, version);
	for (int d = DIRECTION_UP; d <= DIRECTION_DOWN; d++) {
		struct error ignored = { 0 };
		char *path = talloc_asprintf(set, "%s/%s_%s.%s.sql", dir,
					     version, row->name,
					     direction_name((enum direction)d));

		if (*blobs[d] != '-')
			set_add(set, path, blobs[d], 0, &ignored);
		error_release(&ignored);
		talloc_free(path);
	}
}

struct set *seen_set(TALLOC_CTX *mem, const struct seen *seen, const char *dir,
		     const int64_t *versions, size_t count)
{
	struct set *set = set_new(mem);
	TALLOC_CTX *turn = talloc_new(NULL);
	struct seen_row row;
	size_t at = 0;

	while (seen->length - at > VERSION_LENGTH) {
		const char *line = seen->rows + at;
		const char *next = memchr(line, '\n', seen->length - at);

		if (!next)
			break;
		if (count && !is_one_of(versions, count, version_at(line)))
			at = (size_t)(next + 1 - seen->rows);
		else if (seen_next(turn, seen, &at, &row))
			add_row(set, dir, &row);
		else
			break;
	}
	talloc_free(turn);
	set_sort(set);
	return set;
}

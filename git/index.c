#include "git/index.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git/listing.h"

/*
 * An entry begins with ten numbers of four bytes: ctime and mtime (seconds,
 * nanoseconds each), dev, ino, mode, uid, gid, size. Then come the id, two
 * bytes of flags, two more where the extended flag is set, and the path.
 */
enum { CTIME, CTIME_NS, MTIME, MTIME_NS, DEV, INO, MODE, UID, GID, SIZE };
#define STATS_SIZE 40
#define FLAG_ASSUME_VALID 0x8000u
#define FLAG_EXTENDED 0x4000u
#define FLAG_STAGE 0x3000u
#define MODE_TYPE 0170000u
#define MODE_FILE 0100000u
#define HEADER_SIZE 12
#define LONGEST_PATH 4096

struct file {
	unsigned char *data;
	size_t size;
};

struct reader {
	struct index *index;
	struct file *file;
	const char *dir; /* with its slash */
	const char *other;
	size_t dir_length;
	size_t at, end;
	unsigned version, left;
	char path[LONGEST_PATH]; /* of the entry before, version 4 */
	size_t path_length, room;
};

static uint32_t number(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

static int unmap(struct file *file)
{
	munmap(file->data, file->size);
	return 0;
}

static struct file *map(TALLOC_CTX *mem, const char *path, int64_t *written)
{
	struct file *file = NULL;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *data = MAP_FAILED;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > HEADER_SIZE)
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE,
			    fd, 0);
	if (data != MAP_FAILED) {
		file = talloc(mem, struct file);
		file->data = data;
		file->size = (size_t)st.st_size;
		*written = st.st_mtim.tv_sec;
		talloc_set_destructor(file, unmap);
	}
	if (fd >= 0)
		close(fd);
	return file;
}

/* --- entries -------------------------------------------------------------- */

/* The length of a path in version 4: how much of the one before goes, and
   what comes instead. */
static bool read_compressed(struct reader *r, size_t *at)
{
	const unsigned char *data = r->file->data;
	size_t drop = data[*at] & 127, n;

	while (data[(*at)++] & 128) {
		if (*at >= r->end || drop > LONGEST_PATH)
			return false;
		drop = ((drop + 1) << 7) + (data[*at] & 127);
	}
	n = strnlen((const char *)data + *at, r->end - *at);
	if (drop > r->path_length || *at + n >= r->end ||
	    r->path_length - drop + n >= LONGEST_PATH)
		return false;
	r->path_length -= drop;
	memcpy(r->path + r->path_length, data + *at, n + 1);
	r->path_length += n;
	*at += n + 1;
	return true;
}

/* Version 2 and 3: the path as it is, NULs up to a multiple of eight. */
static bool read_plain(struct reader *r, size_t begin, size_t *at,
		       const char **path)
{
	size_t n;

	*path = (const char *)r->file->data + *at;
	n = strnlen(*path, r->end - *at);
	r->path_length = n;
	*at = begin + ((*at - begin + n + 8) & ~(size_t)7);
	return *at <= r->end;
}

static bool is_in_folder(const struct reader *r, const char *path)
{
	return !strncmp(path, r->dir, r->dir_length) &&
	       !strchr(path + r->dir_length, '/');
}

/* Files that are not kept, and SQL that is kept and no script. */
static void note(struct reader *r, const char *path, bool kept)
{
	struct index *index = r->index;

	if (!kept && !strcmp(path, r->other))
		index->has_other = true;
	if (!strncmp(path, r->dir, r->dir_length) &&
	    !(kept && ends_as_script(path)) && ends_as_sql(path))
		index->has_odd = true;
}

static void keep(struct reader *r, size_t begin, const char *path)
{
	struct index *index = r->index;
	struct index_entry *e;

	if (index->count == r->room) {
		r->room = r->room ? 2 * r->room : 256;
		index->entries = talloc_realloc(index, index->entries,
						struct index_entry,
						(unsigned)r->room);
	}
	e = &index->entries[index->count++];
	e->path = r->version == 4 ? talloc_strdup(index, path) : path;
	e->stats = r->file->data + begin;
	e->id = e->stats + STATS_SIZE;
}

/* False where git has to be asked. */
static bool read_entry(struct reader *r)
{
	size_t begin = r->at, at = begin + STATS_SIZE + r->index->id_size + 2;
	const unsigned char *data = r->file->data;
	const char *path = r->path;
	unsigned flags, mode;
	bool kept;

	if (at + 4 > r->end)
		return false;
	flags = (unsigned)data[at - 2] << 8 | data[at - 1];
	mode = number(data + begin + 4 * MODE);
	if (flags & FLAG_EXTENDED)
		at += 2;
	if (r->version == 4 ? !read_compressed(r, &at)
			    : !read_plain(r, begin, &at, &path))
		return false;
	r->at = at;
	kept = is_in_folder(r, path);
	note(r, path, kept);
	if (!kept)
		return true;
	if (flags & (FLAG_ASSUME_VALID | FLAG_STAGE | FLAG_EXTENDED) ||
	    (mode & MODE_TYPE) != MODE_FILE)
		return false;
	keep(r, begin, path);
	return true;
}

/* --- extensions ----------------------------------------------------------- */

/* One level of the cache tree: its name, entries, subtrees and, where it is
   valid, its id. */
struct level {
	const char *name;
	long entries, subtrees;
	const unsigned char *id;
};

static bool read_level(const struct reader *r, size_t *at, size_t end,
		       struct level *level)
{
	const char *data = (const char *)r->file->data;
	size_t n = strnlen(data + *at, end - *at);
	char *next;

	level->name = data + *at;
	*at += n + 1;
	if (*at >= end || !memchr(data + *at, '\n', end - *at))
		return false;
	level->entries = strtol(data + *at, &next, 10);
	level->subtrees = strtol(next, &next, 10);
	if (*next != '\n' || level->subtrees < 0)
		return false;
	*at = (size_t)(next + 1 - data);
	level->id = NULL;
	if (level->entries < 0)
		return true;
	level->id = r->file->data + *at;
	*at += r->index->id_size;
	return *at <= end;
}

static bool skip_levels(const struct reader *r, size_t *at, size_t end,
			long count)
{
	struct level level;

	while (count-- > 0) {
		if (!read_level(r, at, end, &level))
			return false;
		count += level.subtrees;
	}
	return true;
}

/* Goes down from the top, a part of the folder's path at a time. */
static void find_tree(struct reader *r, size_t at, size_t end)
{
	const char *part = r->dir;
	struct level level;

	if (!read_level(r, &at, end, &level))
		return;
	while (*part) {
		size_t n = strcspn(part, "/");
		long left = level.subtrees;

		for (; left > 0; left--) {
			if (!read_level(r, &at, end, &level))
				return;
			if (strlen(level.name) == n &&
			    !memcmp(level.name, part, n))
				break;
			if (!skip_levels(r, &at, end, level.subtrees))
				return;
		}
		if (!left)
			return;
		part += n + 1;
	}
	r->index->tree = level.id;
}

/* False for one that has to be understood and is not. */
static bool read_extensions(struct reader *r)
{
	while (r->at + 8 <= r->end) {
		const unsigned char *head = r->file->data + r->at;
		size_t size = number(head + 4), at = r->at + 8;

		if (size > r->end - at)
			return false;
		if (!memcmp(head, "TREE", 4))
			find_tree(r, at, at + size);
		else if (*head < 'A' || *head > 'Z')
			return false;
		r->at = at + size;
	}
	return r->at == r->end;
}

/* --- the file ------------------------------------------------------------- */

static bool read_file(struct reader *r)
{
	const unsigned char *data = r->file->data;

	if (memcmp(data, "DIRC", 4) != 0 ||
	    r->file->size < HEADER_SIZE + r->index->id_size)
		return false;
	r->version = number(data + 4);
	r->left = number(data + 8);
	r->at = HEADER_SIZE;
	r->end = r->file->size - r->index->id_size; /* a checksum */
	if (r->version < 2 || r->version > 4)
		return false;
	while (r->left--)
		if (!read_entry(r))
			return false;
	return read_extensions(r);
}

struct index *index_read(TALLOC_CTX *mem, const char *file, const char *dir,
			 const char *other, size_t id_size)
{
	struct index *index = talloc_zero(mem, struct index);
	struct reader *r = talloc_zero(index, struct reader);
	bool known;

	index->id_size = id_size;
	r->index = index;
	r->file = map(index, file, &index->written);
	r->dir = talloc_asprintf(r, "%s/", dir);
	r->dir_length = strlen(r->dir);
	r->other = other;
	known = r->file && read_file(r);
	talloc_free(r);
	if (known)
		return index;
	talloc_free(index);
	return NULL;
}

/* --- looking -------------------------------------------------------------- */

/* FNV-1a, but eight bytes at a time, as there are many names. */
static uint64_t hash_name(const char *name)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	size_t length = strlen(name);

	while (length) {
		size_t n = length < 8 ? length : 8;
		uint64_t part = 0;

		memcpy(&part, name, n);
		hash = (hash ^ part) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
		name += n;
		length -= n;
	}
	return hash;
}

void names_sum_add(struct names_sum *names, const char *name)
{
	names->sum += hash_name(name);
	names->count++;
}

void names_sum_take(struct names_sum *names, const char *name)
{
	names->sum -= hash_name(name);
	names->count--;
}

struct names_sum names_sum_folder(DIR *folder)
{
	struct names_sum names = { 0, 0, 0 };
	struct dirent *entry;

	while ((entry = readdir(folder)) != NULL)
		if (ends_as_script(entry->d_name))
			names_sum_add(&names, entry->d_name);
		else if (ends_as_sql(entry->d_name))
			names.others++;
	return names;
}

struct looking {
	const struct index *index;
	DIR *folder;
	struct names_sum names;
	size_t prefix; /* of the paths, with the slash */
	unsigned char *answers;
	pthread_t thread;
	bool running;
	/* both threads take some entries at a time */
	atomic_size_t next;
	atomic_bool failed;
};

#define SHARE 256

static bool is_same(const struct index *index, const struct index_entry *e,
		    const struct stat *st)
{
	const struct {
		int which;
		uint32_t value;
	} values[] = {
		{ MTIME, (uint32_t)st->st_mtim.tv_sec },
		{ MTIME_NS, (uint32_t)st->st_mtim.tv_nsec },
		{ CTIME, (uint32_t)st->st_ctim.tv_sec },
		{ CTIME_NS, (uint32_t)st->st_ctim.tv_nsec },
		{ INO, (uint32_t)st->st_ino },
		{ UID, (uint32_t)st->st_uid },
		{ GID, (uint32_t)st->st_gid },
		{ SIZE, (uint32_t)st->st_size },
	};

	if (!S_ISREG(st->st_mode))
		return false;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		if (number(e->stats + 4 * values[i].which) != values[i].value)
			return false;
	/* one that was changed in the second in which the index was written
	   may have been changed again after that */
	return st->st_mtim.tv_sec < index->written;
}

static void look_at(struct looking *l, size_t i)
{
	const struct index_entry *e = &l->index->entries[i];
	struct stat st;

	if (fstatat(dirfd(l->folder), e->path + l->prefix, &st,
		    AT_SYMLINK_NOFOLLOW) < 0) {
		l->answers[i] = LOOK_GONE;
		if (errno != ENOENT)
			l->failed = true;
	} else if (S_ISDIR(st.st_mode)) {
		l->answers[i] = LOOK_GONE;
	} else {
		l->answers[i] = is_same(l->index, e, &st) ? LOOK_SAME
							  : LOOK_CHANGED;
	}
}

static void share(struct looking *l)
{
	size_t count = l->index->count, i;

	while (!l->failed && (i = atomic_fetch_add(&l->next, SHARE)) < count)
		for (size_t end = i + SHARE; i < end && i < count; i++)
			look_at(l, i);
}

static void *look(void *data)
{
	struct looking *l = data;

	l->names = names_sum_folder(l->folder);
	share(l);
	return NULL;
}

static int join(struct looking *l)
{
	if (l->running)
		pthread_join(l->thread, NULL);
	l->running = false;
	return 0;
}

struct looking *looking_begin(TALLOC_CTX *mem, const struct index *index,
			      DIR *folder)
{
	struct looking *l = talloc_zero(mem, struct looking);

	l->index = index;
	l->folder = folder;
	l->answers = talloc_zero_size(l, index->count + 1);
	if (index->count)
		l->prefix = (size_t)(strrchr(index->entries[0].path, '/') + 1 -
				     index->entries[0].path);
	talloc_set_destructor(l, join);
	l->running = pthread_create(&l->thread, NULL, look, l) == 0;
	if (!l->running)
		look(l);
	return l;
}

/* Who waits takes a share of the work instead. */
const unsigned char *looking_end(struct looking *l, struct names_sum *names)
{
	share(l);
	join(l);
	*names = l->names;
	return l->failed ? NULL : l->answers;
}

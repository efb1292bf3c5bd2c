#include "git/index.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
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

/* Files that are not kept, and SQL that is kept and no script. */
static void note(struct reader *r, const char *path, bool in_folder,
		 bool is_script)
{
	struct index *index = r->index;

	if (!in_folder && !strcmp(path, r->other))
		index->has_other = true;
	if (in_folder && !is_script && ends_as_sql(path))
		index->has_odd = true;
}

static void keep(struct reader *r, size_t begin, const char *path,
		 bool is_script)
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
	e->is_script = is_script;
}

/* False where git has to be asked. */
static bool read_entry(struct reader *r)
{
	size_t begin = r->at, at = begin + STATS_SIZE + r->index->id_size + 2;
	const unsigned char *data = r->file->data;
	const char *path = r->path;
	bool in_folder, is_direct, is_script;
	unsigned flags, mode;

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
	in_folder = !strncmp(path, r->dir, r->dir_length);
	is_direct = in_folder && !memchr(path + r->dir_length, '/',
					 r->path_length - r->dir_length);
	is_script = is_direct && is_script_end(path, r->path_length);
	note(r, path, in_folder, is_script);
	if (!is_direct)
		return true;
	if (flags & (FLAG_ASSUME_VALID | FLAG_STAGE | FLAG_EXTENDED) ||
	    (mode & MODE_TYPE) != MODE_FILE)
		return false;
	keep(r, begin, path, is_script);
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
	r->index->top = level.id;
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
static uint64_t hash_name(const char *name, size_t length)
{
	uint64_t hash = UINT64_C(14695981039346656037);

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

void names_sum_take(struct names_sum *names, const char *name)
{
	names->sum -= hash_name(name, strlen(name));
	names->count--;
}

struct names_sum names_sum_folder(DIR *folder)
{
	struct names_sum names = { 0, 0, 0 };
	struct dirent *entry;

	while ((entry = readdir(folder)) != NULL) {
		size_t length = strlen(entry->d_name);

		if (is_script_end(entry->d_name, length)) {
			names.sum += hash_name(entry->d_name, length);
			names.count++;
		} else if (ends_as_sql(entry->d_name)) {
			names.others++;
		}
	}
	return names;
}

/* What one thread has found out of the index's scripts. */
struct part {
	size_t same;
	bool changed; /* one that is not the same */
};

struct looking {
	DIR *folder;
	const struct index *index;
	sem_t told; /* that there is one, or none */
	bool is_told;
	struct looked found;
	size_t prefix; /* of the paths, with the slash */
	unsigned char *answers;
	pthread_t thread;
	bool running;
	/* both threads take some entries at a time */
	atomic_size_t next;
	atomic_bool failed;
	struct part parts[2];
};

#define SHARE 256

static bool has(const struct index_entry *e, int which, int64_t value)
{
	return number(e->stats + 4 * which) == (uint32_t)value;
}

static bool is_same(const struct index *index, const struct index_entry *e,
		    const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return false;
	/* one that was changed in the second in which the index was written
	   may have been changed again after that */
	return st->st_mtim.tv_sec < index->written &&
	       has(e, MTIME, st->st_mtim.tv_sec) &&
	       has(e, MTIME_NS, st->st_mtim.tv_nsec) &&
	       has(e, CTIME, st->st_ctim.tv_sec) &&
	       has(e, CTIME_NS, st->st_ctim.tv_nsec) &&
	       has(e, INO, (int64_t)st->st_ino) && has(e, UID, st->st_uid) &&
	       has(e, GID, st->st_gid) && has(e, SIZE, st->st_size);
}

static enum look look_at(struct looking *l, const struct index_entry *e, int fd)
{
	struct stat st;

	if (fstatat(fd, e->path + l->prefix, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			l->failed = true;
		return LOOK_GONE;
	}
	if (S_ISDIR(st.st_mode))
		return LOOK_GONE;
	return is_same(l->index, e, &st) ? LOOK_SAME : LOOK_CHANGED;
}

static void look_at_some(struct looking *l, size_t begin, size_t end, int fd,
			 struct part *part)
{
	for (size_t i = begin; i < end; i++) {
		const struct index_entry *e = &l->index->entries[i];
		enum look answer = look_at(l, e, fd);

		l->answers[i] = (unsigned char)answer;
		part->same += e->is_script && answer == LOOK_SAME;
		part->changed |= e->is_script && answer != LOOK_SAME;
	}
}

static struct part share(struct looking *l, int fd)
{
	struct part part = { 0 };
	size_t count = l->index ? l->index->count : 0, i;

	while (!l->failed && (i = atomic_fetch_add(&l->next, SHARE)) < count)
		look_at_some(l, i, i + SHARE < count ? i + SHARE : count, fd,
			     &part);
	return part;
}

static void *look(void *data)
{
	struct looking *l = data;

	l->found.names = names_sum_folder(l->folder);
	while (sem_wait(&l->told) < 0)
		; /* a signal */
	l->parts[0] = share(l, dirfd(l->folder));
	return NULL;
}

static void join(struct looking *l)
{
	if (l->running)
		pthread_join(l->thread, NULL);
	else
		look(l);
	l->running = false;
}

static int release(struct looking *l)
{
	looking_at(l, NULL);
	if (l->running)
		join(l);
	sem_destroy(&l->told);
	return 0;
}

struct looking *looking_begin(TALLOC_CTX *mem, DIR *folder)
{
	struct looking *l = talloc_zero(mem, struct looking);

	l->folder = folder;
	sem_init(&l->told, 0, 0);
	talloc_set_destructor(l, release);
	l->running = pthread_create(&l->thread, NULL, look, l) == 0;
	return l;
}

void looking_at(struct looking *l, const struct index *index)
{
	if (l->is_told)
		return;
	l->is_told = true;
	l->index = index;
	if (index && index->count)
		l->prefix = (size_t)(strrchr(index->entries[0].path, '/') + 1 -
				     index->entries[0].path);
	if (index)
		l->answers = talloc_zero_size(l, index->count + 1);
	sem_post(&l->told);
}

/* Who waits takes a share of the work instead, with a descriptor of its own:
   two threads that use one keep taking it from each other's cache. */
static void help(struct looking *l)
{
	int fd = openat(dirfd(l->folder), ".",
			O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	l->parts[1] = share(l, fd);
	close(fd);
}

/* Where all that the index has is in the folder, and the folder has no more
   than that, it has the same names. */
static bool is_as_index(const struct looking *l)
{
	const struct part *a = &l->parts[0], *b = &l->parts[1];

	return l->found.answers && !a->changed && !b->changed &&
	       a->same + b->same == l->found.names.count;
}

struct looked looking_end(struct looking *l)
{
	looking_at(l, NULL);
	help(l);
	join(l);
	l->found.answers = l->failed ? NULL : l->answers;
	l->found.same = is_as_index(l);
	return l->found;
}

#include "git/origin_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

/*
 * The file: a first line that says of which tip and folder it speaks, and then
 * a line a pair, its key and the commit or "-". Another tip's file is of no
 * use and is replaced. It only ever saves time: what cannot be read or written
 * is done without.
 */
#define FORMAT "git-migrate origins 1"
#define KEY_LENGTH (SHA256_DIGEST_STRING_LENGTH - 1)

struct entry {
	char key[KEY_LENGTH + 1];
	const char *commit; /* "" for none */
	UT_hash_handle hh;
};

struct origin_cache {
	const struct repo *repo;
	const char *path, *header;
	struct entry *entries;
	bool changed;
};

static void key_of(const struct migration *migration, char *key)
{
	SHA2_CTX hash;

	SHA256Init(&hash);
	for (int i = 0; i < 2; i++) {
		const struct half *half = &migration->half[i];

		/* with their ends, so that no two lists give the same bytes */
		SHA256Update(&hash, (const uint8_t *)half->path,
			     strlen(half->path) + 1);
		SHA256Update(&hash, (const uint8_t *)half->blob,
			     strlen(half->blob) + 1);
	}
	SHA256End(&hash, key);
}

static void add(struct origin_cache *cache, const char *key, const char *commit)
{
	struct entry *entry = talloc_zero(cache, struct entry);

	snprintf(entry->key, sizeof(entry->key), "%s", key);
	entry->commit = talloc_strdup(entry, commit);
	HASH_ADD_STR(cache->entries, key, entry);
}

static bool is_commit(const struct repo *repo, const char *text)
{
	return strlen(text) == repo->hex_length &&
	       strspn(text, "0123456789abcdef") == repo->hex_length;
}

static void read_entries(struct origin_cache *cache, FILE *file)
{
	char *line = NULL;
	size_t room = 0;

	if (getline(&line, &room, file) > 0 &&
	    !strcmp(chomp(line), cache->header))
		while (getline(&line, &room, file) > KEY_LENGTH + 1) {
			const char *commit = chomp(line) + KEY_LENGTH + 1;

			line[KEY_LENGTH] = '\0';
			if (!strcmp(commit, "-"))
				add(cache, line, "");
			else if (is_commit(cache->repo, commit))
				add(cache, line, commit);
		}
	free(line);
}

static int release(struct origin_cache *cache)
{
	HASH_CLEAR(hh, cache->entries);
	return 0;
}

struct origin_cache *origin_cache_open(TALLOC_CTX *mem, struct repo *repo,
				       const char *tip, const char *folder)
{
	struct origin_cache *cache = talloc_zero(mem, struct origin_cache);
	FILE *file;

	talloc_set_destructor(cache, release);
	cache->repo = repo;
	/* there a tip can get more history behind it */
	if (repo->shallow || strchr(folder, '\n'))
		return cache;
	cache->path = talloc_asprintf(cache, "%s/migrate/origins",
				      repo->common_dir);
	cache->header = talloc_asprintf(cache, FORMAT " %s %s", tip, folder);
	file = fopen(cache->path, "re");
	if (file) {
		read_entries(cache, file);
		fclose(file);
	}
	return cache;
}

bool origin_cache_find(const struct origin_cache *cache,
		       const struct migration *migration, const char **commit)
{
	char key[KEY_LENGTH + 1];
	struct entry *entry;

	if (!cache->entries)
		return false;
	key_of(migration, key);
	HASH_FIND_STR(cache->entries, key, entry);
	if (entry)
		*commit = *entry->commit ? entry->commit : NULL;
	return entry != NULL;
}

void origin_cache_add(struct origin_cache *cache,
		      const struct migration *migration, const char *commit)
{
	char key[KEY_LENGTH + 1];

	if (!cache->path)
		return;
	key_of(migration, key);
	add(cache, key, commit ? commit : "");
	cache->changed = true;
}

static bool write_entries(const struct origin_cache *cache, int fd)
{
	FILE *file = fdopen(fd, "w");
	bool well;

	if (!file) {
		close(fd);
		return false;
	}
	fprintf(file, "%s\n", cache->header);
	for (const struct entry *e = cache->entries; e; e = e->hh.next)
		fprintf(file, "%s %s\n", e->key, *e->commit ? e->commit : "-");
	well = !ferror(file);
	return fclose(file) == 0 && well;
}

void origin_cache_save(struct origin_cache *cache)
{
	char *folder, *beside;
	int fd;

	if (!cache->changed)
		return;
	folder = talloc_asprintf(cache, "%s/migrate", cache->repo->common_dir);
	if (mkdir(folder, 0777) < 0 && errno != EEXIST)
		return;
	beside = talloc_asprintf(cache, "%s.XXXXXX", cache->path);
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return;
	if (!write_entries(cache, fd) || rename(beside, cache->path) < 0)
		unlink(beside);
	cache->changed = false;
}

#include "git/origin_cache.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* One half of a wanted pair, found by its path. */
struct wanted {
	const char *path, *blob;
	size_t pair;
	enum direction direction;
	UT_hash_handle hh;
};

struct search {
	struct repo *repo;
	const struct migration *const *migrations;
	size_t count, left;
	struct origin *origins;
	struct error *err;
	const char *folder;
	struct wanted *by_path;
	struct wanted *nodes;
	TALLOC_CTX *mem;
	const char *tip;
	struct origin_cache *cache;
	bool *known;		 /* by pair: the cache has it */
	struct process *walking; /* git log, unless all are known */
	struct process *asked;	 /* git cat-file, once it is needed */
	FILE *answers;

	/* of the commit that is being read */
	char *commit;
	bool merge;
	size_t *touched; /* pairs, each once */
	size_t touched_count;
	unsigned char *halves; /* by pair: which halves this commit set */
};

static void index_paths(struct search *s)
{
	s->nodes = talloc_zero_array(s->mem, struct wanted,
				     (unsigned)(2 * s->count) + 1);
	for (size_t i = 0; i < 2 * s->count; i++) {
		struct wanted *w = &s->nodes[i];
		const struct half *half = &s->migrations[i / 2]->half[i % 2];

		if (s->known[i / 2])
			continue;
		w->pair = i / 2;
		w->direction = (enum direction)(i % 2);
		w->path = half->path;
		w->blob = half->blob;
		HASH_ADD_KEYPTR(hh, s->by_path, w->path, strlen(w->path), w);
	}
}

/* One process answers for all: a commit may touch a thousand pairs. */
static int start_asking(struct search *s, struct error *err)
{
	if (s->asked)
		return 0;
	if (git_start(s->mem, s->repo, GIT_ARGS("cat-file", "--batch-check"),
		      PROCESS_IN | PROCESS_OUT | PROCESS_QUIET, &s->asked,
		      err) < 0)
		return -1;
	s->answers = fdopen(s->asked->out, "r");
	s->asked->out = -1;
	return 0;
}

/* Whether a commit's tree has a half as it is wanted. A failure is kept in
   s->err, and the answer is no. */
static bool has_half(struct search *s, const char *commit, size_t pair,
		     enum direction direction)
{
	const struct half *half = &s->migrations[pair]->half[direction];
	size_t room = 0, length = s->repo->hex_length;
	char *name, *line = NULL;
	bool has = false;

	if (s->err->code || start_asking(s, s->err) < 0)
		return false;
	name = talloc_asprintf(NULL, "%s:%s\n", commit, half->path);
	if (process_write(s->asked, name, strlen(name)) < 0 ||
	    getline(&line, &room, s->answers) <= 0)
		error_set(s->err, ERROR_FAILED,
			  "unable to look into commit "
			  "'%s': 'git cat-file' ended",
			  commit);
	else
		has = !strncmp(line, half->blob, length) && line[length] == ' ';
	talloc_free(name);
	free(line);
	return has;
}

static bool has_pair(struct search *s, const char *commit, size_t pair)
{
	return has_half(s, commit, pair, DIRECTION_UP) &&
	       has_half(s, commit, pair, DIRECTION_DOWN);
}

static void found(struct search *s, size_t pair)
{
	s->origins[pair].commit = talloc_strdup(s->origins, s->commit);
	s->left--;
}

/*
 * A commit with one parent that sets a half did not get the pair from that
 * parent; it is the origin when its tree has the other half too.
 */
static void judge_commit(struct search *s)
{
	for (size_t i = 0; i < s->touched_count; i++) {
		size_t pair = s->touched[i];
		unsigned char halves = s->halves[pair];

		s->halves[pair] = 0;
		if (s->origins[pair].commit)
			continue;
		if (halves == 3 ||
		    has_half(s, s->commit, pair,
			     halves == 1 ? DIRECTION_DOWN : DIRECTION_UP))
			found(s, pair);
	}
	s->touched_count = 0;
}

/* A merge that put together what its parents had apart. */
static void judge_merge(struct search *s, char *parents)
{
	for (size_t i = 0; i < s->touched_count; i++) {
		size_t pair = s->touched[i];
		char *copy = talloc_strdup(NULL, parents), *rest = copy;
		char *parent;
		bool inherited = false;

		s->halves[pair] = 0;
		while (!inherited && (parent = strsep(&rest, " ")) != NULL)
			inherited = *parent && has_pair(s, parent, pair);
		if (!s->origins[pair].commit && !inherited &&
		    has_pair(s, s->commit, pair))
			found(s, pair);
		talloc_free(copy);
	}
	s->touched_count = 0;
}

/* ":100644 100644 OLD NEW M", and the path in the next token */
static void take_change(struct search *s, const char *entry, const char *path)
{
	struct wanted *w;
	const char *new;

	HASH_FIND_STR(s->by_path, path, w);
	if (!w || s->origins[w->pair].commit)
		return;
	new = entry + 15 + s->repo->hex_length + 1;
	if (strncmp(new, w->blob, s->repo->hex_length) != 0)
		return;
	if (!s->halves[w->pair])
		s->touched[s->touched_count++] = w->pair;
	s->halves[w->pair] |= (unsigned char)(1 << w->direction);
}

static void end_commit(struct search *s)
{
	char *parents;

	if (!s->commit)
		return;
	parents = strchr(s->commit, ' ');
	if (parents)
		*parents++ = '\0';
	if (s->merge)
		judge_merge(s, parents ? parents : s->commit);
	else
		judge_commit(s);
}

/* Tokens end in NUL: "\1COMMIT[ PARENTS]", then entries and their paths. */
static int read_log(struct search *s, FILE *log)
{
	char *token = NULL, *entry = NULL;
	size_t room = 0;

	while (s->left && !s->err->code &&
	       getdelim(&token, &room, 0, log) > 0) {
		char *text = token + strspn(token, "\n");

		if (*text == '\1') {
			end_commit(s);
			talloc_free(s->commit);
			s->commit = talloc_strdup(s->mem, text + 1);
		} else if (entry) {
			take_change(s, entry, text);
			talloc_free(entry);
			entry = NULL;
		} else if (*text == ':') {
			entry = talloc_strdup(s->mem, text);
		}
	}
	if (s->left)
		end_commit(s);
	talloc_free(entry);
	free(token);
	return 0;
}

/* Git is not to wait for us: that is what a megabyte of commits is for. */
#define PIPE_SIZE (1024 * 1024)

static int start_walk(struct search *s, const char *const *argv,
		      struct error *err)
{
	if (git_start(s->mem, s->repo, argv, PROCESS_OUT | PROCESS_QUIET,
		      &s->walking, err) < 0)
		return -1;
	fcntl(s->walking->out, F_SETPIPE_SZ, PIPE_SIZE);
	return 0;
}

static int end_walk(struct search *s, struct error *err)
{
	struct process *process = s->walking;
	FILE *log;
	bool ended;
	int status;

	log = fdopen(process->out, "r");
	process->out = -1;
	read_log(s, log);
	ended = feof(log) != 0;
	/* it may have years of history before it, and nobody reads them */
	if (!ended)
		kill(process->pid, SIGTERM);
	fclose(log);
	status = process_finish(process);
	talloc_free(process);
	s->walking = NULL;
	talloc_free(s->commit);
	s->commit = NULL;
	if (err->code)
		return -1;
	if (!s->left || (ended && !status))
		return 0;
	/* half an answer would pass off what is committed as uncommitted */
	error_set(err, ERROR_FAILED, "unable to walk the history of '%s'",
		  s->folder);
	return error_hint(err, "see what git says: git log --raw -- '%s'",
			  s->folder);
}

static void mark_boundary(struct search *s)
{
	char *path = talloc_asprintf(s->mem, "%s/shallow", s->repo->common_dir);
	FILE *file = s->repo->shallow ? fopen(path, "re") : NULL;
	char line[80];

	while (file && fgets(line, sizeof(line), file)) {
		chomp(line);
		for (size_t i = 0; i < s->count; i++)
			if (s->origins[i].commit &&
			    !strcmp(s->origins[i].commit, line))
				s->origins[i].inexact = true;
	}
	if (file)
		fclose(file);
}

static void find_known(struct search *s)
{
	const char *commit;

	s->known = talloc_zero_array(s, bool, (unsigned)s->count + 1);
	for (size_t i = 0; i < s->count; i++) {
		s->known[i] = origin_cache_find(s->cache, s->migrations[i],
						&commit);
		s->left -= s->known[i];
	}
}

/* Into the result, before the walk. */
static void take_known(struct search *s)
{
	const char *commit;

	for (size_t i = 0; i < s->count; i++)
		if (s->known[i] &&
		    origin_cache_find(s->cache, s->migrations[i], &commit))
			s->origins[i].commit = talloc_strdup(s->origins,
							     commit);
}

static void keep_found(struct search *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (!s->known[i])
			origin_cache_add(s->cache, s->migrations[i],
					 s->origins[i].commit);
	origin_cache_save(s->cache);
}

static int release(struct search *s)
{
	HASH_CLEAR(hh, s->by_path);
	if (s->answers)
		fclose(s->answers);
	if (s->walking)
		process_stop(s->walking);
	return 0;
}

/*
 * To find out which commits are to be shown, git compares the folder of each
 * with its parent's until they differ, which a commit-graph may spare it, and
 * those that are shown once more. With --sparse it shows all, and compares each
 * once: less, where most commits bring a pair to a folder of many.
 */
#define MANY_PAIRS 1000

static int start_search(struct search *s, struct error *err)
{
	return start_walk(
		s,
		GIT_ARGS("log", "--format=%x01%H", "--raw", "-z",
			 "--no-renames", "--no-abbrev", "--root",
			 "--no-show-signature", "-O/dev/null",
			 s->left > MANY_PAIRS ? "--sparse" : "--dense", s->tip,
			 "--", s->folder),
		err);
}

int origins_begin(TALLOC_CTX *mem, struct repo *repo, const char *tip,
		  const char *dir, const struct migration *const *migrations,
		  size_t count, struct search **out, struct error *err)
{
	struct search *s = talloc_zero(mem, struct search);

	talloc_set_destructor(s, release);
	s->repo = repo;
	s->tip = talloc_strdup(s, tip);
	s->migrations = migrations;
	s->count = s->left = count;
	s->mem = s;
	s->folder = talloc_asprintf(s, "%s/", dir);
	s->touched = talloc_array(s, size_t, (unsigned)count + 1);
	s->halves = talloc_zero_array(s, unsigned char, (unsigned)count + 1);
	s->cache = origin_cache_open(s, repo, tip, s->folder);
	find_known(s);
	index_paths(s);
	*out = s;
	if (!s->left)
		return 0;
	if (start_search(s, err) < 0) {
		talloc_free(s);
		return -1;
	}
	return 0;
}

/* What no commit with one parent has brought, a merge may have. */
static int walk_merges(struct search *s, struct error *err)
{
	s->merge = true;
	if (start_walk(s,
		       GIT_ARGS("log", "--format=%x01%H %P", "--raw", "-z",
				"--no-renames", "--no-abbrev", "-m", "--merges",
				"--full-history", "--no-show-signature",
				"-O/dev/null", s->tip, "--", s->folder),
		       err) < 0)
		return -1;
	return end_walk(s, err);
}

int origins_end(TALLOC_CTX *mem, struct search *s, struct origin **origins,
		struct error *err)
{
	int result;

	s->err = err;
	s->origins = talloc_zero_array(mem, struct origin,
				       (unsigned)s->count + 1);
	*origins = s->origins;
	take_known(s);
	result = s->walking ? end_walk(s, err) : 0;
	if (result == 0 && s->left)
		result = walk_merges(s, err);
	if (result == 0) {
		mark_boundary(s);
		keep_found(s);
	}
	talloc_free(s);
	return result;
}

int repo_origins(TALLOC_CTX *mem, struct repo *repo, const char *tip,
		 const char *dir, const struct migration *const *migrations,
		 size_t count, struct origin **origins, struct error *err)
{
	struct search *search;

	if (origins_begin(mem, repo, tip, dir, migrations, count, &search,
			  err) < 0)
		return -1;
	return origins_end(mem, search, origins, err);
}

#include "git/notes_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/thread/notes.h"

#define NOTES "refs/notes/"
#define FETCHED "refs/migrate/notes/"
#define PUSH_TRIES 100
#define FETCH_TRIES 20

static char *refspec(TALLOC_CTX *mem, const char *remote)
{
	return talloc_asprintf(mem, "+%smigrate*:%s%s/migrate*", NOTES, FETCHED,
			       remote);
}

/* git may ask for a password here, as nobody waits for a hook. */
static const char *const *network_environment(TALLOC_CTX *mem,
					      struct repo *repo)
{
	const char *const *env = private_of(repo)->env;
	const char **own;
	size_t count = 0, n = 0;

	while (env[count])
		count++;
	own = talloc_zero_array(mem, const char *, (unsigned)count + 1);
	for (size_t i = 0; i < count; i++)
		if (strncmp(env[i], "GIT_TERMINAL_PROMPT=", 20) != 0)
			own[n++] = env[i];
	return own;
}

static int talk(TALLOC_CTX *mem, struct repo *repo, const char *const *argv,
		char **complaint, struct error *err)
{
	char *out;

	return process_run(mem, argv, private_of(repo)->cwd,
			   network_environment(mem, repo), NULL, 0, &out, NULL,
			   complaint, err);
}

/* A name that is configured, as what is fetched is kept under it. */
static int check_remote(TALLOC_CTX *mem, struct repo *repo, const char *remote,
			struct error *err)
{
	char *key = talloc_asprintf(mem, "remote.%s.url", remote);
	char *out, *complaint;
	int status = git_run(mem, repo, GIT_ARGS("config", "--get", key), NULL,
			     0, &out, NULL, &complaint, err);

	if (status <= 0)
		return status;
	error_set(err, ERROR_NOT_FOUND, "no remote '%s'", remote);
	return error_hint(err, "see the remotes: git remote -v");
}

bool notes_lost_a_race(const char *complaint)
{
	return strstr(complaint, "cannot lock ref") ||
	       strstr(complaint, "failed to update ref") ||
	       strstr(complaint, "incorrect old value provided");
}

int notes_fetch(struct repo *repo, const char *remote, struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *complaint, *spec = refspec(mem, remote);
	int status = check_remote(mem, repo, remote, err);
	bool fetches = status == 0;

	/* another one in this repository writes down the same refs */
	for (int i = 0; fetches && i < FETCH_TRIES; i++) {
		if (i)
			usleep(notes_pause_us());
		status = talk(mem, repo,
			      GIT_ARGS("fetch", "-q", "--no-tags",
				       "--no-write-fetch-head",
				       "--no-recurse-submodules", "--", remote,
				       spec),
			      &complaint, err);
		fetches = status > 0 && notes_lost_a_race(complaint);
	}
	if (status > 0)
		status = git_failed(err, "fetch the notes", complaint);
	talloc_free(mem);
	return status < 0 ? -1 : 0;
}

/* --- merging -------------------------------------------------------------- */

/* A place for this ref in the list, which it may be in already. */
static struct notes_report *report_of(struct notes_share *share,
				      const char *ref)
{
	struct notes_report *r;

	for (size_t i = 0; i < share->count; i++)
		if (!strcmp(share->list[i].ref, ref))
			return &share->list[i];
	share->list = talloc_realloc(share->mem, share->list,
				     struct notes_report,
				     (unsigned)share->count + 1);
	r = &share->list[share->count++];
	*r = (struct notes_report){ .ref = talloc_strdup(share->mem, ref) };
	return r;
}

static void add_joined(TALLOC_CTX *mem, struct notes_report *r, char *label)
{
	for (size_t i = 0; i < r->joined_count; i++)
		if (!strcmp(r->joined[i], label))
			return;
	r->joined = talloc_realloc(mem, r->joined, char *,
				   (unsigned)r->joined_count + 1);
	r->joined[r->joined_count++] = label;
}

/* Pushing may merge more than once: what the first one brought counts, too. */
static int merge_one(struct repo *repo, const char *name, const char *theirs,
		     struct notes_share *share, struct error *err)
{
	char *ref = talloc_asprintf(share->mem, NOTES "%s", name);
	struct notes_report *r = report_of(share, ref), now = { .ref = r->ref };

	if (notes_merge(share->mem, repo, ref, theirs, &now, err) < 0)
		return -1;
	now.changed += r->changed;
	for (size_t i = 0; i < r->joined_count; i++)
		add_joined(share->mem, &now, r->joined[i]);
	if (r->changed && now.outcome < NOTES_TAKEN)
		now.outcome = r->outcome;
	*r = now;
	return 0;
}

static int merge_ref(TALLOC_CTX *mem, struct repo *repo, const char *ref,
		     struct notes_share *share, struct error *err)
{
	const char *name = strrchr(ref, '/') + 1;
	char *tip;

	if (!note_ref_is_ours(name)) {
		error_set(err, ERROR_FAILED, "'%s' is none of our notes", ref);
		return error_hint(err, "its last part says which they are: "
				       "migrate, or migrate-proofs");
	}
	if (notes_tip(mem, repo, ref, &tip, err) < 0)
		return -1;
	if (!tip)
		return error_set(err, ERROR_NOT_FOUND, "no ref '%s'", ref);
	return merge_one(repo, name, tip, share, err);
}

static int merge_all(TALLOC_CTX *mem, struct repo *repo, const char *remote,
		     struct notes_share *share, struct error *err)
{
	char *folder = talloc_asprintf(mem, "%s%s/", FETCHED, remote);
	char *out, *line;

	if (git_must(mem, repo,
		     GIT_ARGS("for-each-ref",
			      "--format=%(objectname) %(refname)", folder),
		     NULL, 0, &out, NULL, "list the notes that were fetched",
		     err) < 0)
		return -1;
	while ((line = strsep(&out, "\n")) != NULL) {
		char *ref = strchr(line, ' ');

		if (!ref)
			continue;
		*ref++ = '\0';
		ref += strlen(folder);
		if (note_ref_is_ours(ref) &&
		    merge_one(repo, ref, line, share, err) < 0)
			return -1;
	}
	return 0;
}

int notes_merge_fetched(struct repo *repo, const char *remote, const char *ref,
			struct notes_share *share, struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	int result = ref ? merge_ref(mem, repo, ref, share, err)
			 : merge_all(mem, repo, remote, share, err);

	/* a remote that was removed may still have left notes */
	if (result == 0 && !ref && !share->count)
		result = check_remote(mem, repo, remote, err);
	talloc_free(mem);
	return result;
}

/* --- pushing -------------------------------------------------------------- */

/* Our own refs that the remote has not, or not like that. */
static int find_new(TALLOC_CTX *mem, struct repo *repo, const char *remote,
		    struct notes_share *share, const char ***argv,
		    size_t *count, struct error *err)
{
	char *out, *line;

	if (git_must(mem, repo,
		     GIT_ARGS("for-each-ref",
			      "--format=%(objectname) %(refname)",
			      NOTES "migrate", NOTES "migrate-*"),
		     NULL, 0, &out, NULL, "list the notes", err) < 0)
		return -1;
	while ((line = strsep(&out, "\n")) != NULL) {
		char *ref = strchr(line, ' '), *tracked, *theirs;

		if (!ref || !note_ref_is_ours(ref + 1 + strlen(NOTES)))
			continue;
		*ref++ = '\0';
		tracked = talloc_asprintf(mem, "%s%s/%s", FETCHED, remote,
					  ref + strlen(NOTES));
		if (notes_tip(mem, repo, tracked, &theirs, err) < 0)
			return -1;
		if (theirs && !strcmp(theirs, line))
			continue;
		report_of(share, ref)->pushed = true;
		*argv = talloc_realloc(mem, *argv, const char *,
				       (unsigned)*count + 2);
		(*argv)[(*count)++] = talloc_asprintf(mem, "%s:%s", ref, ref);
		(*argv)[*count] = NULL;
	}
	return 0;
}

/* All that the remote was last seen to have, as one text. */
static int seen(TALLOC_CTX *mem, struct repo *repo, const char *remote,
		char **text, struct error *err)
{
	return git_must(
		mem, repo,
		GIT_ARGS("for-each-ref", "--format=%(objectname) %(refname)",
			 talloc_asprintf(mem, "%s%s/", FETCHED, remote)),
		NULL, 0, text, NULL, "list the notes that were fetched", err);
}

/* 0: done; 1: somebody else was faster. */
static int try_push(TALLOC_CTX *mem, struct repo *repo, const char *remote,
		    struct notes_share *share, char **complaint,
		    struct error *err)
{
	const char *const start[] = { "git",	     "push", "-q",
				      "--no-verify", "--",   remote };
	const char **argv = talloc_memdup(mem, start, sizeof(start));
	size_t count = sizeof(start) / sizeof(*start);
	char *before, *after;
	int status;

	if (notes_fetch(repo, remote, err) < 0 ||
	    merge_all(mem, repo, remote, share, err) < 0 ||
	    find_new(mem, repo, remote, share, &argv, &count, err) < 0 ||
	    seen(mem, repo, remote, &before, err) < 0)
		return -1;
	if (count == sizeof(start) / sizeof(*start))
		return 0;
	status = talk(mem, repo, argv, complaint, err);
	if (status <= 0)
		return status;
	if (notes_lost_a_race(*complaint))
		return 1;
	if (notes_fetch(repo, remote, err) < 0 ||
	    seen(mem, repo, remote, &after, err) < 0)
		return -1;
	return strcmp(before, after)
		       ? 1
		       : git_failed(err, "push the notes", *complaint);
}

int notes_push(struct repo *repo, const char *remote, struct notes_share *share,
	       struct error *err)
{
	for (int i = 0; i < PUSH_TRIES; i++) {
		TALLOC_CTX *mem = talloc_new(NULL);
		char *complaint;
		int status = try_push(mem, repo, remote, share, &complaint,
				      err);

		talloc_free(mem);
		if (status <= 0)
			return status;
		usleep(notes_pause_us());
	}
	error_set(err, ERROR_BUSY,
		  "unable to push the notes: those of '%s' are changed by "
		  "others all the time",
		  remote);
	return error_hint(err, "try again: git migrate notes push");
}

/* --- settings ------------------------------------------------------------- */

static int values_of(TALLOC_CTX *mem, struct repo *repo, const char *key,
		     char **values, size_t *length, struct error *err)
{
	char *complaint;
	int status = git_run(mem, repo,
			     GIT_ARGS("config", "-z", "--get-all", key), NULL,
			     0, values, length, &complaint, err);

	if (status > 0)
		*length = 0;
	return status < 0 ? -1 : 0;
}

static int add_value(TALLOC_CTX *mem, struct repo *repo, const char *key,
		     const char *value, char ***done, size_t *count,
		     struct error *err)
{
	char *values, *out;
	size_t length;

	if (values_of(mem, repo, key, &values, &length, err) < 0)
		return -1;
	for (const char *v = values; length && v < values + length;
	     v += strlen(v) + 1)
		if (!strcmp(v, value) || !strcmp(v, NOTES "*"))
			return 0;
	if (git_must(mem, repo, GIT_ARGS("config", "--add", key, value), NULL,
		     0, &out, NULL, "set the configuration", err) < 0)
		return -1;
	(*done)[(*count)++] = talloc_asprintf(mem, "%s=%s", key, value);
	return 0;
}

/* Whether a fetch with it writes over our notes. */
static bool writes_over(const char *spec)
{
	static const char ours[] = NOTES "migrate";
	const char *to = strchr(spec, ':'), *star;
	size_t length = sizeof(ours) - 1;

	if (*spec != '+' || !to)
		return false;
	star = strchr(++to, '*');
	if (star && (size_t)(star - to) < length)
		length = (size_t)(star - to);
	return !strncmp(to, ours, length);
}

static int find_clobbering(TALLOC_CTX *mem, struct repo *repo, const char *key,
			   char **clobbers, struct error *err)
{
	char *values;
	size_t length;

	if (values_of(mem, repo, key, &values, &length, err) < 0)
		return -1;
	for (char *v = values; length && v < values + length;
	     v += strlen(v) + 1)
		if (!*clobbers && writes_over(v))
			*clobbers = v;
	return 0;
}

int notes_share_settings(TALLOC_CTX *mem, struct repo *repo, const char *remote,
			 char ***done, char **clobbers, struct error *err)
{
	size_t count = 0;
	char *key;

	*done = talloc_zero_array(mem, char *, 4);
	*clobbers = NULL;
	if (remote) {
		key = talloc_asprintf(mem, "remote.%s.fetch", remote);
		if (find_clobbering(mem, repo, key, clobbers, err) < 0 ||
		    add_value(mem, repo, key, refspec(mem, remote), done,
			      &count, err) < 0)
			return -1;
	}
	return add_value(mem, repo, "notes.rewriteRef", NOTES "migrate", done,
			 &count, err) < 0 ||
			       add_value(mem, repo, "notes.displayRef",
					 NOTES "migrate", done, &count, err) < 0
		       ? -1
		       : 0;
}

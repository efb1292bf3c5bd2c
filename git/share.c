#include "git/share.h"

#include <string.h>

#include "git/notes_internal.h"

/* As often as somebody else may be faster. */
#define TRIES 5

struct sharing {
	TALLOC_CTX *mem;
	struct repo *repo;
	const char *remote, *ref;
	const char *theirs; /* the ref that keeps what the remote had */
	bool is_name;
};

static int keep_theirs(struct sharing *s, const char *tip, struct error *err)
{
	char *out;

	return git_must(s->mem, s->repo, GIT_ARGS("update-ref", s->theirs, tip),
			NULL, 0, &out, NULL, "note what the remote has", err);
}

/* 0: sent; 1: the remote has what we have not; -1: an error. Its hooks would
   be ours again. */
static int push(struct sharing *s, const char *tip, struct error *err)
{
	char *what = talloc_asprintf(s->mem, "%s:%s", tip, s->ref);
	char *out, *complaint;
	int status = git_run(s->mem, s->repo,
			     GIT_ARGS("push", "--quiet", "--no-verify",
				      "--porcelain", "--", s->remote, what),
			     NULL, 0, &out, NULL, &complaint, err);

	if (status <= 0)
		return status;
	/* it has moved, or is about to be moved by somebody else */
	if (strstr(out, "[rejected]") || strstr(complaint, "[rejected]") ||
	    notes_lost_a_race(out) || notes_lost_a_race(complaint))
		return 1;
	return git_failed(err, "send the notes", complaint);
}

static int take_theirs(struct sharing *s, struct error *err)
{
	char *what = talloc_asprintf(s->mem, "+%s:%s", s->ref, s->theirs);
	struct notes_report report = { .ref = s->ref };
	char *out, *tip;

	if (git_must(s->mem, s->repo,
		     GIT_ARGS("fetch", "--quiet", "--no-tags",
			      "--no-write-fetch-head",
			      "--no-recurse-submodules", "--", s->remote, what),
		     NULL, 0, &out, NULL, "fetch the remote's notes",
		     err) < 0 ||
	    notes_tip(s->mem, s->repo, s->theirs, &tip, err) < 0)
		return -1;
	return notes_merge(s->mem, s->repo, s->ref, tip, &report, err);
}

static int share(struct sharing *s, bool *sent, struct error *err)
{
	char *ours, *theirs;

	for (int i = 0; i < TRIES; i++) {
		int status;

		if (notes_tip(s->mem, s->repo, s->ref, &ours, err) < 0 ||
		    notes_tip(s->mem, s->repo, s->theirs, &theirs, err) < 0)
			return -1;
		if (!ours || (s->is_name && theirs && !strcmp(ours, theirs)))
			return 0;
		status = push(s, ours, err);
		if (status == 0) {
			*sent = true;
			return keep_theirs(s, ours, err);
		}
		if (status < 0 || take_theirs(s, err) < 0)
			return -1;
	}
	error_set(err, ERROR_BUSY,
		  "unable to send the notes: '%s' is changed by others all the "
		  "time",
		  s->ref);
	return error_hint(err, "try again: git migrate notes push");
}

int share_notes(struct repo *repo, const char *remote, const char *ref,
		bool *sent, struct error *err)
{
	struct sharing s = {
		.mem = talloc_new(NULL),
		.repo = repo,
		.remote = remote,
		.ref = ref,
		.is_name = !strpbrk(remote, ":/\\"),
	};
	int result;

	*sent = false;
	s.theirs = talloc_asprintf(s.mem, "refs/migrate/notes/%s/%s",
				   s.is_name ? remote : "url",
				   ref + strlen("refs/notes/"));
	result = share(&s, sent, err);
	talloc_free(s.mem);
	return result;
}

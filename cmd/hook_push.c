#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/entering.h"
#include "cmd/hook.h"
#include "core/base/process.h"
#include "core/base/text.h"
#include "git/share.h"

#define BRANCHES "refs/heads/"

/* One ref that a push changes. */
struct update {
	const char *ref;	     /* there */
	const char *old_id, *new_id; /* NULL: there is none */
};

struct push {
	struct cmd *cmd;
	struct update *list;
	size_t count;
	const char *refs;  /* where those that were there before are */
	const char *notes; /* the proofs, or NULL */
	bool receives;	   /* it is somebody else who pushes */
	bool proof;
	size_t refused;
};

static const char *id_or_none(const char *id)
{
	return id[strspn(id, "0")] ? id : NULL;
}

/* The words of a line, from its end: the first is a revision as it was typed,
   which may have blanks. */
static bool split(char *line, char **words, int count)
{
	for (int i = count - 1; i > 0; i--) {
		char *blank = strrchr(line, ' ');

		if (!blank)
			return false;
		*blank = '\0';
		words[i] = blank + 1;
	}
	words[0] = line;
	return true;
}

/* A line that git has not written would go by unchecked. */
static int odd_line(struct push *p, const char *hook, const char *line)
{
	struct cmd *cmd = p->cmd;

	error_set(&cmd->err, ERROR_FAILED,
		  "unable to read what is pushed: odd line '%s'",
		  text_visible(cmd->mem, line, false));
	return error_hint(&cmd->err, "git gives the lines of githooks(5), %s",
			  hook);
}

static bool is_id(const struct push *p, const char *word)
{
	size_t length = strlen(word);

	return length == p->cmd->repo->hex_length &&
	       strspn(word, "0123456789abcdef") == length;
}

static void add_update(struct push *p, const char *ref, const char *old_id,
		       const char *new_id)
{
	p->list = talloc_realloc(p->cmd->mem, p->list, struct update,
				 (unsigned)p->count + 1);
	p->list[p->count++] = (struct update){ ref, id_or_none(old_id),
					       id_or_none(new_id) };
}

static int read_lines(struct cmd *cmd, char **text)
{
	size_t length;

	return process_read_all(cmd->mem, STDIN_FILENO, text, &length,
				&cmd->err);
}

static bool is_protected(const char *branch, const void *cmd)
{
	return branch_is_protected(cmd, branch);
}

/* What there was before: the old commit; for a new branch, what it shares with
   other protected ones, as what is in any branch has passed no check. */
static int find_base(struct push *p, const struct update *u, const char **base)
{
	struct cmd *cmd = p->cmd;
	char *fork;

	*base = u->old_id;
	/* somebody has pushed meanwhile, and git will say so */
	if (u->old_id && repo_has(cmd->repo, u->old_id))
		return 0;
	if (repo_fork(cmd->mem, cmd->repo, u->new_id, p->refs, is_protected,
		      cmd, &fork, &cmd->err) < 0)
		return -1;
	*base = fork;
	return 0;
}

/* Which words get the branch's scripts, typed where the push was. */
static const char *revision_of(struct push *p, const struct update *u,
			       const char *base)
{
	TALLOC_CTX *mem = p->cmd->mem;
	const char *branch = u->ref + strlen(BRANCHES);
	struct error ignored = { 0 };
	char *ref, *commit;

	if (u->old_id && p->receives)
		return talloc_asprintf(mem, "origin/%s", branch);
	ref = talloc_asprintf(mem, "%s%s", p->refs, branch);
	if (u->old_id &&
	    repo_resolve(mem, p->cmd->repo, ref, &commit, &ignored) == 0)
		return ref + strlen("refs/remotes/");
	error_release(&ignored);
	return base ? talloc_strndup(mem, base, 10) : NULL;
}

static int check_update(struct push *p, const struct update *u)
{
	struct cmd *cmd = p->cmd;
	struct entering e = { .cmd = cmd,
			      .tip = u->new_id,
			      .name = u->ref + strlen(BRANCHES),
			      .proof = p->proof,
			      .notes = p->notes,
			      .receives = p->receives };
	int result;

	if (find_base(p, u, &e.base) < 0)
		return -1;
	e.there = e.base;
	e.revision = revision_of(p, u, e.base);
	result = entering_check(&e);
	if (result == 0) {
		gate_print(cmd, &e.gate);
		if (e.gate.refused)
			cmd_say(cmd,
				"the push to '%s' is refused: %zu "
				"problem%s in '%s'",
				e.name, e.gate.refused,
				e.gate.refused == 1 ? "" : "s", cmd->dir);
	}
	p->refused += e.gate.refused;
	gate_release(&e.gate);
	return result;
}

/* With the branch goes all that it was to keep. */
static void refuse_deletion(struct push *p, const char *branch)
{
	struct error err = { 0 };

	error_set(&err, ERROR_REFUSED,
		  "the push deletes the protected branch "
		  "'%s'",
		  branch);
	error_hint(&err, "if it is to go, take it out of "
			 "migrate.protectedBranch first");
	cmd_print_error(&err);
	error_release(&err);
	p->refused++;
}

static int check_all(struct push *p)
{
	if (proof_is_required(p->cmd, &p->proof) < 0)
		return -1;
	for (size_t i = 0; i < p->count; i++) {
		const struct update *u = &p->list[i];

		if (strncmp(u->ref, BRANCHES, 11) != 0 ||
		    !branch_is_protected(p->cmd, u->ref + 11))
			continue;
		if (!u->new_id)
			refuse_deletion(p, u->ref + 11);
		else if (check_update(p, u) < 0)
			return -1;
	}
	return p->refused ? 1 : 0;
}

/* --- pre-push ------------------------------------------------------------- */

/* pre-commit, the program, gives a push in its environment. */
static void take_environment(struct push *p)
{
	const char *to = getenv("PRE_COMMIT_TO_REF");
	const char *from = getenv("PRE_COMMIT_FROM_REF");
	const char *branch = getenv("PRE_COMMIT_REMOTE_BRANCH");

	if (to && from && branch)
		add_update(p, branch, from, to);
}

/* "LOCAL-REF LOCAL-ID REMOTE-REF REMOTE-ID" */
static int read_push(struct push *p)
{
	char *text, *line, *shown, *words[4];

	if (read_lines(p->cmd, &text) < 0)
		return -1;
	while ((line = strsep(&text, "\n")) != NULL) {
		if (!*line)
			continue;
		shown = talloc_strdup(p->cmd->mem, line);
		if (!split(line, words, 4) || !is_id(p, words[1]) ||
		    !is_id(p, words[3]))
			return odd_line(p, "pre-push", shown);
		add_update(p, words[2], words[3], words[1]);
	}
	if (!p->count)
		take_environment(p);
	return 0;
}

static bool brings_branch(const struct push *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->list[i].new_id &&
		    !strncmp(p->list[i].ref, BRANCHES, strlen(BRANCHES)))
			return true;
	return false;
}

/* The server's hook asks for them. That they could not be sent is no reason to
   keep the commits back. */
static void send_proofs(struct push *p, const char *remote)
{
	struct cmd *cmd = p->cmd;
	struct error err = { 0 };
	bool sent;

	if (share_notes(cmd->repo, remote, PROOFS_REF, &sent, &err) < 0) {
		cmd_warning("the proofs are not sent: %s%s%s", err.message,
			    err.detail ? ": " : "",
			    err.detail ? err.detail : "");
		cmd_hint(cmd, "send them: git migrate notes push");
	} else if (sent && cmd->verbose) {
		cmd_say(cmd, "the proofs are sent to '%s'", remote);
	}
	error_release(&err);
}

int hook_push(struct cmd *cmd, int argc, char **argv)
{
	struct push p = { .cmd = cmd };
	const char *remote = argc ? argv[0] : getenv("PRE_COMMIT_REMOTE_NAME");
	int status;

	if (cmd_open_repo(cmd) < 0 || read_push(&p) < 0)
		return -1;
	p.refs = talloc_asprintf(cmd->mem, "refs/remotes/%s/",
				 remote ? remote : "origin");
	status = check_all(&p);
	if (status == 0 && remote && brings_branch(&p))
		send_proofs(&p, remote);
	return status;
}

/* --- pre-receive ---------------------------------------------------------- */

/* "OLD-ID NEW-ID REF" */
int hook_receive(struct cmd *cmd)
{
	struct push p = { .cmd = cmd, .refs = BRANCHES, .receives = true };
	char *text, *line, *shown, *words[3];

	if (cmd_open_repo(cmd) < 0 || read_lines(cmd, &text) < 0)
		return -1;
	while ((line = strsep(&text, "\n")) != NULL) {
		if (!*line)
			continue;
		shown = talloc_strdup(cmd->mem, line);
		if (!split(line, words, 3) || !is_id(&p, words[0]) ||
		    !is_id(&p, words[1]))
			return odd_line(&p, "pre-receive", shown);
		add_update(&p, words[2], words[0], words[1]);
		/* proofs that come with the same push count */
		if (!strcmp(words[2], PROOFS_REF))
			p.notes = id_or_none(words[1]);
	}
	return check_all(&p);
}

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/entering.h"
#include "cmd/hook.h"
#include "core/base/process.h"
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
	bool proof;
	bool receives; /* here is the server */
	size_t refused;
};

static const char *id_or_none(const char *id)
{
	return id[strspn(id, "0")] ? id : NULL;
}

/* The words of a line: its last three or two columns are as git says. */
static int split(char *line, char **words, int most)
{
	int n = 0;

	while (n < most && (words[n] = strsep(&line, " ")) != NULL)
		n++;
	return n;
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

static int check_all(struct push *p)
{
	if (proof_is_required(p->cmd, &p->proof) < 0)
		return -1;
	for (size_t i = 0; i < p->count; i++) {
		const struct update *u = &p->list[i];

		if (u->new_id && !strncmp(u->ref, BRANCHES, 11) &&
		    branch_is_protected(p->cmd, u->ref + 11) &&
		    check_update(p, u) < 0)
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
	char *text, *line, *words[4];

	if (read_lines(p->cmd, &text) < 0)
		return -1;
	while ((line = strsep(&text, "\n")) != NULL)
		if (split(line, words, 4) == 4)
			add_update(p, words[2], words[3], words[1]);
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
	char *text, *line, *words[3];

	if (cmd_open_repo(cmd) < 0 || read_lines(cmd, &text) < 0)
		return -1;
	while ((line = strsep(&text, "\n")) != NULL) {
		if (split(line, words, 3) != 3)
			continue;
		add_update(&p, words[2], words[0], words[1]);
		/* proofs that come with the same push count */
		if (!strcmp(words[2], PROOFS_REF))
			p.notes = id_or_none(words[1]);
	}
	return check_all(&p);
}

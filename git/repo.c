#include "git/internal.h"

#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *chomp(char *text)
{
	size_t length = strlen(text);

	if (length && text[length - 1] == '\n')
		text[length - 1] = '\0';
	return text;
}

int git_failed(struct error *err, const char *what, const char *complaint)
{
	char *text = talloc_strdup(NULL, complaint ? complaint : "");

	chomp(text);
	error_set(err, ERROR_FAILED, "unable to %s", what);
	if (*text)
		error_detail(err, "git: %s", text);
	talloc_free(text);
	return -1;
}

int git_run(TALLOC_CTX *mem, struct repo *repo, const char *const *argv,
	    const char *input, size_t input_length, char **out,
	    size_t *out_length, char **complaint, struct error *err)
{
	struct repo_private *p = private_of(repo);

	return process_run(mem, argv, p->cwd, p->env, input, input_length, out,
			   out_length, complaint, err);
}

int git_must(TALLOC_CTX *mem, struct repo *repo, const char *const *argv,
	     const char *input, size_t input_length, char **out,
	     size_t *out_length, const char *what, struct error *err)
{
	char *complaint = NULL;
	int status = git_run(mem, repo, argv, input, input_length, out,
			     out_length, &complaint, err);

	if (status < 0)
		return -1;
	if (status)
		git_failed(err, what, complaint);
	talloc_free(complaint);
	return status ? -1 : 0;
}

int git_start(TALLOC_CTX *mem, struct repo *repo, const char *const *argv,
	      unsigned flags, struct process **process, struct error *err)
{
	struct repo_private *p = private_of(repo);

	return process_start(mem, argv, p->cwd, p->env, flags, process, err);
}

static char *next_line(char **text)
{
	char *line = strsep(text, "\n");

	return line ? line : (char *)"";
}

/*
 * What the first rev-parse printed. It stops where it cannot go on: at the
 * work tree of a bare repository, at HEAD before the first commit.
 */
static void read_answers(struct repo *repo, char *text)
{
	char *rest = text, *line;

	repo->git_dir = next_line(&rest);
	repo->common_dir = next_line(&rest);
	repo->bare = !strcmp(next_line(&rest), "true");
	repo->shallow = !strcmp(next_line(&rest), "true");
	repo->hex_length = strcmp(next_line(&rest), "sha256") ? 40 : 64;
	repo->prefix = next_line(&rest);
	line = next_line(&rest);
	if (*line != '/')
		return;
	repo->top = line;
	line = next_line(&rest);
	if (strlen(line) == repo->hex_length)
		repo->head = line;
	line = next_line(&rest);
	if (strlen(line) == repo->hex_length)
		private_of(repo)->head_tree = line;
	line = next_line(&rest);
	if (!strncmp(line, "refs/heads/", 11)) {
		repo->branch = line + 11;
		line = next_line(&rest);
	} else if (!strcmp(line, "HEAD")) {
		line = next_line(&rest);
	} else {
		return;
	}
	private_of(repo)->known[KNOWN_PROOFS] = line;
}

static const char *variable(TALLOC_CTX *mem, const char *name,
			    const char *value)
{
	return talloc_asprintf(mem, "%s=%s", name, value);
}

/*
 * Plumbing runs at the top of the work tree, from where a relative GIT_DIR
 * would point elsewhere and core.worktree may leave no way back; so the
 * folders are named outright. GIT_INDEX_FILE is relative to the top already.
 * git refuses literal pathspecs next to any other kind.
 */
static void set_environment(struct repo_private *p)
{
	struct repo *r = &p->repo;
	const char *variables[] = {
		"GIT_LITERAL_PATHSPECS=1",
		"GIT_GLOB_PATHSPECS",
		"GIT_NOGLOB_PATHSPECS",
		"GIT_ICASE_PATHSPECS",
		"GIT_OPTIONAL_LOCKS=0",
		"GIT_TERMINAL_PROMPT=0",
		"LC_ALL=C",
		"GIT_PREFIX",
		variable(p, "GIT_DIR", r->git_dir),
		getenv("GIT_COMMON_DIR")
			? variable(p, "GIT_COMMON_DIR", r->common_dir)
			: NULL,
		r->top ? variable(p, "GIT_WORK_TREE", r->top) : NULL,
	};
	size_t n = 0;

	p->env = talloc_zero_array(p, const char *, 12);
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		if (variables[i])
			p->env[n++] = variables[i];
	p->cwd = r->top ? r->top : r->git_dir;
}

/* In a bare repository and before the first commit, HEAD takes its own call. */
static int ask_head(struct repo *repo, struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *out = NULL, *complaint;
	int status = git_run(
		mem, repo,
		GIT_ARGS("rev-parse", "-q", "--verify", "HEAD^{commit}"), NULL,
		0, &out, NULL, &complaint, err);

	if (status == 0)
		repo->head = talloc_strdup(repo, chomp(out));
	if (status >= 0)
		status = git_run(mem, repo,
				 GIT_ARGS("symbolic-ref", "-q", "HEAD"), NULL,
				 0, &out, NULL, &complaint, err);
	if (status == 0 && !strncmp(out, "refs/heads/", 11))
		repo->branch = talloc_strdup(repo, chomp(out) + 11);
	talloc_free(mem);
	return status < 0 ? -1 : 0;
}

/* In a hook of a submodule and as a shell alias, git says where we are. */
static const char *starting_folder(void)
{
	const char *prefix = getenv("GIT_PREFIX");

	return prefix && *prefix && access(prefix, F_OK) == 0 &&
			       !getenv("GIT_INDEX_FILE")
		       ? prefix
		       : NULL;
}

/* git then loads no translations, either. */
static const char *const in_english[] = { "LC_ALL=C", NULL };

void repo_ask_known(struct repo *repo, enum known which)
{
	static const char names[] = KNOWN_TREE_NAME "\n" KNOWN_PROOFS_NAME
						    "\n" KNOWN_SHARED_NAME "\n";
	struct repo_private *p = private_of(repo);
	struct error ignored = { 0 };

	if (p->names || p->known[which])
		return;
	if (process_start(p, GIT_ARGS("cat-file", "--batch-check"),
			  starting_folder(), in_english,
			  PROCESS_IN | PROCESS_OUT | PROCESS_QUIET, &p->names,
			  &ignored) < 0) {
		error_release(&ignored);
		return;
	}
	process_write(p->names, names, strlen(names));
	close(p->names->in);
	p->names->in = -1;
}

/* One line each: "ID TYPE SIZE", or "NAME missing". */
static void hear_known(struct repo_private *p)
{
	struct error ignored = { 0 };
	char *text = NULL;

	if (p->names &&
	    process_read_all(p, p->names->out, &text, NULL, &ignored) < 0)
		text = NULL;
	error_release(&ignored);
	for (int i = 0; i < KNOWN_COUNT && text; i++) {
		char *line = strsep(&text, "\n");
		bool is_id = strspn(line, "0123456789abcdef") >=
			     p->repo.hex_length;

		if (!text)
			return; /* it was cut off */
		if (is_id)
			line[p->repo.hex_length] = '\0';
		if (!p->known[i])
			p->known[i] = is_id ? line : "";
	}
}

const char *repo_known(struct repo *repo, enum known which)
{
	struct repo_private *p = private_of(repo);

	repo_ask_known(repo, which);
	if (!p->known[which])
		hear_known(p);
	return p->known[which];
}

/* The repository is what all the rest waits for: it is asked for first. */
static int ask_where(struct repo_private *p, struct process **where,
		     struct error *err)
{
	return process_start(
		p,
		GIT_ARGS("rev-parse", "--path-format=absolute", "--git-dir",
			 "--git-common-dir", "--is-bare-repository",
			 "--is-shallow-repository", "--show-object-format",
			 "--show-prefix", "--show-toplevel", "HEAD",
			 "HEAD^{tree}", "--symbolic-full-name", "HEAD",
			 /* last, and only where there is such a one */
			 "--symbolic", "--default", KNOWN_PROOFS_NAME),
		starting_folder(), in_english, PROCESS_OUT | PROCESS_ERR, where,
		err);
}

static int ask_config(struct repo_private *p, struct error *err)
{
	return process_start(p, GIT_ARGS("config", "-z", "--list"),
			     starting_folder(), in_english,
			     PROCESS_OUT | PROCESS_QUIET, &p->config, err);
}

/* Both texts are short enough for a pipe. */
static int hear_where(struct repo_private *p, struct process *where,
		      struct error *err)
{
	char *text, *complaint;
	int status;

	if (process_read_all(p, where->out, &text, NULL, err) < 0 ||
	    process_read_all(p, where->err, &complaint, NULL, err) < 0)
		return -1;
	status = process_finish(where);
	if (status && *text != '/') {
		chomp(complaint);
		if (!strncmp(complaint, "fatal: ", 7))
			complaint += 7;
		return error_set(err, ERROR_FAILED, "%s", complaint);
	}
	read_answers(&p->repo, text);
	if (status)
		p->known[KNOWN_PROOFS] = NULL;
	return 0;
}

int repo_open(TALLOC_CTX *mem, struct repo **out, struct error *err)
{
	struct repo_private *p = talloc_zero(mem, struct repo_private);
	struct process *where;

	if (ask_where(p, &where, err) < 0 || ask_config(p, err) < 0 ||
	    hear_where(p, where, err) < 0) {
		talloc_free(p);
		return -1;
	}
	set_environment(p);
	if (!p->repo.head && ask_head(&p->repo, err) < 0)
		return -1;
	*out = &p->repo;
	return 0;
}

int repo_resolve(TALLOC_CTX *mem, struct repo *repo, const char *revision,
		 char **commit, struct error *err)
{
	char *name = talloc_asprintf(mem, "%s^{commit}", revision);
	char *complaint;
	int status = git_run(mem, repo,
			     GIT_ARGS("rev-parse", "-q", "--verify",
				      "--end-of-options", name),
			     NULL, 0, commit, NULL, &complaint, err);

	if (status < 0)
		return -1;
	if (status)
		return error_set(err, ERROR_NOT_FOUND, "no commit '%s'",
				 revision);
	chomp(*commit);
	return 0;
}

char *repo_identity(TALLOC_CTX *mem, struct repo *repo)
{
	struct error ignored = { 0 };
	struct passwd *user;
	char *out = NULL, *end, *complaint;
	int status = git_run(mem, repo, GIT_ARGS("var", "GIT_COMMITTER_IDENT"),
			     NULL, 0, &out, NULL, &complaint, &ignored);

	error_release(&ignored);
	if (status == 0) {
		end = strrchr(out, '>');
		if (end)
			end[1] = '\0';
		return out;
	}
	user = getpwuid(geteuid());
	return talloc_strdup(mem, user ? user->pw_name : "unknown");
}

char *repo_subject(TALLOC_CTX *mem, struct repo *repo, const char *commit)
{
	struct error ignored = { 0 };
	char *out = NULL, *complaint;
	int status = git_run(mem, repo,
			     GIT_ARGS("log", "-1", "--format=%s", commit, "--"),
			     NULL, 0, &out, NULL, &complaint, &ignored);

	error_release(&ignored);
	return status == 0 ? chomp(out) : talloc_strdup(mem, "");
}

int repo_branches_with(TALLOC_CTX *mem, struct repo *repo, const char *commit,
		       char ***branches, size_t *count, struct error *err)
{
	char *out, *complaint, *line;
	int status = git_run(mem, repo,
			     GIT_ARGS("for-each-ref", "--format=%(refname)",
				      "--contains", commit, "refs/heads/",
				      "refs/remotes/"),
			     NULL, 0, &out, NULL, &complaint, err);

	*branches = NULL;
	*count = 0;
	/* a commit that is not here any more is in no branch */
	if (status)
		return status < 0 ? -1 : 0;
	while ((line = strsep(&out, "\n")) != NULL) {
		if (!strncmp(line, "refs/heads/", 11))
			line += 11;
		else if (!strncmp(line, "refs/remotes/", 13))
			line += 13;
		if (!*line)
			continue;
		*branches = talloc_realloc(mem, *branches, char *,
					   (unsigned)*count + 1);
		(*branches)[(*count)++] = line;
	}
	return 0;
}

int repo_edit_file(struct repo *repo, const char *path, struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before[2];
	struct process *process;
	char *editor, *script;
	int status;

	if (git_must(mem, repo, GIT_ARGS("var", "GIT_EDITOR"), NULL, 0, &editor,
		     NULL, "find git's editor", err) < 0) {
		talloc_free(mem);
		return -1;
	}
	script = talloc_asprintf(mem, "%s \"$@\"", chomp(editor));
	const char *const argv[] = { "sh", "-c", script, editor, path, NULL };

	/* as git does: Ctrl-C in the editor is the editor's */
	sigaction(SIGINT, &ignore, &before[0]);
	sigaction(SIGQUIT, &ignore, &before[1]);
	status = process_start(mem, argv, NULL, NULL, PROCESS_TTY, &process,
			       err);
	if (status == 0)
		status = process_finish(process);
	sigaction(SIGINT, &before[0], NULL);
	sigaction(SIGQUIT, &before[1], NULL);
	if (status < 0) {
		talloc_free(mem);
		return -1;
	}
	if (status)
		error_set(err, ERROR_FAILED,
			  "the editor '%s' ended with status %d", editor,
			  status);
	talloc_free(mem);
	return status ? -1 : 0;
}

#include "cmd/cmd.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "git/staged.h"

static void print_lines(const char *label, const char *text)
{
	char *shown = text_visible(NULL, text, true);
	char *rest = shown, *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line || rest)
			fprintf(stderr, "%s%s\n", label, line);
	talloc_free(shown);
}

void cmd_print_error(const struct error *err)
{
	char *message = text_visible(
		NULL, err->message ? err->message : "unknown", true);
	char *file = err->file ? text_visible(NULL, err->file, false) : NULL;

	fputs("error: ", stderr);
	if (file && err->line && err->column)
		fprintf(stderr, "%s:%d:%d: ", file, err->line, err->column);
	else if (file && err->line)
		fprintf(stderr, "%s:%d: ", file, err->line);
	else if (file)
		fprintf(stderr, "%s: ", file);
	for (char *rest = message, *line; (line = strsep(&rest, "\n"));)
		fprintf(stderr, "%s%s\n", line == message ? "" : "       ",
			line);
	if (err->excerpt)
		fprintf(stderr, "%s\n", err->excerpt);
	if (err->detail)
		print_lines("detail: ", err->detail);
	if (err->hint)
		print_lines("hint: ", err->hint);
	talloc_free(message);
	talloc_free(file);
}

static int exit_status(enum error_code code)
{
	switch (code) {
	case ERROR_REFUSED:
		return 1;
	case ERROR_USAGE:
		return 129;
	case ERROR_INTERRUPTED:
		return 130;
	default:
		return 128;
	}
}

int cmd_fail(struct cmd *cmd)
{
	int status = exit_status(cmd->err.code);

	progress_end();
	fflush(stdout);
	cmd_print_error(&cmd->err);
	return cmd_done(cmd, status);
}

static bool has_run; /* migrations, whether anybody reads of them or not */

/*
 * What reads us may have enough, as `head` does; then git ends by the signal
 * for that. A run goes on: a migration is not cut short by who looks at it.
 */
static int without_output(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	if (poll(&out, 1, 0) < 1 || !(out.revents & POLLERR)) {
		fputs("error: unable to write to standard output\n", stderr);
		return 128;
	}
	if (has_run)
		fputs("warning: nobody reads standard output any more: the run "
		      "went on without\n"
		      "hint: see all that it did: git migrate log\n",
		      stderr);
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
	return 128 + SIGPIPE;
}

int cmd_done(struct cmd *cmd, int status)
{
	error_release(&cmd->err);
	talloc_free(cmd->mem);
	return fflush(stdout) || ferror(stdout) ? without_output() : status;
}

static void talk(const char *label, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void talk(const char *label, const char *fmt, va_list ap)
{
	char *text = talloc_vasprintf(NULL, fmt, ap);

	/* both may go to one file: then in this order */
	fflush(stdout);
	print_lines(label, text);
	talloc_free(text);
}

void cmd_warning(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	talk("warning: ", fmt, ap);
	va_end(ap);
}

void cmd_hint(const struct cmd *cmd, const char *fmt, ...)
{
	va_list ap;

	if (cmd->quiet)
		return;
	va_start(ap, fmt);
	talk("hint: ", fmt, ap);
	va_end(ap);
}

void cmd_say(const struct cmd *cmd, const char *fmt, ...)
{
	va_list ap;

	if (cmd->quiet)
		return;
	va_start(ap, fmt);
	talk("", fmt, ap);
	va_end(ap);
}

void cmd_line(const char *fmt, ...)
{
	char *text, *shown;
	va_list ap;

	va_start(ap, fmt);
	text = talloc_vasprintf(NULL, fmt, ap);
	va_end(ap);
	shown = text_visible(text, text, false);
	puts(shown);
	talloc_free(text);
}

void cmd_print_json(json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(json);
}

#define USUAL_DIR "migrations"

/* Nearly every repository keeps them there, and looking takes the longest:
   it begins before the configuration has told. */
static int look_early(struct cmd *cmd)
{
	cmd->dir = USUAL_DIR;
	if (cmd->stages)
		return staged_begin(cmd->mem, cmd->repo, cmd->dir,
				    &cmd->staging, &cmd->err);
	return cmd->looks ? cmd_begin_here(cmd) : 0;
}

int cmd_open_repo(struct cmd *cmd)
{
	if (repo_open(cmd->mem, &cmd->repo, &cmd->err) < 0)
		return -1;
	if (look_early(cmd) < 0)
		return -1;
	cmd->config = config_new(cmd->mem);
	if (repo_config(cmd->repo, cmd->config, &cmd->err) < 0)
		return -1;
	config_environment(cmd->config);
	if (config_dir(cmd->config, &cmd->dir, &cmd->err) < 0)
		return -1;
	if (cmd->looking && strcmp(cmd->dir, USUAL_DIR) != 0) {
		talloc_free(cmd->looking);
		cmd->looking = NULL;
	}
	if (cmd->staging && strcmp(cmd->dir, USUAL_DIR) != 0)
		return staged_begin(cmd->mem, cmd->repo, cmd->dir,
				    &cmd->staging, &cmd->err);
	return 0;
}

int cmd_config_at(struct cmd *cmd, const char *commit, struct config **config,
		  const char **dir)
{
	*config = config_new(cmd->mem);
	if (repo_config_at(cmd->repo, commit, *config, &cmd->err) < 0)
		return -1;
	config_environment(*config);
	return config_dir(*config, dir, &cmd->err);
}

/*
 * A URL that came with a clone names its host: no password of the
 * environment goes there before the person has said that it may.
 */
static int check_trust(struct cmd *cmd, const char *url)
{
	bool direct = url == cmd->target.direct_url;
	const struct db_engine *engine;
	const char *secret;

	if (direct ? cmd->target.own_direct_url : cmd->target.own_url)
		return 0;
	engine = db_engine_for(url, &cmd->err);
	if (!engine)
		return -1;
	secret = engine->environment_secret ? engine->environment_secret(url)
					    : NULL;
	if (!secret)
		return 0;
	error_set(&cmd->err, ERROR_REFUSED,
		  "the address of target '%s' comes from .gitmigrate, and %s "
		  "would be sent to it",
		  cmd->target.name, secret);
	return error_hint(&cmd->err,
			  "if you trust it: git config migrate-target.%s.%s "
			  "URL",
			  cmd->target.name, direct ? "directUrl" : "url");
}

/*
 * A protected target is protected by whatever name or URL its database is
 * called; that it is disposable under another one does not help.
 */
static int inherit_protection(struct cmd *cmd, const char *top)
{
	const char **names = config_target_names(cmd->mem, cmd->config);

	for (; *names && !cmd->target.protected_; names++) {
		struct target other;

		if (config_target(cmd->mem, cmd->config, *names, &other,
				  &cmd->err) < 0)
			return -1;
		if (!other.protected_ ||
		    !db_same_place(cmd->target.url, other.url, top))
			continue;
		cmd->target.protected_ = true;
		if (!cmd->target.name)
			cmd->target.name = other.name;
	}
	if (cmd->target.protected_)
		cmd->target.disposable = false;
	return 0;
}

static bool all_notices; /* not only warnings */

static void on_notice(const char *severity, const char *text)
{
	bool warning = !strcmp(severity, "WARNING");

	if (!warning && !all_notices)
		return;
	progress_wipe();
	cmd_warning("the server says: %s%s%s", warning ? "" : severity,
		    warning ? "" : ": ", text);
}

void cmd_hint_target(const struct cmd *cmd)
{
	const char *top = cmd->repo->top ? cmd->repo->top : cmd->repo->git_dir;
	const char *url = getenv("DATABASE_URL");
	static bool said;

	if (said || cmd->target_option || getenv("GIT_MIGRATE_TARGET") ||
	    !url || !*url || db_same_place(cmd->target.url, url, top))
		return;
	said = true;
	cmd_hint(cmd,
		 "the target is '%s', which migrate.target names; for what "
		 "DATABASE_URL says: --target env",
		 cmd->target.name ? cmd->target.name : "a URL");
}

int cmd_open_target(struct cmd *cmd, enum cmd_access access)
{
	struct db_options options = {
		.wait_ms = cmd->wait_ms,
		.connect_ms = cmd->connect_ms,
		.top = cmd->repo->top ? cmd->repo->top : cmd->repo->git_dir,
		.create = access == CMD_CREATE,
		.read_only = access == CMD_READ,
		.tick = progress_tick,
		.phase = progress_phase,
		.notice = on_notice,
	};
	const char *url;
	bool observe;

	all_notices = cmd->verbose > 0;

	if (config_target(cmd->mem, cmd->config, cmd->target_option,
			  &cmd->target, &cmd->err) < 0)
		return -1;
	url = cmd->target.url;
	if (cmd->target.direct_url && access != CMD_READ)
		url = cmd->target.direct_url;
	options.target = cmd->target.name;
	options.pools_sessions = cmd->target.pools_sessions;
	if (check_trust(cmd, url) < 0 ||
	    inherit_protection(cmd, options.top) < 0 ||
	    config_int(cmd->config, "migrate.countrows", 1000000,
		       &options.count_limit, &cmd->err) < 0 ||
	    config_bool(cmd->config, "migrate.observe", true, &observe,
			&cmd->err) < 0)
		return -1;
	options.unobserved = !observe;
	cmd_hint_target(cmd);
	return db_open(cmd->mem, url, &options, &cmd->db, &cmd->err);
}

char *cmd_own_file(const struct cmd *cmd, const char *name)
{
	char *path = talloc_asprintf(cmd->mem, "%s/migrate",
				     cmd->repo->git_dir);

	mkdir(path, 0777);
	return talloc_asprintf_append(path, "/%s", name);
}

static bool is_there(const struct cmd *cmd, const char *name)
{
	char *path = talloc_asprintf(cmd->mem, "%s/%s", cmd->repo->git_dir,
				     name);

	return access(path, F_OK) == 0;
}

void cmd_warn_cut_off(const struct cmd *cmd)
{
	if (is_there(cmd, SWITCH_JOURNAL)) {
		cmd_warning("a 'git migrate switch' was cut off here");
		cmd_hint(cmd, "to complete it: git migrate switch --continue");
		cmd_hint(cmd, "to go back: git migrate switch --abort");
	}
	if (is_there(cmd, RENUMBER_JOURNAL)) {
		cmd_warning("a 'git migrate renumber' was cut off here");
		cmd_hint(cmd, "to complete it: git migrate renumber");
	}
}

bool cmd_may_scratch(const struct cmd *cmd)
{
	return !cmd->target.protected_ || cmd->target.scratch_url ||
	       !db_can(cmd->db, DB_SCRATCH_ON_SERVER);
}

const char *cmd_target_name(const struct cmd *cmd)
{
	return cmd->target.name ? cmd->target.name : cmd->db->label;
}

int cmd_begin_here(struct cmd *cmd)
{
	if (!cmd->repo->top || cmd->looking)
		return 0;
	return worktree_begin(cmd->mem, cmd->repo, cmd->dir, &cmd->looking,
			      &cmd->err);
}

/* HEAD's set; empty before the first commit. */
static int set_head(struct cmd *cmd, struct set **set)
{
	if (!cmd->repo->head) {
		*set = set_new(cmd->mem);
		return 0;
	}
	return repo_set_commit(cmd->mem, cmd->repo, cmd->repo->head, cmd->dir,
			       set, &cmd->err);
}

int cmd_end_here(struct cmd *cmd, bool keep, struct set **set)
{
	struct worktree *looking;

	if (!cmd->repo->top)
		return set_head(cmd, set);
	looking = cmd->looking;
	cmd->looking = NULL;
	if (cmd->lenient)
		worktree_be_lenient(looking);
	if (worktree_end(cmd->mem, looking, keep, set, &cmd->err) < 0)
		return -1;
	for (size_t i = 0; i < (*set)->problem_count; i++)
		cmd_warning("%s", (*set)->problems[i]);
	return 0;
}

int cmd_states(struct cmd *cmd, bool keep, const struct ledger *ledger,
	       struct set **here, struct states **states)
{
	struct set *expected = NULL;
	struct states *early = NULL;

	if (cmd->looking && cmd->lenient)
		worktree_be_lenient(cmd->looking);
	if (cmd->looking)
		expected = worktree_expect(cmd->mem, cmd->looking);
	/* joined while another thread looks whether it is that */
	if (expected)
		early = states_join(cmd->mem, expected, ledger);
	if (cmd_end_here(cmd, keep, here) < 0)
		return -1;
	if (*here != expected) {
		talloc_free(early);
		talloc_free(expected);
		early = states_join(cmd->mem, *here, ledger);
	}
	*states = early;
	return 0;
}

int cmd_set_here(struct cmd *cmd, bool keep, struct set **set)
{
	return cmd_begin_here(cmd) < 0 ? -1 : cmd_end_here(cmd, keep, set);
}

void cmd_warn_misnamed(struct cmd *cmd, char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		cmd_warning("%s: no command takes this for a script",
			    text_visible(cmd->mem, list[i], false));
	if (count)
		cmd_hint(cmd,
			 "a script is called '%s/VERSION_NAME.up.sql' or "
			 "'.down.sql', with a version of 14 digits",
			 cmd->dir);
}

static int open_blobs(struct cmd *cmd, struct error *err)
{
	return cmd->blobs ? 0
			  : blobs_open(cmd->mem, cmd->repo, &cmd->blobs, err);
}

void cmd_expect_blob(const char *blob, void *data)
{
	struct cmd *cmd = data;
	struct error ignored = { 0 };

	if (open_blobs(cmd, &ignored) == 0)
		blobs_expect(cmd->blobs, blob);
	error_release(&ignored);
}

int cmd_read_blob(TALLOC_CTX *mem, const char *blob, char **text,
		  size_t *length, void *data, struct error *err)
{
	struct cmd *cmd = data;

	if (open_blobs(cmd, err) < 0)
		return -1;
	return blobs_read(mem, cmd->blobs, blob, text, length, err);
}

static int add_proof(const char *object, const char *text, size_t length,
		     void *data)
{
	proofs_add(data, object, text, length);
	return 0;
}

int cmd_proofs(struct cmd *cmd, struct proofs **proofs)
{
	*proofs = proofs_new(cmd->mem);
	return notes_each(cmd->repo, PROOFS_REF, add_proof, *proofs, &cmd->err);
}

int cmd_versions(struct cmd *cmd, int argc, char **argv, int64_t **versions)
{
	*versions = talloc_array(cmd->mem, int64_t, (unsigned)argc + 1);
	for (int i = 0; i < argc; i++) {
		char *digits = talloc_strndup(cmd->mem, argv[i],
					      VERSION_LENGTH);

		/* a label (VERSION_name) or a path is as good as the version */
		if (strrchr(argv[i], '/'))
			digits = talloc_strndup(cmd->mem,
						strrchr(argv[i], '/') + 1,
						VERSION_LENGTH);
		if (version_parse(digits, &(*versions)[i]) < 0) {
			error_set(&cmd->err, ERROR_USAGE,
				  "'%s' is not a version of 14 digits",
				  argv[i]);
			return error_hint(&cmd->err,
					  "see the versions: git migrate "
					  "status");
		}
	}
	return argc;
}

#define SAME_SIGNAL_US 500000

static volatile sig_atomic_t interrupted, at_stake;

/* In a signal handler: with nothing but a system call. */
static void tell_ended(void)
{
	static const char text[] =
		"\nerror: ended at once, in the middle of a migration: what is "
		"left of it in the database is not known\n"
		"hint: see what the database has: git migrate status\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		return; /* nobody listens */
}

/*
 * A second one ends the program as if nobody caught it. One Ctrl-C comes twice,
 * from the terminal and from the git that started us.
 */
static void on_signal(int number)
{
	static int64_t first;

	if (!interrupted) {
		interrupted = 1;
		first = clock_mono_us();
	} else if (clock_mono_us() - first > SAME_SIGNAL_US) {
		if (at_stake)
			tell_ended();
		signal(number, SIG_DFL);
		raise(number);
	}
}

void cmd_at_stake(bool is)
{
	at_stake = is;
	if (has_run)
		return;
	has_run = true;
	signal(SIGPIPE, SIG_IGN);
}

void cmd_catch_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal };

	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaction(numbers[i], &action, NULL);
}

bool cmd_is_interrupted(void)
{
	return interrupted != 0;
}

void cmd_forget_interruption(void)
{
	interrupted = 0;
}

/* As git decides it, with NO_COLOR and dumb terminals on top. */
static bool wants_color(const struct cmd *cmd)
{
	const char *ui = config_get(cmd->config, "color.migrate");
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	if (!ui)
		ui = config_get(cmd->config, "color.ui");
	if ((none && *none) || (term && !strcmp(term, "dumb")))
		return false;
	if (ui && !strcmp(ui, "always"))
		return true;
	if (ui && (!strcmp(ui, "never") || !strcmp(ui, "false")))
		return false;
	return isatty(1) || getenv("GIT_PAGER_IN_USE");
}

const char *color(const struct cmd *cmd, const char *code)
{
	static int wanted = -1;

	if (wanted < 0)
		wanted = wants_color(cmd);
	return wanted ? code : "";
}

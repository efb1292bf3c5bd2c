#include "cmd/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/installing.h"
#include "core/base/text.h"

static const char *const usage[] = {
	"git migrate init [--target NAME=URL]... [--no-target] [--no-hooks] "
	"[--share-notes]",
	NULL,
};

struct init {
	struct cmd cmd;
	struct text_list targets;
	bool no_target, no_hooks, share_notes;
	bool changed;
};

static void report(struct init *in, const char *what, const char *path)
{
	in->changed = true;
	cmd_line("%s %s", what, path);
}

static char *in_top(struct init *in, const char *name)
{
	return talloc_asprintf(in->cmd.mem, "%s/%s", in->cmd.repo->top, name);
}

/* A value as git reads it back from a file, whatever is in it. */
static char *config_quote(TALLOC_CTX *mem, const char *value)
{
	char *out = talloc_strdup(mem, "\"");

	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			out = talloc_strdup_append(out, "\\");
		out = talloc_strndup_append(out, value, 1);
	}
	return talloc_strdup_append(out, "\"");
}

/* Takes NAME=URL apart; what may not stand in a shared file is refused. */
static int target_section(struct init *in, const char *text, char **name,
			  char **section)
{
	struct cmd *cmd = &in->cmd;
	const char *equals = strchr(text, '=');
	struct config *scratch = config_new(cmd->mem);
	char *key;

	if (!equals || equals == text || strpbrk(text, "\n\r") ||
	    memchr(text, ':', (size_t)(equals - text))) {
		error_set(&cmd->err, ERROR_USAGE,
			  "--target expects NAME=URL, such as "
			  "dev=sqlite:dev.db");
		return -1;
	}
	*name = talloc_strndup(cmd->mem, text, (size_t)(equals - text));
	key = talloc_asprintf(cmd->mem, "migrate-target.%s.url", *name);
	if (!db_engine_for(equals + 1, &cmd->err) ||
	    config_set(scratch, CONFIG_SHARED, key, equals + 1, ".gitmigrate",
		       0, &cmd->err) < 0)
		return -1;
	*section = talloc_asprintf(cmd->mem,
				   "[migrate-target %s]\n\turl = %s\n",
				   config_quote(cmd->mem, *name),
				   config_quote(cmd->mem, equals + 1));
	return 0;
}

static int write_file(struct init *in, const char *name, const char *mode,
		      const char *text)
{
	char *path = in_top(in, name);
	FILE *file = fopen(path, mode);
	bool good = file && fputs(text, file) >= 0;

	if (file && fclose(file))
		good = false;
	if (!good)
		return error_set(&in->cmd.err, ERROR_FAILED,
				 "unable to write '%s': %s", name,
				 strerror(errno));
	report(in, *mode == 'a' ? "extended" : "wrote", name);
	return 0;
}

static char *first_sections(struct init *in, const char *first_target)
{
	char *text = talloc_strdup(
		in->cmd.mem,
		"# Settings of git-migrate for everyone who clones this "
		"repository. Nothing in\n"
		"# here runs a command or holds a secret; what is yours "
		"alone goes into\n"
		"# 'git config'. See 'git help migrate'.\n"
		"[migrate]\n");

	text = talloc_asprintf_append(text, "\tdir = %s\n",
				      config_quote(in->cmd.mem, in->cmd.dir));
	if (first_target)
		text = talloc_asprintf_append(
			text, "\ttarget = %s\n",
			config_quote(in->cmd.mem, first_target));
	return text;
}

/* What DATABASE_URL says stays the person's own: others who clone have another,
   and it may hold a password. */
static bool is_in_environment(const struct init *in)
{
	const char *url = getenv("DATABASE_URL");

	return url && *url && !config_get(in->cmd.config, "migrate.target");
}

static void explain_environment(const struct init *in)
{
	const struct cmd *cmd = &in->cmd;
	const char *url = getenv("DATABASE_URL");

	if (!is_in_environment(in))
		return;
	cmd_say(cmd, "the target is 'env', from DATABASE_URL: %s",
		text_visible(cmd->mem, url_redact(cmd->mem, url), false));
	cmd_hint(cmd, "to name one for everyone who clones: git migrate init "
		      "--target NAME=URL");
}

/* The whole file, or what an existing one lacks. */
static int write_settings(struct init *in)
{
	struct cmd *cmd = &in->cmd;
	bool exists = access(in_top(in, ".gitmigrate"), F_OK) == 0;
	char *sections = talloc_strdup(cmd->mem, "");
	const char *first = NULL;

	if (!in->targets.count && !in->no_target && !exists &&
	    !is_in_environment(in)) {
		in->targets.list = talloc_array(cmd->mem, const char *, 1);
		in->targets.list[in->targets.count++] = "dev=sqlite:dev.db";
	}
	for (size_t i = 0; i < in->targets.count; i++) {
		char *name, *section, *key;

		if (target_section(in, in->targets.list[i], &name, &section) <
		    0)
			return -1;
		if (!first)
			first = name;
		key = talloc_asprintf(cmd->mem, "migrate-target.%s.url", name);
		if (!exists || !config_get(cmd->config, key))
			sections = talloc_strdup_append(sections, section);
	}
	/* and before the first target was written, there was no default */
	if (exists && first && *sections &&
	    !config_get(cmd->config, "migrate.target"))
		sections = talloc_asprintf_append(
			sections, "[migrate]\n\ttarget = %s\n",
			config_quote(cmd->mem, first));
	if (!exists)
		return write_file(in, ".gitmigrate", "w",
				  talloc_asprintf(cmd->mem, "%s%s",
						  first_sections(in, first),
						  sections));
	return *sections ? write_file(in, ".gitmigrate", "a", sections) : 0;
}

/* Found out before anything is written. */
static int check_folder(struct init *in)
{
	struct stat st;

	if (stat(in_top(in, in->cmd.dir), &st) < 0 || S_ISDIR(st.st_mode))
		return 0;
	error_set(
		&in->cmd.err, ERROR_FAILED,
		"unable to make the folder '%s': a file of that name is there",
		in->cmd.dir);
	return error_hint(&in->cmd.err, "move it, or name another folder: "
					"git config migrate.dir FOLDER");
}

static int make_folder(struct init *in)
{
	struct cmd *cmd = &in->cmd;
	char *path = in_top(in, cmd->dir);
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	for (char *slash = path + strlen(cmd->repo->top) + 1;; slash++) {
		slash = strchr(slash, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			return error_set(&cmd->err, ERROR_FAILED,
					 "unable to make the folder '%s': %s",
					 cmd->dir, strerror(errno));
		if (!slash)
			break;
		*slash = '/';
	}
	report(in, "made", talloc_asprintf(cmd->mem, "%s/", cmd->dir));
	return 0;
}

static bool is_line(const char *text, const char *line)
{
	size_t length = strlen(line);

	return !strncmp(text, line, length) &&
	       (!text[length] || strchr("\r\n", text[length]));
}

/* Lines at the end of a file, those that are not in it; it need not be there.
   The list ends with NULL. */
static int add_lines(struct init *in, const char *name, const char **lines)
{
	char *text = talloc_strdup(in->cmd.mem, ""), *have = NULL;
	FILE *file = fopen(in_top(in, name), "r");
	bool open_end = false;
	size_t room = 0;

	while (file && getline(&have, &room, file) > 0) {
		for (const char **line = lines; *line; line++)
			if (is_line(have, *line))
				*line = "";
		open_end = have[strlen(have) - 1] != '\n';
	}
	free(have);
	for (; *lines; lines++)
		if (**lines)
			text = talloc_asprintf_append(
				text, "%s%s\n", open_end && !*text ? "\n" : "",
				*lines);
	if (file)
		fclose(file);
	return *text ? write_file(in, name, file ? "a" : "w", text) : 0;
}

/* A name as git's patterns mean it literally. */
static char *literal_pattern(TALLOC_CTX *mem, const char *path)
{
	char *out = talloc_strdup(mem, "/");

	for (; *path; path++) {
		if (strchr("*?[\\", *path))
			out = talloc_strdup_append(out, "\\");
		out = talloc_strndup_append(out, path, 1);
	}
	return out;
}

/* In .gitignore a blank at the end would go. */
static char *ignore_pattern(TALLOC_CTX *mem, const char *path)
{
	const char *pattern = literal_pattern(mem, path);
	char *out = talloc_strdup(mem, "");

	for (; *pattern; pattern++)
		out = talloc_asprintf_append(
			out, "%s%c", *pattern == ' ' ? "\\" : "", *pattern);
	return out;
}

/* In .gitattributes a blank ends the pattern, unless it is in quotes. */
static char *attribute_pattern(TALLOC_CTX *mem, const char *dir)
{
	char *pattern = literal_pattern(mem, dir);

	pattern = talloc_asprintf(mem, "%s/*.sql", pattern);
	return strpbrk(pattern, " \t") ? config_quote(mem, pattern) : pattern;
}

/* Scripts stay as they are written: a blob id must not depend on who checks
   it out, and a carriage return may stand inside a string. */
static int write_attributes(struct init *in)
{
	char *pattern = attribute_pattern(in->cmd.mem, in->cmd.dir);
	const char *lines[] = {
		talloc_asprintf(in->cmd.mem, "%s text eol=lf", pattern), NULL
	};

	return add_lines(in, ".gitattributes", lines);
}

/* The database, and the files that come and go beside it. */
static int ignore_file(struct init *in, const char *path)
{
	struct cmd *cmd = &in->cmd;
	const char *lines[3] = { NULL, NULL, NULL };
	char *beside = talloc_asprintf(cmd->mem, "%s-journal", path);
	char *pattern = ignore_pattern(cmd->mem, path);
	bool would;
	int n = 0;

	if (repo_would_add(cmd->repo, path, &would, &cmd->err) < 0)
		return -1;
	if (would)
		lines[n++] = pattern;
	if (repo_would_add(cmd->repo, beside, &would, &cmd->err) < 0)
		return -1;
	if (would)
		lines[n] = talloc_asprintf(cmd->mem, "%s-*", pattern);
	return add_lines(in, ".gitignore", lines);
}

/* A database in the work tree, which nobody wants in a commit. */
static int ignore_database(struct init *in, const char *name)
{
	struct cmd *cmd = &in->cmd;
	const char *top = cmd->repo->top, *path;
	const struct db_engine *engine;
	struct error ignored = { 0 };
	struct target target;

	if (config_target(cmd->mem, cmd->config, name, &target, &cmd->err) < 0)
		return -1;
	engine = db_engine_for(target.url, &ignored);
	error_release(&ignored);
	path = engine && engine->capabilities & DB_FILE
		       ? engine->place(cmd->mem, target.url, top)
		       : NULL;
	if (!path || strncmp(path, top, strlen(top)) != 0 ||
	    path[strlen(top)] != '/')
		return 0;
	path += strlen(top) + 1;
	/* in the git directory it is out of the way already */
	return strncmp(path, ".git/", 5) ? ignore_file(in, path) : 0;
}

static int ignore_databases(struct init *in)
{
	struct cmd *cmd = &in->cmd;
	const char **names;

	/* what was written just now counts as well */
	cmd->config = config_new(cmd->mem);
	if (repo_config(cmd->repo, cmd->config, &cmd->err) < 0)
		return -1;
	names = config_target_names(cmd->mem, cmd->config);
	if (!*names &&
	    (ignore_database(in, "dev") < 0 || ignore_database(in, NULL) < 0))
		return -1;
	for (; *names; names++)
		if (ignore_database(in, *names) < 0)
			return -1;
	return 0;
}

static int install_hooks(struct init *in)
{
	struct installing i = { .cmd = &in->cmd, .brief = true };

	if (in->no_hooks)
		return 0;
	if (install_run(&i) < 0)
		return -1;
	in->changed |= i.installed > 0;
	return 0;
}

/* What a fetch brings is merged, and never written over what is here. */
static int share_notes(struct init *in)
{
	struct cmd *cmd = &in->cmd;
	char *remote, **done, *clobbers;

	if (!in->share_notes)
		return 0;
	if (repo_remote_name(cmd->mem, cmd->repo, &remote, &cmd->err) < 0 ||
	    notes_share_settings(cmd->mem, cmd->repo, remote, &done, &clobbers,
				 &cmd->err) < 0)
		return -1;
	for (; *done; done++)
		report(in, "set", *done);
	if (!remote)
		cmd_warning("there is no remote yet to share notes with; once "
			    "there is: git migrate init --share-notes");
	if (!clobbers)
		return 0;
	cmd_warning("every fetch from '%s' writes over local notes: "
		    "remote.%s.fetch is '%s'",
		    remote, remote, clobbers);
	cmd_hint(cmd,
		 "to keep them: git config --fixed-value --unset "
		 "remote.%s.fetch '%s'",
		 remote, clobbers);
	return 0;
}

static int run(struct init *in)
{
	struct cmd *cmd = &in->cmd;

	if (cmd_open_repo(cmd) < 0)
		return -1;
	if (!cmd->repo->top)
		return error_set(&cmd->err, ERROR_FAILED,
				 "init needs a work tree, and this repository "
				 "is bare");
	if (check_folder(in) < 0 || write_settings(in) < 0 ||
	    make_folder(in) < 0 || write_attributes(in) < 0 ||
	    ignore_databases(in) < 0 || install_hooks(in) < 0 ||
	    share_notes(in) < 0)
		return -1;
	explain_environment(in);
	if (in->changed)
		cmd_hint(cmd, "next: git migrate new NAME");
	else
		cmd_say(cmd, "nothing to change: everything is set up");
	return 0;
}

int cmd_init(int argc, char **argv)
{
	struct init in = { .cmd = CMD_INIT };
	const struct option options[] = {
		{ OPTION_TEXTS, 0, "target", "NAME=URL",
		  "a database; the first is the default", &in.targets },
		{ OPTION_FLAG, 0, "no-target", NULL,
		  "write no target into .gitmigrate", &in.no_target },
		{ OPTION_FLAG, 0, "no-hooks", NULL, "install no git hooks",
		  &in.no_hooks },
		{ OPTION_FLAG, 0, "share-notes", NULL,
		  "fetch notes, and keep them with rewritten commits",
		  &in.share_notes },
		CMD_COMMON(in.cmd),
		CMD_END,
	};
	int status;

	if (options_parse(in.cmd.mem, options, usage, &argc, argv, &status) < 0)
		return cmd_done(&in.cmd, status);
	if (argc || (in.no_target && in.targets.count))
		return cmd_done(
			&in.cmd,
			argc ? options_usage(options, usage,
					     "unexpected argument '%s'",
					     argv[0])
			     : options_usage(options, usage,
					     "--target and --no-target exclude "
					     "each other"));
	return run(&in) < 0 ? cmd_fail(&in.cmd) : cmd_done(&in.cmd, 0);
}

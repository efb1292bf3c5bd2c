#include "cmd/derived.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"

static const char *const usage[] = {
	"git migrate derive [--force] [--no-prove] VERSION",
	NULL,
};

struct derive {
	struct cmd cmd;
	struct derived derived;
	bool force, no_prove;
	struct set *set;
	struct migration *migration;
	char *path; /* of the down script, from the top */
};

static int find(struct derive *d, int64_t version)
{
	struct cmd *cmd = &d->cmd;
	char text[VERSION_LENGTH + 1];
	const char *up;

	d->migration = set_find(d->set, version);
	up = d->migration ? d->migration->half[DIRECTION_UP].path : NULL;
	if (!up) {
		error_set(&cmd->err, ERROR_NOT_FOUND,
			  "there is no up script of %s here",
			  version_format(version, text));
		return error_hint(&cmd->err,
				  "see the versions: git migrate status");
	}
	d->path = talloc_asprintf(cmd->mem, "%.*sdown.sql",
				  (int)(strlen(up) - strlen("up.sql")), up);
	return 0;
}

static int read_half(struct derive *d, enum direction direction, char **text,
		     size_t *length)
{
	return cmd_read_blob(d->cmd.mem, d->migration->half[direction].blob,
			     text, length, &d->cmd, &d->cmd.err);
}

/* What a person wrote is not written over. */
static int check_down(struct derive *d)
{
	struct cmd *cmd = &d->cmd;
	struct error ignored = { 0 };
	struct script *script;
	char *text;
	size_t length;

	if (d->force || !d->migration->half[DIRECTION_DOWN].path)
		return 0;
	if (read_half(d, DIRECTION_DOWN, &text, &length) < 0)
		return -1;
	if (script_parse(cmd->mem, d->path, text, length, SQL_POSTGRESQL,
			 &script, &ignored) == 0 &&
	    !script->has_statements)
		return 0;
	error_release(&ignored);
	error_set(&cmd->err, ERROR_REFUSED, "'%s' has statements", d->path);
	return error_hint(&cmd->err, "to write over it: git migrate derive "
				     "--force VERSION");
}

static int write_down(struct derive *d)
{
	struct cmd *cmd = &d->cmd;
	char *path = talloc_asprintf(cmd->mem, "%s/%s", cmd->repo->top,
				     d->path);
	char *new = talloc_asprintf(cmd->mem, "%s.%d.tmp", path, (int)getpid());
	FILE *file = fopen(new, "we");
	bool bad = !file;

	if (file)
		bad = fputs(d->derived.script->text, file) < 0;
	if (file && fclose(file))
		bad = true;
	if (!bad && rename(new, path) == 0)
		return 0;
	error_set(&cmd->err, ERROR_FAILED, "unable to write '%s': %s", d->path,
		  strerror(errno));
	unlink(new);
	return -1;
}

static int run(struct derive *d, int argc, char **argv)
{
	struct cmd *cmd = &d->cmd;
	int64_t *versions;
	char *text;
	size_t length;

	cmd_catch_signals();
	if (cmd_versions(cmd, argc, argv, &versions) < 0 ||
	    cmd_open_repo(cmd) < 0)
		return -1;
	d->derived.version = versions[0];
	if (!cmd->repo->top)
		return error_set(&cmd->err, ERROR_FAILED,
				 "derive needs a work tree, and this "
				 "repository is bare");
	if (cmd_set_here(cmd, true, &d->set) < 0 || find(d, versions[0]) < 0 ||
	    check_down(d) < 0 ||
	    read_half(d, DIRECTION_UP, &text, &length) < 0 ||
	    derived_make(&d->derived, d->migration->half[DIRECTION_UP].path,
			 text, length,
			 migration_label(cmd->mem, d->migration)) < 0 ||
	    write_down(d) < 0)
		return -1;
	return d->no_prove ? 0 : derived_prove(&d->derived, versions[0]);
}

static int finish(struct derive *d, const char *version)
{
	struct cmd *cmd = &d->cmd;
	const struct derivation *s = d->derived.script;
	int status = derived_status(&d->derived);

	if (cmd->json)
		cmd_print_json(json_pack(
			"{s:s, s:i, s:i, s:i, s:o}", "written", d->path,
			"statements", (int)s->statements, "edits",
			(int)s->edits, "losses", (int)s->losses, "proof",
			derived_proof_json(&d->derived)));
	else
		puts(text_visible(cmd->mem, d->path, false));
	derived_show(&d->derived, version);
	return cmd_done(cmd, status);
}

int cmd_derive(int argc, char **argv)
{
	struct derive d = { .cmd = CMD_INIT };
	const struct option options[] = {
		{ OPTION_FLAG, 'f', "force", NULL,
		  "write over a down script that has statements", &d.force },
		{ OPTION_FLAG, 0, "no-prove", NULL, "do not prove it",
		  &d.no_prove },
		CMD_TARGET(d.cmd),
		CMD_JSON(d.cmd),
		CMD_COMMON(d.cmd),
		CMD_END,
	};
	int status;

	d.derived.cmd = &d.cmd;
	if (options_parse(d.cmd.mem, options, usage, &argc, argv, &status) < 0)
		return cmd_done(&d.cmd, status);
	if (argc != 1)
		return cmd_done(&d.cmd, options_usage(options, usage,
						      argc ? "only one VERSION"
							   : "which VERSION?"));
	if (run(&d, argc, argv) < 0)
		return cmd_fail(&d.cmd);
	return finish(&d, argv[0]);
}

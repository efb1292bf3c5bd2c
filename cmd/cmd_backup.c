#include "cmd/cmd.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/table.h"
#include "core/base/text.h"
#include "core/run/backup.h"

static const char *const usage[] = {
	"git migrate backup [--verify] [--to PATH]",
	"git migrate backup --verify --from PATH",
	"git migrate backup --list",
	NULL,
};

struct backing {
	struct cmd cmd;
	const char *to, *from;
	bool verify, list;
	struct backuper backuper;
};

static void on_stage(const char *what, void *data)
{
	struct backing *b = data;
	char *line = talloc_asprintf(NULL, "%s '%s'", what,
				     cmd_target_name(&b->cmd));

	progress_begin(&b->cmd, line);
	talloc_free(line);
}

/* --- where it goes -------------------------------------------------------- */

/* What is safe in the name of a file: a target may be called by its URL. */
static char *file_name(TALLOC_CTX *mem, const struct cmd *cmd)
{
	char *name = talloc_strdup(mem, cmd_target_name(cmd));
	char *time = text_time(mem, clock_wall_us());

	for (char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			*c = '_';
	if (*name == '.')
		*name = '_';
	/* 2026-02-13T12:00:00.000Z */
	return talloc_asprintf(mem, "%s-%.4s%.2s%.2sT%.2s%.2s%.2s.%.3sZ%s",
			       name, time, time + 5, time + 8, time + 11,
			       time + 14, time + 17, time + 20,
			       cmd->db->engine->backup_suffix);
}

static int make_folder(struct cmd *cmd, const char *path)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	return error_set(&cmd->err, ERROR_FAILED,
			 "unable to make the folder '%s': %s", path,
			 strerror(errno));
}

/* Absolute, as it is recorded; the folder has to be there. */
static int absolute(struct cmd *cmd, const char *written, char **path)
{
	const char *slash = strrchr(written, '/');
	char *folder = slash ? talloc_strndup(cmd->mem, written,
					      (size_t)(slash - written + 1))
			     : talloc_strdup(cmd->mem, ".");
	char *real = realpath(folder, NULL);

	if (!real)
		return error_set(&cmd->err, ERROR_FAILED,
				 "there is no folder '%s'", folder);
	*path = talloc_asprintf(cmd->mem, "%s%s%s", real,
				strcmp(real, "/") ? "/" : "",
				slash ? slash + 1 : written);
	free(real);
	return 0;
}

static int destination(struct backing *b, char **path)
{
	struct cmd *cmd = &b->cmd;
	const char *dir = cmd->repo->common_dir;
	const char *to = b->to;
	struct stat st;

	if (to && stat(to, &st) == 0 && S_ISDIR(st.st_mode))
		to = talloc_asprintf(cmd->mem, "%s/%s", to,
				     file_name(cmd->mem, cmd));
	if (to)
		return absolute(cmd, to, path);
	dir = talloc_asprintf(cmd->mem, "%s/migrate", dir);
	if (make_folder(cmd, dir) < 0)
		return -1;
	dir = talloc_asprintf(cmd->mem, "%s/backups", dir);
	if (make_folder(cmd, dir) < 0)
		return -1;
	return absolute(cmd,
			talloc_asprintf(cmd->mem, "%s/%s", dir,
					file_name(cmd->mem, cmd)),
			path);
}

/* --- showing -------------------------------------------------------------- */

static void show_verified(TALLOC_CTX *mem, const struct backup *backup)
{
	printf("  verified: restored and compared, %zu table%s, %s row%s  %s\n",
	       backup->contents->count, backup->contents->count == 1 ? "" : "s",
	       text_thousands(mem, contents_rows(backup->contents)),
	       contents_rows(backup->contents) == 1 ? "" : "s",
	       text_duration(mem, backup->verify_ms));
}

static void show(struct cmd *cmd, const char *what, const struct backup *backup)
{
	printf("%s%s%s %s  %s  %s\n", color(cmd, "\033[32m"), what,
	       color(cmd, "\033[m"),
	       text_visible(cmd->mem, backup->path, false),
	       text_size(cmd->mem, backup->bytes),
	       text_duration(cmd->mem, backup->duration_ms));
	if (backup->verified_at)
		show_verified(cmd->mem, backup);
	fflush(stdout);
}

static void print_list(struct cmd *cmd, struct backup **list, size_t count)
{
	static const char *const headings[] = {
		"TAKEN", "SIZE", "DURATION", "VERIFIED", "PATH",
	};
	struct table *table = table_new(headings, 5);

	for (size_t i = 0; i < count; i++) {
		const struct backup *b = list[i];
		const char *cells[] = {
			talloc_strndup(cmd->mem, b->started_at, 19),
			text_size(cmd->mem, b->bytes),
			text_duration(cmd->mem, b->duration_ms),
			b->verified_at
				? talloc_strndup(cmd->mem, b->verified_at, 19)
			: b->failure ? "refused"
				     : "no",
			b->path,
		};

		table_row(table, cells,
			  color(cmd, b->verified_at ? "green"
				     : b->failure   ? "red"
						    : "yellow"));
	}
	table_print(table);
}

/* --- the three things that it does ---------------------------------------- */

static int list(struct backing *b)
{
	struct cmd *cmd = &b->cmd;
	struct backup **found;
	size_t count;
	json_t *json;

	if (backups_read(cmd->mem, cmd->db, &found, &count, &cmd->err) < 0)
		return -1;
	if (!cmd->json) {
		if (count)
			print_list(cmd, found, count);
		else
			cmd_say(cmd, "no backups of '%s'",
				cmd_target_name(cmd));
		return 0;
	}
	json = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(json, backup_json(found[i]));
	cmd_print_json(json_pack("{s:o}", "backups", json));
	return 0;
}

static void report(struct cmd *cmd, const char *what,
		   const struct backup *backup)
{
	progress_end();
	if (cmd->json)
		cmd_print_json(
			json_pack("{s:o}", "backup", backup_json(backup)));
	else
		show(cmd, what, backup);
}

static int take(struct backing *b)
{
	struct cmd *cmd = &b->cmd;
	struct backup *backup;
	char *path;

	if (destination(b, &path) < 0 ||
	    backup_take(cmd->mem, &b->backuper, path, b->verify, &backup,
			&cmd->err) < 0)
		return -1;
	report(cmd, "backed up to", backup);
	return 0;
}

static int verify(struct backing *b)
{
	struct cmd *cmd = &b->cmd;
	struct backup *backup;
	char *path;
	int result;

	if (absolute(cmd, b->from, &path) < 0)
		return -1;
	result = backup_verify(cmd->mem, &b->backuper, path, &backup,
			       &cmd->err);
	if (result == 0 || (cmd->json && backup && backup->failure))
		report(cmd, "verified", backup);
	return result;
}

static int run(struct backing *b)
{
	struct cmd *cmd = &b->cmd;

	cmd_catch_signals();
	if (cmd_open_repo(cmd) < 0 ||
	    cmd_open_target(cmd, b->list ? CMD_READ : CMD_WRITE) < 0)
		return -1;
	if (b->list)
		return list(b);
	if (!db_can(cmd->db, DB_BACKUP))
		return error_set(&cmd->err, ERROR_FAILED,
				 "'%s' is of a kind that cannot be backed up",
				 cmd_target_name(cmd));
	b->backuper = (struct backuper){
		.db = cmd->db,
		.scratch_url = cmd->target.scratch_url,
		.identity = text_visible(
			cmd->mem, repo_identity(cmd->mem, cmd->repo), false),
		.tool = GIT_MIGRATE_VERSION,
		.stage = on_stage,
		.data = b,
	};
	return b->from ? verify(b) : take(b);
}

int cmd_backup(int argc, char **argv)
{
	struct backing b = { .cmd = CMD_INIT };
	const struct option options[] = {
		{ OPTION_FLAG, 0, "verify", NULL,
		  "restore it into a scratch database and compare", &b.verify },
		{ OPTION_TEXT, 0, "to", "PATH",
		  "the file to write, or the folder for it", &b.to },
		{ OPTION_TEXT, 0, "from", "PATH",
		  "with --verify: a backup that was taken before", &b.from },
		{ OPTION_FLAG, 0, "list", NULL, "show those that are recorded",
		  &b.list },
		CMD_TARGET(b.cmd),
		CMD_WAIT(b.cmd),
		CMD_JSON(b.cmd),
		CMD_COMMON(b.cmd),
		CMD_END,
	};
	const char *wrong = NULL;
	int status;

	if (options_parse(b.cmd.mem, options, usage, &argc, argv, &status) < 0)
		return cmd_done(&b.cmd, status);
	if (argc)
		wrong = "no argument is expected";
	else if (b.list && (b.verify || b.to || b.from))
		wrong = "--list goes with no other of these";
	else if (b.from && (b.to || !b.verify))
		wrong = "--from goes with --verify alone";
	if (wrong)
		return cmd_done(&b.cmd,
				options_usage(options, usage, "%s", wrong));
	if (run(&b) < 0)
		return cmd_fail(&b.cmd);
	return cmd_done(&b.cmd, 0);
}

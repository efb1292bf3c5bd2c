#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

#include "cmd/table.h"
#include "core/base/text.h"

static const char *const usage[] = {
	"git migrate log [-n N] [VERSION] [--json]",
	NULL,
};

struct log {
	struct cmd cmd;
	int limit;
	struct facts **runs;
	size_t count;
};

static int load(struct log *l, int64_t version)
{
	struct cmd *cmd = &l->cmd;
	struct ledger *ledger;

	if (cmd_open_repo(cmd) < 0 || cmd_open_target(cmd, CMD_READ) < 0 ||
	    ledger_read(cmd->mem, cmd->db, &ledger, &cmd->err) < 0)
		return -1;
	if (!ledger->exists)
		return 0;
	return ledger_runs(cmd->mem, cmd->db, version, l->limit, &l->runs,
			   &l->count, &cmd->err);
}

static char *tables_text(TALLOC_CTX *mem, const struct facts *facts)
{
	char *text = talloc_strdup(mem, "");

	for (size_t i = 0; i < facts->table_count; i++) {
		const struct fact_table *t = &facts->tables[i];
		int64_t rows = t->rows_after >= 0 ? t->rows_after
						  : t->rows_before;

		if (rows < 0)
			continue;
		text = talloc_asprintf_append(
			text, "%s%s %s%s", *text ? ", " : "", t->name,
			t->estimated ? "~" : "", text_thousands(mem, rows));
	}
	return text;
}

/* A person's decision is no script that ran. */
static const char *outcome_text(TALLOC_CTX *mem, const struct facts *f)
{
	const char *by = f->repair ? strstr(f->repair, " by ") : NULL;

	if (by)
		return talloc_strndup(mem, f->repair, (size_t)(by - f->repair));
	return f->ok ? "ok" : "failed";
}

static void print_table(const struct log *l)
{
	static const char *const headings[] = {
		"STARTED", "OUTCOME",	"RUN",	  "DURATION",
		"LOCK",	   "MIGRATION", "TABLES",
	};
	TALLOC_CTX *mem = talloc_new(NULL);
	struct table *table = table_new(headings, 7);

	for (size_t i = 0; i < l->count; i++) {
		const struct facts *f = l->runs[i];
		char version[VERSION_LENGTH + 1];
		char *started = text_time(mem, f->started_us);
		const char *cells[] = {
			started,
			outcome_text(mem, f),
			direction_name(f->direction),
			f->repair ? "-" : text_duration(mem, f->duration_ms),
			f->lock_count ? text_duration(mem, f->lock_ms) : "-",
			talloc_asprintf(mem, "%s_%s",
					version_format(f->version, version),
					f->name),
			tables_text(mem, f),
		};

		started[19] = '\0';
		table_row(table, cells,
			  color(&l->cmd, f->repair ? "yellow"
					 : f->ok   ? "green"
						   : "red"));
	}
	table_print(table);
	talloc_free(mem);
}

int cmd_log(int argc, char **argv)
{
	struct log l = { .cmd = CMD_INIT };
	const struct option options[] = {
		{ OPTION_NUMBER, 'n', "number", "N", "show at most N runs",
		  &l.limit },
		CMD_TARGET(l.cmd),
		CMD_JSON(l.cmd),
		CMD_COMMON(l.cmd),
		CMD_END,
	};
	int64_t *versions;
	int status;

	if (options_parse(l.cmd.mem, options, usage, &argc, argv, &status) < 0)
		return cmd_done(&l.cmd, status);
	if (argc > 1)
		return cmd_done(&l.cmd, options_usage(options, usage,
						      "one VERSION at most"));
	if (cmd_versions(&l.cmd, argc, argv, &versions) < 0 ||
	    load(&l, argc ? versions[0] : 0) < 0)
		return cmd_fail(&l.cmd);
	if (l.cmd.json)
		cmd_print_json(runs_json(l.runs, l.count));
	else if (!l.count)
		cmd_say(&l.cmd, "no runs on '%s'", cmd_target_name(&l.cmd));
	else if (l.cmd.verbose || argc)
		for (size_t i = 0; i < l.count; i++) {
			if (l.runs[i]->ok)
				show_run(&l.cmd, l.runs[i]);
			else
				show_failed_run(&l.cmd, l.runs[i]);
			if (l.runs[i]->repair)
				printf("  repair %s\n",
				       text_visible(l.cmd.mem,
						    l.runs[i]->repair, false));
			if (l.runs[i]->error)
				printf("  error  %s\n",
				       text_visible(l.cmd.mem, l.runs[i]->error,
						    false));
		}
	else
		print_table(&l);
	return cmd_done(&l.cmd, 0);
}

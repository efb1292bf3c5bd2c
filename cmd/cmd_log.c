#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

#include "cmd/table.h"
#include "core/base/text.h"
#include "core/report/page.h"
#include "core/thread/measured.h"

static const char *const usage[] = {
	"git migrate log [-n N] [VERSION] [--json]",
	"git migrate log [-n N] VERSION --html FILE",
	NULL,
};

struct log {
	struct cmd cmd;
	int limit;
	const char *html; /* where the page goes; "-": standard output */
	struct facts **runs;
	size_t count;
};

static int load(struct log *l, int64_t version)
{
	struct cmd *cmd = &l->cmd;
	struct ledger *ledger;

	if (cmd_open_repo(cmd) < 0 || cmd_open_target(cmd, CMD_READ) < 0 ||
	    cmd_ledger(cmd, &ledger) < 0)
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

static void print_runs(struct log *l)
{
	l->cmd.verbose = 1; /* who asks for one wants to know */
	for (size_t i = 0; i < l->count; i++) {
		const struct facts *f = l->runs[i];

		if (f->ok)
			show_run(&l->cmd, f);
		else
			show_failed_run(&l->cmd, f);
		if (f->repair)
			printf("  repair %s\n",
			       text_visible(l->cmd.mem, f->repair, false));
		if (f->error)
			printf("  error  %s\n",
			       text_visible(l->cmd.mem, f->error, false));
	}
}

static int write_page(struct log *l, int64_t version)
{
	struct cmd *cmd = &l->cmd;
	struct ledger_row *row = NULL;
	struct page page = {
		.target = cmd_target_name(cmd),
		.engine = measured_engine(cmd->db->engine->name),
		.server_version = cmd->db->server_version,
		.runs = l->runs,
		.count = l->count,
	};
	char digits[VERSION_LENGTH + 1], *text;

	if (!l->count) {
		error_set(&cmd->err, ERROR_NOT_FOUND,
			  "there was no run of '%s' on '%s'",
			  version_format(version, digits),
			  cmd_target_name(cmd));
		return error_hint(&cmd->err, "to see what has run: git migrate "
					     "log");
	}
	if (ledger_read_one(cmd->mem, cmd->db, version, &row, &cmd->err) < 0)
		return -1;
	page.row = row;
	text = page_compose(cmd->mem, &page);
	if (!strcmp(l->html, "-")) {
		fputs(text, stdout);
		return 0;
	}
	if (cmd_write_file(cmd, l->html, text) < 0)
		return -1;
	cmd_say(cmd, "wrote '%s'", l->html);
	return 0;
}

static int show(struct log *l, const int64_t *versions, int count)
{
	if (l->html)
		return write_page(l, versions[0]);
	if (l->cmd.json)
		cmd_print_json(runs_json(l->runs, l->count));
	else if (!l->count)
		cmd_say(&l->cmd, "no runs on '%s'", cmd_target_name(&l->cmd));
	else if (l->cmd.verbose || count)
		print_runs(l);
	else
		print_table(l);
	return 0;
}

static const char *misuse(const struct log *l, int argc)
{
	if (argc > 1)
		return "one VERSION at most";
	if (l->html && !argc)
		return "--html needs a VERSION";
	if (l->html && l->cmd.json)
		return "--html and --json exclude each other";
	return NULL;
}

int cmd_log(int argc, char **argv)
{
	struct log l = { .cmd = CMD_INIT };
	const struct option options[] = {
		{ OPTION_NUMBER, 'n', "number", "N", "show at most N runs",
		  &l.limit },
		{ OPTION_TEXT, 0, "html", "FILE",
		  "write the runs of VERSION as a page", &l.html },
		CMD_TARGET(l.cmd),
		CMD_JSON(l.cmd),
		CMD_COMMON(l.cmd),
		CMD_END,
	};
	int64_t *versions;
	const char *wrong;
	int status;

	if (options_parse(l.cmd.mem, options, usage, &argc, argv, &status) < 0)
		return cmd_done(&l.cmd, status);
	wrong = misuse(&l, argc);
	if (wrong)
		return cmd_done(&l.cmd,
				options_usage(options, usage, "%s", wrong));
	if (cmd_versions(&l.cmd, argc, argv, &versions) < 0 ||
	    load(&l, argc ? versions[0] : 0) < 0 ||
	    show(&l, versions, argc) < 0)
		return cmd_fail(&l.cmd);
	return cmd_done(&l.cmd, 0);
}

#include "cmd/repairing.h"

#include <stdio.h>
#include <string.h>

#include "cmd/would.h"
#include "core/base/text.h"

char *repairing_label(TALLOC_CTX *mem, const struct repair *repair)
{
	char version[VERSION_LENGTH + 1];

	return talloc_asprintf(mem, "%s_%s",
			       version_format(repair->row->version, version),
			       text_visible(mem, repair->row->name, false));
}

static const char *verdict_name(enum db_verdict verdict)
{
	static const char *const names[] = {
		[DB_UNKNOWN] = "unknown", [DB_UNDONE] = "not-done",
		[DB_DONE] = "done",	  [DB_REMAINS] = "remains",
		[DB_HALF] = "half-done",  [DB_PARTLY] = "partly-done",
	};

	return names[verdict];
}

/* Of statement n: what the ledger knows of it. */
static const char *statement_state(const struct repair *repair, int n)
{
	if (n < repair->progress->done)
		return "done";
	if (n == repair->progress->done &&
	    (repair->progress->started || repair->progress->position))
		return "begun";
	return "to do";
}

char *repairing_statement(TALLOC_CTX *mem, const struct script *script, int n)
{
	int line, column;

	text_position(script->text, script->length,
		      script->statements[n].offset, &line, &column);
	return talloc_asprintf(mem, "%s:%d: %s", script->path, line,
			       statement_title(mem, script, (size_t)n));
}

static void show_verdict(const struct repair *repair)
{
	switch (repair->verdict) {
	case DB_UNKNOWN:
		puts("         whether it was carried out cannot be told");
		break;
	case DB_UNDONE:
		puts("         it was not carried out, or does no harm twice");
		break;
	case DB_DONE:
		puts("         it was carried out");
		break;
	case DB_REMAINS:
		cmd_line("         it was not carried out, and left the %s",
			 repair->remains);
		break;
	case DB_HALF:
		cmd_line("         it is half done, and left the %s",
			 repair->remains);
		break;
	case DB_PARTLY:
		cmd_line("         it is half done: %s", repair->remains);
		break;
	}
}

static void show_position(TALLOC_CTX *mem, const struct repair *repair)
{
	const struct batch_position *at =
		batch_position_parse(mem, repair->progress->position);

	if (at)
		printf("         %s batch%s committed, %s row%s\n",
		       text_thousands(mem, at->batches),
		       at->batches == 1 ? " is" : "es are",
		       text_thousands(mem, at->rows), at->rows == 1 ? "" : "s");
}

static void show_statements(TALLOC_CTX *mem, const struct repair *repair)
{
	const struct script *script = repair->item.script;

	if (!script || !repair->progress)
		return;
	for (int n = 0; n < (int)script->statement_count; n++) {
		cmd_line("  %-6s %s", statement_state(repair, n),
			 repairing_statement(mem, script, n));
		if (n == repair->progress->done && repair->progress->started &&
		    !repair->run.text)
			show_verdict(repair);
		if (n == repair->progress->done && repair->progress->position)
			show_position(mem, repair);
	}
}

/* --- the ways on ---------------------------------------------------------- */

bool repairing_is_here(const struct repairing *r)
{
	const struct plan_item *item = &r->plan.items[0];

	return item->direction == DIRECTION_DOWN ||
	       (item->path && item->down_path);
}

/* What is typed to have the scripts here that ran; NULL: nothing would do. */
static char *way_here(const struct repairing *r)
{
	const struct cmd *cmd = &r->s.cmd;
	const struct ledger_row *row = r->repair.row;
	char version[VERSION_LENGTH + 1];

	if (!row->commit || !repo_has(cmd->repo, row->commit))
		return NULL;
	return talloc_asprintf(
		cmd->mem,
		"its scripts came from %s%s%s; to have them here: "
		"git restore --source=%.10s -- ':/%s/%s_*'",
		row->branch ? "branch '" : "another commit",
		row->branch ? text_visible(cmd->mem, row->branch, false) : "",
		row->branch ? "'" : "", row->commit, cmd->dir,
		version_format(row->version, version));
}

int repairing_not_here(struct repairing *r)
{
	struct error *err = &r->s.cmd.err;
	const char *way = way_here(r);
	char version[VERSION_LENGTH + 1];

	error_set(err, ERROR_REFUSED, "migration '%s' is not here",
		  repairing_label(r->s.cmd.mem, &r->repair));
	if (way)
		return error_hint(err, "%s", way);
	return error_hint(err,
			  "see what else can be done: git migrate repair "
			  "%s",
			  version_format(r->repair.row->version, version));
}

static bool can_resume(const struct repair *repair)
{
	return repair->item.script && repair->progress && !repair->changed;
}

static void show_way_here(const struct repairing *r)
{
	const char *way = way_here(r);

	if (!way) {
		cmd_warning("its scripts are not here, nor in any commit that "
			    "is known");
		return;
	}
	cmd_hint(&r->s.cmd, "%s", way);
	cmd_hint(&r->s.cmd, "then go on: git migrate up");
}

static bool is_newest(const struct repairing *r)
{
	const struct states *states = r->s.states;

	for (size_t i = 0; i < states->count; i++)
		if (states->list[i].row &&
		    states->list[i].version > r->repair.row->version)
			return false;
	return true;
}

/* `down` takes the newest one, and the script that was recorded. */
static void show_way_down(const struct repairing *r, const char *version)
{
	const struct cmd *cmd = &r->s.cmd;
	const struct migration *here = r->plan.items[0].entry->here;

	if (!is_newest(r)) {
		cmd_hint(cmd, "to go on: git migrate repair %s --resume",
			 version);
		return;
	}
	cmd_hint(cmd, "to go on: git migrate down");
	if (here && here->half[DIRECTION_DOWN].blob)
		cmd_hint(cmd, "to go on with the script as it is here: "
			      "git migrate down --from-file");
}

static void show_skip(const struct repairing *r, const char *version)
{
	cmd_hint(&r->s.cmd,
		 "to leave statement %d out, then run the others: "
		 "git migrate repair %s --skip",
		 r->repair.progress->done + 1, version);
}

/* What was begun, and whose end a person has to know. */
static void show_ways_unknown(const struct repairing *r, const char *version)
{
	const struct cmd *cmd = &r->s.cmd;
	const struct repair *repair = &r->repair;

	if (repair->verdict == DB_UNKNOWN)
		cmd_hint(cmd,
			 "to run statement %d again, then the others: "
			 "git migrate repair %s --resume",
			 repair->progress->started, version);
	else if (repair->row->direction == DIRECTION_UP)
		cmd_hint(cmd,
			 "once it is mended to do the rest, to run it and the "
			 "others: git migrate repair %s --resume",
			 version);
	cmd_hint(cmd,
		 "to count it as done, then run the others: "
		 "git migrate repair %s --skip",
		 version);
}

static void show_ways_altered(const struct repairing *r, const char *version)
{
	const struct cmd *cmd = &r->s.cmd;
	const struct repair *repair = &r->repair;
	int number = repair->progress->done + 1;

	cmd_hint(cmd, "to go on once statement %d is as it was: git migrate %s",
		 number, direction_name(repair->row->direction));
	cmd_hint(cmd,
		 "to do the rest of it as it is now, then the others: "
		 "git migrate repair %s --resume",
		 version);
	show_skip(r, version);
}

static void show_ways_on(const struct repairing *r, const char *version)
{
	const struct repair *repair = &r->repair;

	if (!repairing_is_here(r)) {
		show_way_here(r);
	} else if (!can_resume(repair)) {
		return;
	} else if (repair_is_under_way(repair) &&
		   (repair->verdict == DB_UNKNOWN ||
		    repair->verdict == DB_PARTLY)) {
		show_ways_unknown(r, version);
	} else if (repair->altered) {
		show_ways_altered(r, version);
	} else {
		if (repair->row->direction == DIRECTION_DOWN)
			show_way_down(r, version);
		else
			cmd_hint(&r->s.cmd, "to go on: git migrate up");
		if (repair->failed && !repair->progress->started)
			show_skip(r, version);
	}
}

/* Whoever decides now would do so about something that goes on meanwhile. */
static void show_ways_at_work(const struct repairing *r, const char *version)
{
	const struct cmd *cmd = &r->s.cmd;

	cmd_hint(cmd, "look again when it is done: git migrate repair %s",
		 version);
	if (r->repair.run.remedy)
		cmd_hint(cmd,
			 "or, when the run itself is gone, end what the server "
			 "still does for it: %s",
			 r->repair.run.remedy);
}

static void show_ways(const struct repairing *r)
{
	const struct cmd *cmd = &r->s.cmd;
	const struct repair *repair = &r->repair;
	char version[VERSION_LENGTH + 1];

	version_format(repair->row->version, version);
	if (repair->run.text) {
		show_ways_at_work(r, version);
		return;
	}
	show_ways_on(r, version);
	if (repair->verdict == DB_REMAINS)
		cmd_hint(cmd,
			 "to remove what it left, and no more: "
			 "git migrate repair %s --clean-up",
			 version);
	if (repair->verdict == DB_HALF)
		cmd_hint(cmd,
			 "to finish that statement, and no more: "
			 "git migrate repair %s --clean-up",
			 version);
	cmd_hint(cmd,
		 "once you have done the rest by hand: "
		 "git migrate repair %s --mark-done",
		 version);
	cmd_hint(cmd,
		 "once you have undone all of it by hand: "
		 "git migrate repair %s --mark-undone",
		 version);
}

/* -------------------------------------------------------------------------- */

void repairing_show(struct repairing *r)
{
	const struct repair *repair = &r->repair;
	TALLOC_CTX *mem = r->s.cmd.mem;
	const char *ran = repair->row->direction == DIRECTION_UP
				  ? repair->row->up_blob
				  : repair->row->down_blob;

	printf("%s is unfinished: ", repairing_label(mem, repair));
	if (repair->progress)
		printf("%d of %d statements of its %s script are done\n",
		       repair->progress->done, repair->row->total,
		       direction_name(repair->row->direction));
	else
		printf("how far its %s script came is not recorded\n",
		       direction_name(repair->row->direction));
	show_statements(mem, repair);
	if (repair->run.text)
		cmd_line("a run is at work: %s", repair->run.text);
	fflush(stdout);
	if (repair->changed)
		cmd_warning("what was carried out is not what the script "
			    "begins with now; what ran is blob %s",
			    ran);
	if (repair->altered && repair->progress)
		cmd_warning("batches of statement %d are committed, and it is "
			    "not the same any more; what ran is blob %s",
			    repair->progress->done + 1, ran);
	if (repair->unreadable.code)
		cmd_warning("its script cannot be read: %s",
			    repair->unreadable.message);
	show_ways(r);
}

static json_t *statements_json(TALLOC_CTX *mem, const struct repair *repair)
{
	const struct script *script = repair->item.script;
	json_t *list = json_array();

	for (int n = 0;
	     script && repair->progress && n < (int)script->statement_count;
	     n++) {
		const struct statement *s = &script->statements[n];
		int line, column;

		text_position(script->text, script->length, s->offset, &line,
			      &column);
		json_array_append_new(
			list,
			json_pack("{s:i, s:s, s:s, s:s}", "index", n + 1,
				  "kind", s->kind, "place",
				  talloc_asprintf(mem, "%s:%d:%d", script->path,
						  line, column),
				  "state", statement_state(repair, n)));
	}
	return list;
}

void repairing_show_json(struct repairing *r)
{
	const struct repair *repair = &r->repair;
	char version[VERSION_LENGTH + 1];
	json_t *json, *list = json_array();
	bool under_way;

	r->s.answered = true;
	if (repair->row) {
		under_way = repair_is_under_way(repair) && !repair->run.text;
		json = json_pack(
			"{s:s, s:s, s:s, s:i, s:i, s:b, s:o, s:o, s:o}",
			"version",
			version_format(repair->row->version, version), "name",
			repair->row->name, "direction",
			direction_name(repair->row->direction),
			"statements_done", repair->row->done,
			"statements_total", repair->row->total, "changed",
			repair->changed || repair->altered, "verdict",
			under_way ? json_string(verdict_name(repair->verdict))
				  : json_null(),
			"remains",
			repair->remains ? json_string(repair->remains)
					: json_null(),
			"statements", statements_json(r->s.cmd.mem, repair));
		json_object_set_new(json, "run",
				    repair->run.text
					    ? json_string(repair->run.text)
					    : json_null());
		json_array_append_new(list, json);
	}
	cmd_print_json(json_pack("{s:o}", "repairs", list));
}

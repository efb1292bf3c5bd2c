#include "cmd/syncing.h"
#include "cmd/unbegun.h"

#include <stdio.h>
#include <string.h>

#include "cmd/consent.h"
#include "cmd/demand.h"
#include "cmd/would.h"
#include "core/base/text.h"
#include "core/restamp.h"

/* --- preparing ------------------------------------------------------------ */

/*
 * A `hold` waits for code to be deployed: a target that nobody is served from
 * takes all phases at once. What was applied before was released then.
 */
static int64_t *released(const struct syncing *y, size_t *count)
{
	const struct plan *ups = &y->plan.ups;
	int64_t *list = talloc_array(y->s->cmd.mem, int64_t,
				     (unsigned)ups->count + 1);

	*count = 0;
	for (size_t i = 0; i < ups->count; i++)
		if (!y->s->cmd.target.protected_ || y->release_all ||
		    y->plan.up_reasons[i] != SYNC_NEW)
			list[(*count)++] = ups->items[i].version;
	return list;
}

/* Where it came from is known since it was begun. */
static int prepare_begun(struct syncing *y)
{
	struct session *s = y->s;
	struct cmd *cmd = &s->cmd;
	struct plan *begun = &y->plan.begun;

	for (size_t i = 0; i < begun->count; i++) {
		struct plan_item *item = &begun->items[i];
		struct ledger_row *row;

		if (ledger_read_one(cmd->mem, cmd->db, item->version, &row,
				    &cmd->err) < 0)
			return -1;
		if (!row)
			continue;
		item->commit = row->commit;
		item->source = row->source;
		item->branch = row->branch;
	}
	return runner_prepare(cmd->mem, &s->runner, begun, NULL, 0, &cmd->err);
}

static int make_plan(struct syncing *y)
{
	struct session *s = y->s;

	return sync_plan(s->cmd.mem, s->states, s->here, y->finish, &y->plan,
			 &s->cmd.err);
}

int syncing_prepare(struct syncing *y)
{
	struct session *s = y->s;
	struct cmd *cmd = &s->cmd;
	size_t count;
	int64_t *list;

	if (make_plan(y) < 0 && (!unbegun_forget(s) || make_plan(y) < 0))
		return -1;
	if (prepare_begun(y) < 0)
		return -1;
	list = released(y, &count);
	if (session_begin_origins(s, &y->plan.ups) < 0 ||
	    runner_prepare(cmd->mem, &s->runner, &y->plan.downs, NULL, 0,
			   &cmd->err) < 0 ||
	    runner_prepare(cmd->mem, &s->runner, &y->plan.ups, list, count,
			   &cmd->err) < 0 ||
	    session_end_origins(s, &y->plan.ups) < 0 ||
	    session_check_committed(s, &y->plan.ups) < 0)
		return -1;
	for (size_t i = 0; y->branch && i < y->plan.ups.count; i++)
		y->plan.ups.items[i].branch = y->branch;
	y->losses = (struct consent){ 0 };
	if (consent_add(cmd->mem, &y->losses, &s->runner, &y->plan.begun,
			&cmd->err) < 0 ||
	    consent_add(cmd->mem, &y->losses, &s->runner, &y->plan.downs,
			&cmd->err) < 0)
		return -1;
	return consent_add(cmd->mem, &y->losses, &s->runner, &y->plan.ups,
			   &cmd->err);
}

/* Of what only runs forward each one is told when its turn comes; and what was
   cut off has to come to its end. */
int syncing_check(struct syncing *y)
{
	if (y->finish || !y->plan.downs.count)
		return 0;
	return session_check_syntax(y->s, &y->plan.downs, &y->plan.ups);
}

/* --- showing -------------------------------------------------------------- */

static char *label(TALLOC_CTX *mem, int64_t version, const char *name)
{
	char digits[VERSION_LENGTH + 1];

	return talloc_asprintf(mem, "%s_%s", version_format(version, digits),
			       name);
}

static const char *reason_text(const struct syncing *y, enum sync_reason reason)
{
	switch (reason) {
	case SYNC_LACKING:
		return talloc_asprintf(y->s->cmd.mem, "not in %s", y->with);
	case SYNC_CHANGED:
		return "its up script is another one there";
	case SYNC_ABOVE:
		return "an older one changes";
	case SYNC_BEGUN:
		return "it stopped half way";
	default:
		return NULL;
	}
}

/* The data of a dry run, or talk about what comes. */
static void line(const struct syncing *y, bool dry_run, const char *text)
{
	if (dry_run)
		cmd_line("would %s", text);
	else
		cmd_say(&y->s->cmd, "  %s", text);
}

static void show_item(struct syncing *y, bool dry_run,
		      const struct plan_item *item, enum sync_reason reason)
{
	TALLOC_CTX *mem = y->s->cmd.mem;
	const char *why = reason_text(y, reason);

	line(y, dry_run,
	     talloc_asprintf(mem, "%s %s%s%s%s",
			     item->direction == DIRECTION_UP ? "apply"
							     : "revert",
			     label(mem, item->version, item->name),
			     why ? "  (" : "", why ? why : "", why ? ")" : ""));
}

static void show_stamp(struct syncing *y, bool dry_run,
		       const struct sync_stamp *stamp)
{
	TALLOC_CTX *mem = y->s->cmd.mem;

	line(y, dry_run,
	     talloc_asprintf(
		     mem, "rename %s to %s in the ledger",
		     label(mem, stamp->from->version, stamp->from->row->name),
		     label(mem, stamp->to->version, stamp->to->name)));
}

/* How many rows a table has that loses some or all of them; -1: not known. */
static int64_t rows_of(struct syncing *y, const struct consent_loss *loss,
		       bool *estimated)
{
	struct db *db = y->s->cmd.db;
	struct error ignored = { 0 };
	int64_t rows = -1;

	*estimated = false;
	if (loss->table &&
	    db->engine->count_rows(db, loss->table, db->options.count_limit,
				   &rows, estimated, &ignored) < 0)
		rows = -1;
	error_release(&ignored);
	return rows;
}

/* More of them are not counted one by one. */
#define MOST_COUNTED 100

static void show_loss(struct syncing *y, bool dry_run, size_t n)
{
	TALLOC_CTX *mem = y->s->cmd.mem;
	const struct consent_loss *loss = &y->losses.losses[n];
	char *text = talloc_asprintf(mem, "%s data: %s: %s",
				     dry_run ? "lose" : "loses", loss->place,
				     loss->what);
	bool estimated;
	int64_t rows = n < MOST_COUNTED ? rows_of(y, loss, &estimated) : -1;

	if (rows >= 0)
		text = talloc_asprintf_append(text, ", which has %s%s row%s",
					      estimated ? "about " : "",
					      text_thousands(mem, rows),
					      rows == 1 ? "" : "s");
	line(y, dry_run, text);
}

static void show_text(struct syncing *y, bool dry_run)
{
	const struct sync_plan *p = &y->plan;
	struct cmd *cmd = &y->s->cmd;

	if (!dry_run && !sync_plan_is_empty(p))
		cmd_say(cmd,
			"'%s' gets the migrations of %s:", cmd_target_name(cmd),
			y->with);
	for (size_t i = 0; i < p->begun.count; i++)
		show_item(y, dry_run, &p->begun.items[i], SYNC_BEGUN);
	for (size_t i = 0; i < p->downs.count; i++)
		show_item(y, dry_run, &p->downs.items[i], p->down_reasons[i]);
	for (size_t i = 0; i < p->stamp_count; i++)
		show_stamp(y, dry_run, &p->stamps[i]);
	for (size_t i = 0; i < p->ups.count; i++)
		show_item(y, dry_run, &p->ups.items[i], p->up_reasons[i]);
	for (size_t i = 0; i < y->losses.loss_count; i++)
		show_loss(y, dry_run, i);
}

static json_t *stamps_json(const struct syncing *y)
{
	json_t *list = json_array();

	for (size_t i = 0; i < y->plan.stamp_count; i++) {
		const struct sync_stamp *stamp = &y->plan.stamps[i];
		char from[VERSION_LENGTH + 1], to[VERSION_LENGTH + 1];

		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:s}", "from",
				  version_format(stamp->from->version, from),
				  "from_name", stamp->from->row->name, "to",
				  version_format(stamp->to->version, to),
				  "to_name", stamp->to->name));
	}
	return list;
}

static json_t *losses_json(struct syncing *y)
{
	json_t *list = json_array();

	for (size_t i = 0; i < y->losses.loss_count; i++) {
		const struct consent_loss *loss = &y->losses.losses[i];
		char version[VERSION_LENGTH + 1];
		bool estimated;
		int64_t rows = i < MOST_COUNTED ? rows_of(y, loss, &estimated)
						: -1;

		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:s?, s:o}", "version",
				  version_format(loss->version, version),
				  "place", loss->place, "what", loss->what,
				  "table", loss->table, "rows",
				  rows < 0 ? json_null() : json_integer(rows)));
	}
	return list;
}

static json_t *reasons_json(const struct plan *plan,
			    const enum sync_reason *reasons)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->count; i++) {
		char version[VERSION_LENGTH + 1];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s}", "version",
					version_format(plan->items[i].version,
						       version),
					"name", plan->items[i].name, "reason",
					sync_reason_name(reasons[i])));
	}
	return list;
}

static void keep_json(struct syncing *y)
{
	struct session *s = y->s;

	json_decref(s->answer);
	s->answer = json_pack(
		"{s:s, s:o, s:o, s:o, s:o, s:o}", "target",
		cmd_target_name(&s->cmd), "commit",
		s->commit ? json_string(s->commit) : json_null(), "revert",
		reasons_json(&y->plan.downs, y->plan.down_reasons), "apply",
		reasons_json(&y->plan.ups, y->plan.up_reasons), "rename",
		stamps_json(y), "losses", losses_json(y));
}

static int dry_run_details(struct syncing *y)
{
	struct session *s = y->s;

	if (s->cmd.json || s->cmd.verbose) {
		if (session_dry_run(s, &y->plan.downs) < 0 ||
		    session_dry_run(s, &y->plan.ups) < 0)
			return -1;
	}
	if (demand_preview(s, &y->plan.ups) < 0 ||
	    consent_preview(s, &y->plan.downs, false) < 0)
		return -1;
	return 0;
}

int syncing_show(struct syncing *y, bool dry_run)
{
	struct cmd *cmd = &y->s->cmd;

	if (y->plan.down_changed)
		cmd_warning("%zu down script%s changed since the up was "
			    "applied; 'down' uses the recorded text",
			    y->plan.down_changed,
			    y->plan.down_changed == 1 ? " has" : "s have");
	if (cmd->json)
		keep_json(y);
	else
		show_text(y, dry_run);
	return dry_run ? dry_run_details(y) : 0;
}

/* --- doing it ------------------------------------------------------------- */

int syncing_ask(struct syncing *y)
{
	struct plan *plans[] = { &y->plan.begun, &y->plan.downs, &y->plan.ups };

	if (demand_proofs(y->s, &y->plan.ups) < 0)
		return -1;
	return consent_ask(y->s, plans, 3, false);
}

int syncing_lock(struct syncing *y)
{
	struct session *s = y->s;
	struct sync_plan again;

	/* nothing is written, not even the table of the ledger */
	if (!s->ledger->exists && sync_plan_is_empty(&y->plan))
		return 0;
	if (session_lock(s) < 0 ||
	    sync_plan(s->cmd.mem, s->states, s->here, y->finish, &again,
		      &s->cmd.err) < 0)
		return -1;
	/* a `hold` has cut the one that was prepared */
	if (y->plan.ups.held_label && again.ups.count > y->plan.ups.count)
		again.ups.count = y->plan.ups.count;
	if (sync_plan_same(&y->plan, &again))
		return 0;
	return syncing_prepare(y) < 0 || syncing_check(y) < 0 ||
			       syncing_ask(y) < 0
		       ? -1
		       : 0;
}

int syncing_revert(struct syncing *y)
{
	return session_run(y->s, &y->plan.begun) < 0
		       ? -1
		       : session_run(y->s, &y->plan.downs);
}

/* Where the pairs of the stamps came from, as for those that are applied. */
static int stamp_origins(struct syncing *y, struct plan *plan)
{
	TALLOC_CTX *mem = y->s->cmd.mem;
	struct state_entry *entries = talloc_zero_array(
		mem, struct state_entry, (unsigned)y->plan.stamp_count);

	*plan = (struct plan){
		.items = talloc_zero_array(mem, struct plan_item,
					   (unsigned)y->plan.stamp_count),
		.count = y->plan.stamp_count,
	};
	for (size_t i = 0; i < plan->count; i++) {
		const struct migration *to = y->plan.stamps[i].to;
		const struct state_entry *here = states_find(y->s->states,
							     to->version);

		entries[i].here = to;
		if (here)
			entries[i].flags = here->flags & FLAG_UNCOMMITTED;
		plan->items[i].entry = &entries[i];
	}
	return session_begin_origins(y->s, plan) < 0 ||
			       session_end_origins(y->s, plan) < 0
		       ? -1
		       : 0;
}

static int restamp(struct syncing *y)
{
	struct session *s = y->s;
	size_t count = y->plan.stamp_count;
	struct restamp *list;
	struct plan plan;

	if (!count)
		return 0;
	if (stamp_origins(y, &plan) < 0)
		return -1;
	list = talloc_array(s->cmd.mem, struct restamp, (unsigned)count);
	for (size_t i = 0; i < count; i++) {
		const struct sync_stamp *stamp = &y->plan.stamps[i];
		const struct plan_item *item = &plan.items[i];

		list[i] = (struct restamp){
			.from = stamp->from->version,
			.to = stamp->to->version,
			.name = stamp->to->name,
			.commit = item->commit,
			.source = item->source,
			.branch = item->branch,
		};
	}
	if (ledger_restamp(s->cmd.db, list, count, &s->cmd.err) < 0)
		return -1;
	for (size_t i = 0; i < count && !s->cmd.json && !s->cmd.quiet; i++)
		cmd_line("renamed %s to %s in the ledger",
			 label(s->cmd.mem, list[i].from,
			       y->plan.stamps[i].from->row->name),
			 label(s->cmd.mem, list[i].to, list[i].name));
	return 0;
}

int syncing_apply(struct syncing *y)
{
	return restamp(y) < 0 ? -1 : session_run(y->s, &y->plan.ups);
}

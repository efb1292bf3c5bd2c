#include "core/run/plan_internal.h"

#include <string.h>

int plan_unfinished_error(const struct state_entry *e, struct error *err)
{
	char version[VERSION_LENGTH + 1];

	version_format(e->version, version);
	error_set(err, ERROR_REFUSED,
		  "migration '%s_%s' is unfinished: %d of %d statements of its "
		  "%s script are done",
		  version, e->name, e->row->done, e->row->total,
		  direction_name(e->row->direction));
	return error_hint(err,
			  "see what was done and what can be done: "
			  "git migrate repair %s",
			  version);
}

bool plan_goes_on(const struct state_entry *e, enum direction direction)
{
	return e->state == STATE_UNFINISHED && e->row->direction == direction;
}

bool plan_is_whole(const struct state_entry *e)
{
	return e->here && !(e->flags & (FLAG_HALF | FLAG_DUPLICATE));
}

static int changed_error(const struct states *states,
			 const struct state_entry *e, struct error *err)
{
	char version[VERSION_LENGTH + 1];
	int newer = 0;

	for (size_t i = 0; i < states->count; i++)
		if (states->list[i].row &&
		    states->list[i].version >= e->version)
			newer++;
	version_format(e->version, version);
	error_set(err, ERROR_REFUSED,
		  "the up script of migration '%s_%s' has changed since it was "
		  "applied",
		  version, e->name);
	error_at(err, e->here->half[DIRECTION_UP].path, 0, 0);
	error_detail(err, "applied blob %s, here %s", e->row->up_blob,
		     e->here->half[DIRECTION_UP].blob
			     ? e->here->half[DIRECTION_UP].blob
			     : "(none)");
	error_hint(err, "to put the change into a migration of its own: "
			"git migrate new NAME");
	error_hint(err,
		   "to see the text that was applied: git cat-file blob %s",
		   e->row->up_blob);
	return error_hint(err,
			  "to revert and apply it again: "
			  "git migrate redo -n %d",
			  newer);
}

/* A pending script that is the text of an applied migration which is gone. */
static int renumbered_error(const struct states *states,
			    const struct state_entry *e, struct error *err)
{
	char version[VERSION_LENGTH + 1], old[VERSION_LENGTH + 1];
	const char *blob = e->here->half[DIRECTION_UP].blob;

	for (size_t i = 0; blob && i < states->count; i++) {
		const struct state_entry *gone = &states->list[i];

		if (!gone->row || gone->state != STATE_MISSING ||
		    strcmp(gone->row->up_blob, blob) != 0)
			continue;
		version_format(e->version, version);
		version_format(gone->version, old);
		error_set(err, ERROR_REFUSED,
			  "migration '%s_%s' was already applied as version %s",
			  version, e->name, old);
		error_at(err, e->here->half[DIRECTION_UP].path, 0, 0);
		error_hint(err,
			   "give it its version back: rename both files "
			   "to %s_%s",
			   old, gone->name);
		return error_hint(err, "or give it the new one in the ledger: "
				       "git migrate sync");
	}
	return 0;
}

/* The newest one that is applied before it; 0: none is. */
static const char *applied_before(const struct states *states, int64_t version,
				  char digits[VERSION_LENGTH + 1])
{
	int64_t found = 0;

	for (size_t i = 0; i < states->count; i++)
		if (states->list[i].row && states->list[i].version < version)
			found = states->list[i].version;
	return found ? version_format(found, digits) : "0";
}

/* A newer one that is not done, which no down can revert before it is. */
static const struct state_entry *unfinished_after(const struct states *states,
						  int64_t version)
{
	for (size_t i = 0; i < states->count; i++)
		if (states->list[i].state == STATE_UNFINISHED &&
		    states->list[i].version > version)
			return &states->list[i];
	return NULL;
}

static int order_error(const struct states *states, const struct state_entry *e,
		       struct error *err)
{
	char version[VERSION_LENGTH + 1], newest[VERSION_LENGTH + 1];
	char to[VERSION_LENGTH + 1];
	const struct state_entry *begun = unfinished_after(states, e->version);

	version_format(e->version, version);
	if (begun) {
		version_format(begun->version, newest);
		error_set(err, ERROR_REFUSED,
			  "migration '%s_%s' is out of order: %s_%s is "
			  "unfinished",
			  version, e->name, newest, begun->name);
		error_at(err, e->here->half[DIRECTION_UP].path, 0, 0);
		error_hint(err,
			   "to finish that one: git migrate repair %s --resume",
			   newest);
		return error_hint(err, "to do that and to apply this one all "
				       "the same: git migrate up "
				       "--out-of-order");
	}
	version_format(states->newest_applied, newest);
	error_set(err, ERROR_REFUSED,
		  "migration '%s_%s' is out of order: %s is applied already",
		  version, e->name, newest);
	error_at(err, e->here->half[DIRECTION_UP].path, 0, 0);
	error_hint(err, "to apply it all the same: "
			"git migrate up --out-of-order");
	return error_hint(err,
			  "to apply it in order: git migrate down --to %s, "
			  "then git migrate up",
			  applied_before(states, e->version, to));
}

static int check_entries(const struct states *states,
			 const struct plan_options *options, struct error *err)
{
	for (size_t i = 0; i < states->count; i++) {
		const struct state_entry *e = &states->list[i];

		if (e->state == STATE_UNFINISHED &&
		    (!plan_goes_on(e, DIRECTION_UP) || !plan_is_whole(e) ||
		     (options->has_to && e->version > options->to)))
			return plan_unfinished_error(e, err);
	}
	for (size_t i = 0; i < states->count; i++)
		if (states->list[i].row &&
		    states->list[i].state != STATE_UNFINISHED &&
		    states->list[i].flags & FLAG_UP_CHANGED)
			return changed_error(states, &states->list[i], err);
	for (size_t i = 0; i < states->count; i++) {
		const struct state_entry *e = &states->list[i];

		if (!state_is_pending(e))
			continue;
		if (renumbered_error(states, e, err) < 0)
			return -1;
		if (e->state == STATE_OUT_OF_ORDER && !options->out_of_order &&
		    !(options->has_to && e->version > options->to))
			return order_error(states, e, err);
	}
	return 0;
}

static int check_to(const struct states *states,
		    const struct plan_options *options, bool down,
		    struct error *err)
{
	char version[VERSION_LENGTH + 1];
	const struct state_entry *e;

	if (!options->has_to || (down && options->to == 0))
		return 0;
	e = states_find(states, options->to);
	if (e)
		return 0;
	version_format(options->to, version);
	error_set(err, ERROR_FAILED,
		  down ? "there is no migration %s here, nor is it applied"
		       : "there is no migration %s here",
		  version);
	return error_hint(err, "see the versions: git migrate status");
}

static struct plan_item *append(TALLOC_CTX *mem, struct plan *plan,
				const struct state_entry *e,
				enum direction direction)
{
	struct plan_item *item;

	if (!(plan->count & (plan->count - 1)))
		plan->items = talloc_realloc(
			mem, plan->items, struct plan_item,
			(unsigned)(plan->count ? 2 * plan->count : 1));
	item = &plan->items[plan->count++];
	memset(item, 0, sizeof(*item));
	item->version = e->version;
	item->name = e->name;
	item->direction = direction;
	item->entry = e;
	return item;
}

struct plan_item *plan_add_up(TALLOC_CTX *mem, struct plan *plan,
			      const struct state_entry *e)
{
	struct plan_item *item = append(mem, plan, e, DIRECTION_UP);

	item->path = e->here->half[DIRECTION_UP].path;
	item->blob = e->here->half[DIRECTION_UP].blob;
	item->down_path = e->here->half[DIRECTION_DOWN].path;
	item->down_blob = e->here->half[DIRECTION_DOWN].blob;
	return item;
}

int plan_up(TALLOC_CTX *mem, const struct states *states,
	    const struct set *here, const struct plan_options *options,
	    struct plan *plan, struct error *err)
{
	memset(plan, 0, sizeof(*plan));
	if (set_check(here, err) < 0 ||
	    check_to(states, options, false, err) < 0 ||
	    check_entries(states, options, err) < 0)
		return -1;
	plan->out_of_order = options->out_of_order;
	for (size_t i = 0; i < states->count; i++)
		if (plan_goes_on(&states->list[i], DIRECTION_UP))
			plan_add_up(mem, plan, &states->list[i])->resume =
				RESUME_SURE;
	for (size_t i = 0; i < states->count; i++) {
		const struct state_entry *e = &states->list[i];

		if (!state_is_pending(e))
			continue;
		if (options->has_to && e->version > options->to)
			break;
		if (options->limit && plan->count == (size_t)options->limit)
			break;
		plan_add_up(mem, plan, e);
	}
	return 0;
}

/* The file that still is what was recorded; messages can name its lines. */
static const char *recorded_path(const struct state_entry *e)
{
	if (!e->here || (e->flags & FLAG_DOWN_CHANGED))
		return NULL;
	return e->here->half[DIRECTION_DOWN].path;
}

struct plan_item *plan_add_down(TALLOC_CTX *mem, struct plan *plan,
				const struct state_entry *e)
{
	struct plan_item *item = append(mem, plan, e, DIRECTION_DOWN);

	item->name = e->row->name;
	item->blob = e->row->down_blob;
	item->path = recorded_path(e);
	return item;
}

void plan_revert(TALLOC_CTX *mem, const struct states *states,
		 const int64_t *versions, size_t count, struct plan *plan)
{
	memset(plan, 0, sizeof(*plan));
	while (count-- > 0) {
		const struct state_entry *e = states_find(states,
							  versions[count]);

		if (e && e->row)
			plan_add_down(mem, plan, e);
	}
}

int plan_down(TALLOC_CTX *mem, const struct states *states,
	      const struct plan_options *options, struct plan *plan,
	      struct error *err)
{
	memset(plan, 0, sizeof(*plan));
	if (check_to(states, options, true, err) < 0)
		return -1;
	for (size_t i = states->count; i > 0; i--) {
		const struct state_entry *e = &states->list[i - 1];
		struct plan_item *item;

		if (!e->row)
			continue;
		if (options->has_to ? e->version <= options->to
				    : plan->count == (size_t)options->limit)
			break;
		if (e->state == STATE_UNFINISHED &&
		    !plan_goes_on(e, DIRECTION_DOWN))
			return plan_unfinished_error(e, err);
		item = plan_add_down(mem, plan, e);
		if (e->state == STATE_UNFINISHED)
			item->resume = RESUME_SURE;
	}
	return 0;
}

/* An up script that is not here can still be read by its recorded blob. */
static void add_unfinished(TALLOC_CTX *mem, struct plan *plan,
			   const struct state_entry *e)
{
	struct plan_item *item;

	if (e->row->direction == DIRECTION_UP && plan_is_whole(e)) {
		item = plan_add_up(mem, plan, e);
	} else {
		item = plan_add_down(mem, plan, e);
		item->direction = e->row->direction;
		if (e->row->direction == DIRECTION_UP) {
			item->blob = e->row->up_blob;
			item->down_blob = e->row->down_blob;
		}
	}
	item->resume = RESUME_SURE;
}

int plan_repair(TALLOC_CTX *mem, const struct states *states, int64_t version,
		struct plan *plan, struct error *err)
{
	char text[VERSION_LENGTH + 1];

	memset(plan, 0, sizeof(*plan));
	for (size_t i = states->count; i > 0 && !plan->count; i--) {
		const struct state_entry *e = &states->list[i - 1];

		if (e->state == STATE_UNFINISHED &&
		    (version < 0 || e->version == version))
			add_unfinished(mem, plan, e);
	}
	if (plan->count || version < 0)
		return 0;
	error_set(err, ERROR_FAILED, "migration %s is not unfinished",
		  version_format(version, text));
	return error_hint(err, "see the states: git migrate status");
}

void plan_again(TALLOC_CTX *mem, const struct plan *down, struct plan *up)
{
	memset(up, 0, sizeof(*up));
	for (size_t i = down->count; i > 0; i--)
		plan_add_up(mem, up, down->items[i - 1].entry);
}

bool plan_same(const struct plan *a, const struct plan *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->items[i].version != b->items[i].version ||
		    a->items[i].resume != b->items[i].resume)
			return false;
	return true;
}

const struct plan_item *plan_beyond(const struct plan *then,
				    const struct plan *now)
{
	for (size_t i = 0; i < now->count; i++) {
		bool known = false;

		for (size_t k = 0; k < then->count && !known; k++)
			known = then->items[k].version == now->items[i].version;
		if (!known)
			return &now->items[i];
	}
	return NULL;
}

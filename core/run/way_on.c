#include "core/run/way_on.h"

#include "core/ledger.h"

/* `down` takes the newest one. */
static bool is_newest(const struct way_on *way)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct error ignored = { 0 };
	struct ledger *ledger;
	bool newest = true;

	if (ledger_read(mem, way->db, &ledger, &ignored) == 0 && ledger->count)
		newest = ledger->rows[ledger->count - 1].version ==
			 way->item->version;
	error_release(&ignored);
	talloc_free(mem);
	return newest;
}

/* What was recorded is what is reverted with, however the file is mended. */
static void tell_mended(const struct way_on *way, const char *command,
			bool newest, struct error *err)
{
	if (way->item->direction == DIRECTION_UP) {
		error_hint(err, "mend the others, then go on with: %s",
			   command);
		return;
	}
	error_hint(err, "once nothing is in their way, go on with: %s",
		   command);
	if (newest)
		error_hint(err, "or mend the others in the script here, then "
				"go on with: git migrate down --from-file");
}

/* A down script that was recorded is not mended. */
int way_on_partly(const struct plan_item *item, struct error *err)
{
	bool up = item->direction == DIRECTION_UP;
	char version[VERSION_LENGTH + 1];

	version_format(item->version, version);
	if (up)
		error_hint(err,
			   "mend it to do the rest of it, then: git migrate "
			   "repair %s --resume",
			   version);
	return error_hint(err,
			  "%sdo the rest by hand, then: git migrate repair %s "
			  "--skip",
			  up ? "or " : "", version);
}

void way_on_tell(const struct way_on *way, struct error *err)
{
	bool up = way->item->direction == DIRECTION_UP;
	bool newest = up || is_newest(way);
	char version[VERSION_LENGTH + 1], *command;

	version_format(way->item->version, version);
	command = newest ? talloc_asprintf(NULL, "git migrate %s",
					   up ? "up" : "down")
			 : talloc_asprintf(NULL,
					   "git migrate repair %s --resume",
					   version);
	if (way->partly) {
		error_hint(err, "statement %d is half done: %s", way->started,
			   way->left);
		way_on_partly(way->item, err);
	} else if (way->left) {
		error_hint(err, "statement %d left the %s", way->started,
			   way->left);
		error_hint(err, "to %s, and go on: %s",
			   way->half ? "finish it" : "have that removed",
			   command);
	} else if (way->perhaps) {
		error_hint(err,
			   "what statement %d did before it failed may have "
			   "stayed",
			   way->started);
	} else if (err->denied) {
		error_hint(err,
			   "let this role do that, or connect as another one, "
			   "then: %s",
			   command);
	} else if (way->in_batches && err->code != ERROR_REFUSED) {
		error_hint(err, "to go on from there: %s", command);
	} else if (err->code != ERROR_REFUSED) {
		tell_mended(way, command, newest, err);
	}
	error_hint(err, "see what can be done: git migrate repair %s", version);
	talloc_free(command);
}

#include "core/db/mysql/internal.h"

#include "core/base/text.h"

/*
 * The transaction is in the session as the script has made it. What the ledger
 * says in it is plain ASCII, so that the script's character set does not
 * matter.
 */
int my_begin_step(struct db *db, const struct script *script, size_t n,
		  struct error *err)
{
	struct my *my = my_of(db);

	if (my_start_script(my, script, n, err) < 0)
		return -1;
	my->script = script;
	if (my_run_sql(&my->main, "START TRANSACTION", err) < 0)
		return -1;
	my->transaction = MY_STEP;
	return 0;
}

int my_end_step(struct db *db, struct error *err)
{
	return my_session_commit(db, err);
}

bool my_inside(struct db *db)
{
	return my_in_transaction(&my_of(db)->main);
}

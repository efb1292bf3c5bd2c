#include "core/db/mysql/internal.h"

/*
 * Two names for one engine: what a connection is called follows from what its
 * server says it is, whatever the URL called it.
 */
#define CAPABILITIES                                                           \
	(DB_SESSION_LOCK | DB_ALTER_COLUMN | DB_SCRATCH_ON_SERVER |            \
	 DB_SHOWS_TABLES | DB_BACKUP)
#define FUNCTIONS                                                              \
	.sessions_right = "GRANT PROCESS ON *.* TO USER", .family = "mysql",   \
	.dialect = SQL_MYSQL,                                                  \
	.no_table_state = "42S02", /* to whom has no right it does not tell */ \
		.no_right_state = "42000", /* or bad syntax */                 \
		.ledger_sql = "core/db/mysql/ledger.sql",                      \
	.environment_secret = my_environment_secret, .open = my_open,          \
	.query = my_session_query, .queue = my_session_queue,                  \
	.queue_one = my_session_queue_one, .change = my_session_change,        \
	.begin = my_session_begin, .commit = my_session_commit,                \
	.rollback = my_session_rollback, .escapes = my_escapes,                \
	.begin_step = my_begin_step, .end_step = my_end_step,                  \
	.inside = my_inside, .witness = my_witness, .judge = my_judge,         \
	.place = my_place, .lock = my_lock, .unlock = my_unlock,               \
	.holder = my_lock_holder, .still_locked = my_still_locked,             \
	.inquire = my_inquire, .widens = my_widens, .split = my_split,         \
	.blockers = my_blockers, .execute = my_execute, .key = my_key,         \
	.ask = my_ask, .execute_part = my_execute_part, .load = my_load,       \
	.count_rows = my_count_rows, .catalog = my_catalog, .mend = my_mend,   \
	.definition = my_definition, .scratch = my_scratch,                    \
	.scratch_copy = my_scratch_copy, .backup_suffix = ".sql",              \
	.backups_sql = "core/db/mysql/backups.sql", .backup = my_backup,       \
	.restore = my_restore_backup, .contents = my_contents,                 \
	.rows = &my_rows, .quote_name = my_quote_name,                         \
	.fold_name = my_fold_name

const struct db_engine db_engine_mariadb = {
	.name = "mariadb",
	.capabilities = CAPABILITIES | DB_STATEMENT_TIMEOUT,
	.accepts = my_accepts_mariadb,
	FUNCTIONS,
};

const struct db_engine db_engine_mysql = {
	.name = "mysql",
	/* its max_execution_time is for SELECT alone */
	.capabilities = CAPABILITIES,
	.accepts = my_accepts_mysql,
	FUNCTIONS,
};

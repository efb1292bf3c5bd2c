#include "core/db/postgres/internal.h"

const struct db_engine db_engine_postgres = {
	.name = "postgresql",
	.dialect = SQL_POSTGRESQL,
	.capabilities = DB_TRANSACTIONAL_DDL | DB_SESSION_LOCK |
			DB_CONCURRENT_INDEX | DB_ALTER_COLUMN |
			DB_SCRATCH_ON_SERVER | DB_STATEMENT_TIMEOUT,
	.accepts = pg_accepts,
	.environment_secret = pg_environment_secret,
	.open = pg_open,
	.query = pg_session_query,
	.queue = pg_session_queue,
	.begin = pg_session_begin,
	.commit = pg_session_commit,
	.rollback = pg_session_rollback,
	.lock = pg_lock,
	.unlock = pg_unlock,
	.split = pg_split,
	.blockers = pg_blockers,
	.execute = pg_execute,
	.count_rows = pg_count_rows,
	.count_tables = pg_count_tables,
	.count_along = pg_count_along,
	.catalog = pg_catalog,
	.definition = pg_definition,
	.scratch = pg_scratch,
	.scratch_copy = pg_scratch_copy,
	.quote_name = pg_quote_name,
	.fold_name = pg_fold_name,
};

#include <sqlite3.h>
#include <stdio.h>

/*
 * floor_sqlite FILE STATEMENT...   the least that a program can do: opens the
 * database, runs each statement, reads every row.
 */
static int run(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;
	int result;

	while (*sql) {
		if (sqlite3_prepare_v2(db, sql, -1, &statement, &sql))
			return 1;
		if (!statement)
			continue;
		do {
			result = sqlite3_step(statement);
			for (int i = 0; i < sqlite3_column_count(statement);
			     i++)
				sqlite3_column_text(statement, i);
		} while (result == SQLITE_ROW);
		if (sqlite3_finalize(statement) || result != SQLITE_DONE)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	sqlite3 *db;
	int bad;

	if (argc < 2 || sqlite3_open(argv[1], &db))
		return 2;
	sqlite3_busy_timeout(db, 30000);
	for (int i = 2; i < argc; i++) {
		bad = run(db, argv[i]);
		if (bad) {
			fprintf(stderr, "%s: %s\n", argv[i],
				sqlite3_errmsg(db));
			return 1;
		}
	}
	sqlite3_close(db);
	return 0;
}

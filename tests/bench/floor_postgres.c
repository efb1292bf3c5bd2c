#include <libpq-fe.h>
#include <stdio.h>

/*
 * floor_postgres URL STATEMENT...   the least that a program can do: connects,
 * sends each statement as a message of its own, reads the answer.
 */
int main(int argc, char **argv)
{
	PGconn *connection;

	if (argc < 2)
		return 2;
	connection = PQconnectdb(argv[1]);
	if (PQstatus(connection) != CONNECTION_OK) {
		fputs(PQerrorMessage(connection), stderr);
		return 1;
	}
	for (int i = 2; i < argc; i++) {
		PGresult *result = PQexec(connection, argv[i]);
		ExecStatusType status = PQresultStatus(result);

		if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
			fputs(PQresultErrorMessage(result), stderr);
			return 1;
		}
		PQclear(result);
	}
	PQfinish(connection);
	return 0;
}

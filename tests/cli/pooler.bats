#!/usr/bin/env bats
# A connection pooler between the program and PostgreSQL: pgbouncer, which hands
# out another session for each transaction.

load ../lib/common
load ../lib/pooler

setup() {
	pooler_start
	fresh postgresql
	DATABASE=${URL##*/}
	git config migrate-target.dev.url "$POOLER/$DATABASE"
	table_pair 20260101000000 users
	commit
}

teardown() {
	pooler_stop
	drop_databases
}

refused="a connection pooler stands before 'postgresql:NAME', and a run \
needs one session from its beginning to its end
hint: say where the server itself is: git config migrate-target.dev.directUrl URL
hint: or, if the pooler keeps whole sessions: git config migrate-target.dev.pooler session"

@test "refuses to run through a pooler, and says which line to add" {
	for command in up 'up --no-lock'; do
		# shellcheck disable=SC2086
		migrate $command
		exits 1
		err_has "${refused//NAME/$DATABASE}"
	done
	same relations 0 "$(sql "SELECT count(*) FROM pg_class
		WHERE relnamespace = 'public'::regnamespace")"
}

@test "goes to the server itself when it is told where that is" {
	git config migrate-target.dev.directUrl "$URL"
	ok up
	same tables users "$(tables)"
	ok redo
	ok down
	same tables '' "$(tables)"
}

@test "says so when the other address is a pooler's, too" {
	git config migrate-target.dev.directUrl "$POOLER/$DATABASE"
	migrate up
	exits 1
	err_has "error: a connection pooler stands before"
}

@test "reads through a pooler" {
	ok status --json
	same states '20260101000000 pending' "$(states)"
	git config migrate-target.dev.directUrl "$URL"
	ok up
	git config --unset migrate-target.dev.directUrl
	for _ in 1 2 3 4 5; do
		same states '20260101000000 applied' "$(states)"
		ok log --json
		json_is '.runs | length' 1
		ok up --dry-run
	done
	# nothing stays behind for the next client of the pooler
	same 'prepared statements' 0 "$(psql -X -A -t -d "$POOLER/$DATABASE" \
		-c 'SELECT count(*) FROM pg_prepared_statements')"
}

@test "works through a pooler that keeps sessions, when it is told so" {
	pooler_stop
	POOL_MODE=session pooler_start
	git config migrate-target.dev.url "$POOLER/$DATABASE"
	migrate up
	exits 1
	git config migrate-target.dev.pooler session
	ok up
	same tables users "$(tables)"
	same locks 0 "$(sql "SELECT count(*) FROM pg_locks
		WHERE locktype = 'advisory' AND database =
		(SELECT oid FROM pg_database WHERE datname = current_database())")"
}

@test "does not take the word of a file that comes with a clone" {
	git config --unset migrate-target.dev.url
	git config --unset migrate.target
	cat >.gitmigrate <<-END
		[migrate-target "dev"]
			url = $POOLER/$DATABASE
			pooler = session
	END
	migrate up
	exits 128
	err_has "the key 'migrate-target.dev.pooler' may not be set in '.gitmigrate'"
	cat >.gitmigrate <<-END
		[migrate-target "dev"]
			directUrl = postgresql://me:secret@127.0.0.1/x
	END
	migrate up
	exits 128
	err_has "the key 'migrate-target.dev.directurl' may not be set in '.gitmigrate': it has a password"
}

@test "a word for the pooler that is none is an error" {
	git config migrate-target.dev.pooler sesion
	migrate up
	exits 128
	err_is "error: bad value 'sesion' for 'migrate-target.dev.pooler'
hint: say what it hands out: session or transaction"
}

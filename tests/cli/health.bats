#!/usr/bin/env bats

load ../lib/common

A=20260101000001
B=20260101000002
C=20260101000003

three() {
	table_pair $A a
	table_pair $B b
	table_pair $C c
	commit
}

# A web server on loopback that answers with the status in the file `status`.
serve() {
	echo "$1" >"$BATS_TEST_TMPDIR/status"
	python3 - "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/port" 2>/dev/null <<-'END' &
		import http.server, os, sys
		class Handler(http.server.BaseHTTPRequestHandler):
		    def do_GET(self):
		        with open(sys.argv[1] + "/asked", "a") as asked:
		            asked.write(self.path + "\n")
		        with open(sys.argv[1] + "/status") as status:
		            self.send_response(int(status.read()))
		        self.end_headers()
		server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
		print(server.server_port, flush=True)
		server.serve_forever()
	END
	server_pid=$!
	local tries=0
	until [[ -s $BATS_TEST_TMPDIR/port ]]; do
		tries=$((tries + 1))
		[[ $tries -lt 200 ]] || return 1
		sleep 0.05
	done
	HEALTH=http://127.0.0.1:$(<"$BATS_TEST_TMPDIR/port")/health
}

teardown() {
	[[ -z ${server_pid:-} ]] || kill "$server_pid" || true
	drop_databases
}

asks_after_each() {
	three
	rm -f "$BATS_TEST_TMPDIR/asked"
	ok up --health "$HEALTH"
	same requests 3 "$(grep -c '^/health$' "$BATS_TEST_TMPDIR/asked")"
	same states "$A applied
$B applied
$C applied" "$(states)"
}
@test "asks a URL after each migration" {
	serve 204
	both asks_after_each
}

stops() {
	three
	migrate up --health "$HEALTH" --watch 0
	exits 1
	err_is "error: the health check failed after migration '${A}_create_a'
detail: HTTP status 503
hint: it is applied, and so is what came before it
hint: 2 after it not started
hint: to revert it: git migrate down"
	same states "$A applied
$B pending
$C pending" "$(states)"
}
@test "stops when it is not well" {
	serve 503
	both stops
}

@test "a server that is not there is not well" {
	fresh sqlite
	three
	migrate up --health http://127.0.0.1:1/ --watch 0
	exits 1
	err_has "the health check failed after migration '${A}_create_a'"
}

waits() {
	three
	ok up --health "n=\$(cat '$BATS_TEST_TMPDIR/n' 2>/dev/null || echo 0)
		echo \$((n + 1)) >'$BATS_TEST_TMPDIR/n'
		[ \$n -ge 2 ]" --watch 30s
	same states "$A applied
$B applied
$C applied" "$(states)"
	same tries 5 "$(<"$BATS_TEST_TMPDIR/n")"
	rm "$BATS_TEST_TMPDIR/n"
}
@test "tries again for as long as it is to watch" { both waits; }

tells_the_command() {
	three
	migrate up --watch 0 --health \
		'echo "$GIT_MIGRATE_VERSION $GIT_MIGRATE_NAME is bad"; exit 3'
	exits 1
	err_has "detail: exit status 3: $A create_a is bad"
}
@test "a command is told which migration it is" { both tells_the_command; }

rolls_back() {
	table_pair $A a
	commit
	ok up
	three || true
	migrate up --watch 0 --rollback-on-failure \
		--health '[ "$GIT_MIGRATE_VERSION" != '$C' ]' --json
	exits 1
	err_is "error: the health check failed after migration '${C}_create_c'
detail: exit status 1
hint: rolled back: all 2 that this run applied"
	json_is '[.runs[] | .direction + " " + .version] | join(", ")' \
		"up $B, up $C, down $C, down $B"
	same states "$A applied
$B pending
$C pending" "$(states)"
	same tables a "$(tables)"
}
@test "reverts what it applied, when it is asked to" { both rolls_back; }

rolls_back_failure() {
	table_pair $A a
	pair ${B}_b 'INSERT INTO nowhere VALUES (1);' 'SELECT 1;'
	commit
	migrate up --rollback-on-failure
	exits 128
	err_has "unable to apply migration '${B}_b'"
	err_has 'hint: rolled back: all 1 that this run applied'
	same states "$A pending
$B pending" "$(states)"
}
@test "reverts what came before a script that fails" { both rolls_back_failure; }

cannot_roll_back() {
	pair ${A}_a 'CREATE TABLE a (id integer);' 'DROP TABLE nowhere;'
	commit
	migrate up --rollback-on-failure --health false --watch 0
	exits 128
	err_has "error: the health check failed after migration '${A}_a'"
	err_has "unable to roll back: unable to revert migration '${A}_a'"
	same states "$A applied" "$(states)"
}
@test "says when it cannot roll back" { both cannot_roll_back; }

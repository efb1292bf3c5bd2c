#!/usr/bin/env bats
# git migrate log: what was measured, in full, as a page and as JSON.

load ../lib/common

A=20260101000000
SCHEMA=$MIGRATE_TOP/doc/facts.schema.json

# A migration that has run once, for its ledger.
shop() {
	pair ${A}_create_users \
		'CREATE TABLE users (id integer PRIMARY KEY, email text);
INSERT INTO users VALUES (1, NULL);' 'DROP TABLE users;'
	commit
	ok up
}

# record FACTS [WITHOUT]   one more run in the ledger; JSON, completed here, and
# without one of its keys.
record() {
	local facts
	facts=$(jq -c '{version: "'$A'", name: "create_users", direction: "up",
		outcome: "ok", started_at: "2026-02-13T12:00:00.000Z",
		duration_ms: 350.0, lock_ms: 300.0, statements: [], tables: [],
		locks: [], victims: []} + . | del(.'"${2:-none}"')' <<<"$1")
	sql "INSERT INTO git_migrate_runs SELECT max(id) + 1, $A, 'up', 'ok', '', 1,
		'${facts//\'/\'\'}' FROM git_migrate_runs"
}

lock() { # RELATION MODE HELD_MS [MORE]
	jq -n -c --arg r "$1" --arg m "$2" --argjson h "$3" --argjson more "${4:-{\}}" \
		'{relation: $r, mode: $m, held_ms: $h, held_bound_ms: null,
		waited_ms: null, from_ms: 0.0, statement: 1, rewrite: false,
		scan: false} + $more'
}

victim() { # PID WAITED_MS [MORE]
	jq -n -c --argjson p "$1" --argjson w "$2" --argjson more "${3:-{\}}" \
		'{pid: $p, user: null, application: null, query: null,
		relation: null, mode: null, from_ms: 0.0, waited_ms: $w,
		waited_bound_ms: 0.0, outcome: "served"} + $more'
}

# A run with all there can be.
rich() {
	record "$(jq -n -c \
		--argjson l1 "$(lock users AccessExclusiveLock 300 \
			'{"held_bound_ms": 20, "waited_ms": 50, "from_ms": 50,
			"rewrite": true, "scan": true}')" \
		--argjson l2 "$(lock orders ShareRowExclusiveLock 100 \
			'{"held_bound_ms": 0, "waited_ms": 0, "from_ms": 250,
			"statement": 2}')" \
		--argjson v1 "$(victim 4711 200 \
			'{"user": "app", "application": "web", "from_ms": 60,
			"waited_bound_ms": 40, "relation": "users",
			"mode": "AccessShareLock", "outcome": "gave up",
			"query": "SELECT * FROM users WHERE email = $1 AND a_long_name = $2"}')" \
		--argjson v2 "$(victim 4712 30 '{"from_ms": 320}')" \
		'{statements: [{index: 1, kind: "ALTER TABLE",
			relations: ["users"], rows: null, duration_ms: 200,
			from_ms: 0, waited_ms: 50, waited_bound_ms: 20,
			wal_bytes: 8192, algorithm: "COPY", effects: [{
			relation: "users", rewrite: true, indexes_rewritten: 2,
			indexes_built: 0, scans: 1, rows_scanned: 14000,
			inserted: 0, updated: 0, deleted: 0}]},
			{index: 2, kind: "UPDATE", relations: ["orders"],
			rows: 7, duration_ms: 100, from_ms: 245}],
		tables: [{name: "users", rows_before: 14000, rows_after: 14000,
			estimated: true}],
		locks: [$l1, $l2], victims: [$v1, $v2],
		observer: {spent_ms: 1.5, gaps: ["who waits is hidden"]},
		attempts: [{number: 1, started_ms: 0, waited_ms: 40,
			timeout_ms: 50, outcome: "timeout", blockers: [{
			pid: 99, user: "app", application: "psql",
			age_ms: 8200, state: "idle in transaction",
			query: "SELECT 1", relation: "users",
			mode: "RowShareLock"}]}]}')"
}

@test "shows a run's locks, victims and what it did, and draws them over time" {
	fresh sqlite
	shop
	rich
	COLUMNS=72 LC_ALL=C.UTF-8 ok log -n 1 $A
	out_is "applied ${A}_create_users  350 ms  AccessExclusiveLock on users held 300 ms
  waited 40 ms, 1 attempt, for process 99 (psql, idle in transaction, open for 8.2 s) on users
  try 1    timeout, waited 40 ms, lock time-out 50 ms
    process 99 (psql, idle in transaction, open for 8.2 s) of user app has RowShareLock on users: SELECT 1
  rows   users ~14,000
  1      ALTER TABLE users  200 ms
         COPY, waited 50 ms (at most 70 ms), up to 8.2 kB of WAL
         users: rewritten, 2 indexes rewritten, read whole (14,000 rows)
  2      UPDATE orders  100 ms  7 rows
  kept 2 sessions waiting, the longest 200 ms
  LOCK ON MODE                  TAKEN AT HELD                     WAITED TABLE
  users   AccessExclusiveLock   50 ms    300 ms (at least 280 ms) 50 ms  rewritten, read whole
  orders  ShareRowExclusiveLock 250 ms   100 ms                   0.0 ms
  SESSION USER APPLICATION WAITED FOR               WAITED                  OUTCOME QUERY
  4711    app  web         AccessShareLock on users 200 ms (at most 240 ms) gave up SELECT * FROM users WHERE email = \$1 AND a_lo...
  4712    -    -           -                        30 ms                   served  -
                           0            100 ms       200 ms       300 ms
                           ┬────────────┬────────────┬────────────┬─────
  statements               1                              2
  users AccessExclusive    ░░░░░░▒▒▒████████████████████████████████████
  orders ShareRowExclusive                                 █████████████
  waits: 4711 web                  ░░░░░░░░░░░░░░░░░░░░░░░░░▒▒▒▒▒▒
  waits: 4712                                                       ░░░░
                           ░ waits   ▒ perhaps   █ holds
  not seen: who waits is hidden"
	COLUMNS=72 LC_ALL=C ok log -n 1 $A
	out_has '  users AccessExclusive    ......---####'
	out_has '                           . waits   - perhaps   # holds'
}

@test "up says in a line what it rewrote, and what it read from start to end" {
	fresh postgresql
	pair ${A}_a 'CREATE TABLE a (id integer); CREATE TABLE b (id integer);
INSERT INTO a VALUES (1); INSERT INTO b VALUES (1), (2), (3);' 'DROP TABLE a, b;'
	ok up
	pair 20260102000000_b 'ALTER TABLE a ALTER COLUMN id TYPE bigint;
ALTER TABLE b ADD CONSTRAINT c CHECK (id > 0);
CREATE TABLE n AS SELECT 1 AS id; ALTER TABLE n ADD CONSTRAINT d CHECK (id > 0);' \
		'DROP TABLE n;'
	ok up
	same lines $'  rows   a 1\n  rows   b 3\n  rows   n none -> 1
  rewrote a, read all of b (3 rows)' "$(tail -n +2 <<<"$out")"
}

@test "cuts long lists, and keeps the longest" {
	local locks='' victims='' i
	fresh sqlite
	shop
	for i in {01..25}; do
		locks+=$(lock "t$i" RowExclusiveLock "$((10#$i * 10))")$'\n'
		victims+=$(victim "$((1000 + 10#$i))" "$((10#$i))")$'\n'
	done
	record "$(jq -n -c --slurpfile l <(echo "$locks") --slurpfile v <(echo "$victims") \
		'{locks: $l, victims: $v, victims_seen: 40}')"
	ok log -n 1 $A
	out_lacks 't05 '
	out_has 't06 '
	out_lacks '1005 '
	out_has '1006 '
	same more $'  and 5 more\n  and 20 more\n  and 5 more locks\n  and 20 more sessions' \
		"$(grep more <<<"$out")"
	out_has 'kept 40 sessions waiting, the longest 25 ms'
}

@test "a run of an older version says less, and nothing that is not known" {
	fresh sqlite
	shop
	record '{"locks": [{"relation": "users", "mode": "AccessExclusiveLock",
		"held_ms": 300.0}]}' victims
	ok log -n 1 $A
	out_is "applied ${A}_create_users  350 ms  AccessExclusiveLock on users held 300 ms
  LOCK ON MODE                TAKEN AT HELD   WAITED TABLE
  users   AccessExclusiveLock -        300 ms -"
	ok log -n 1 $A --html -
	out_has 'When the locks were taken was not recorded.'
}

# What a browser and a parser of XML see: elements by name, and all text.
page() { # EXPRESSION   of t(NAME): the elements of that name; text(ELEMENT)
	python3 - "$1" <(printf '%s\n' "$out") <<'END'
import sys
import xml.etree.ElementTree as ET
root = ET.parse(sys.argv[2]).getroot()
def t(name):
    return [e for e in root.iter() if e.tag.split('}')[1] == name]
def text(e):
    return ' '.join(''.join(e.itertext()).split())
def rows(caption):
    body = list(t('main')[0].iter())
    at = [i for i, e in enumerate(body) if text(e) == caption][0]
    table = [e for e in body[at:] if e.tag.endswith('}table')][0]
    return [[text(c) for c in r] for r in table.iter() if r.tag.endswith('}tr')]
for item in eval(sys.argv[1]):
    print(' | '.join(item) if isinstance(item, list) else item)
END
}

@test "writes a page with everything, and the locks as a drawing" {
	fresh sqlite
	shop
	rich
	ok log $A --html -
	same title "${A}_create_users on dev" "$(page '[text(t("title")[0])]')"
	same locks 'Lock on | Mode | Strength | Taken at | Held | Waited | Statement | Table
users | AccessExclusiveLock | keeps everyone out | 50 ms | 300 ms (at least 280 ms) | 50 ms | 1 | rewritten, read whole
orders | ShareRowExclusiveLock | keeps writers out | 250 ms | 100 ms | 0.0 ms | 2 | ' \
		"$(page 'rows("Locks")')"
	same victims 'Session | User | Application | Waited for | From | Waited | Outcome | Query
4711 | app | web | AccessShareLock on users | 60 ms | 200 ms (at most 240 ms) | gave up | SELECT * FROM users WHERE email = $1 AND a_long_name = $2
4712 |  |  |  | 320 ms | 30 ms | served | ' "$(page 'rows("Who was kept waiting")')"
	same statements 'No. | Statement | Relations | Began at | Duration | Rows | Effects
1 | ALTER TABLE | users | 0.0 ms | 200 ms |  | COPY, waited 50 ms (at most 70 ms), up to 8.2 kB of WALusers: rewritten, 2 indexes rewritten, read whole (14,000 rows)
2 | UPDATE | orders | 245 ms | 100 ms | 7 | ' "$(page 'rows("Statements")')"
	same attempts 'Attempt | Began at | Waited | Lock time-out | Outcome | In the way
1 | 0.0 ms | 40 ms | 50 ms | timeout | process 99 (psql, idle in transaction, open for 8.2 s) of user app has RowShareLock on users: SELECT 1' \
		"$(page 'rows("Attempts to get the locks")')"
	same runs 2 "$(page 'rows("All runs, the newest first")' | grep -c 'UTC | up | applied')"
	# from 0 to 350 ms: waits to 50, perhaps to 70, holds to the end
	same bars 'fill:url(#wait-1) 0.00% 14.29%
lock s3 perhaps 14.29% 5.71%
lock s3 20.00% 80.00%
lock s2 71.43% 28.57%
fill:url(#victim-1) 17.14% 57.14%
fill:url(#victim-1) 74.29% 11.43%
fill:url(#victim-1) 91.43% 8.57%' "$(page '[" ".join([e.get("style") or e.get("class"),
		e.get("x"), e.get("width")]) for e in t("svg")[0].iter()
		if e.get("class", "").startswith(("lock", "victim")) and e.get("x")]')"
	same tooltip 'AccessExclusiveLock on users: keeps everyone out, taken at 50 ms, held 300 ms (at least 280 ms), waited 50 ms, by statement 1, rewritten, read whole' \
		"$(page '[text(e) for e in t("title") if "keeps everyone" in text(e)][:1]')"
	out_has 'who waits is hidden'
}

@test "the page needs nothing else" {
	fresh sqlite
	shop
	rich
	ok log $A --html -
	same outside '' "$(grep -nEi 'https?:|src=|<script|@import|<link|<img' <<<"$out" |
		grep -v 'xmlns="http://www.w3.org/')"
	same outside '' "$(grep -oE 'url\([^#)][^)]*\)' <<<"$out")"
	[[ $out == '<!DOCTYPE html>'* ]]
}

@test "names on the page cannot do harm" {
	local bad=$'<script>alert(1)</script>"\'&\e[31m\u202eevil\ufffe'
	fresh sqlite
	shop
	record "$(jq -n -c --arg b "$bad" --argjson l "$(lock "$bad" "$bad" 5)" \
		--argjson v "$(victim 1 5)" '{name: $b, locks: [$l],
		victims: [$v + {user: $b, application: $b, query: $b, relation: $b,
			mode: $b, outcome: $b}],
		statements: [{index: 1, kind: $b, relations: [$b], rows: 1,
			duration_ms: 1, from_ms: 0, algorithm: $b, effects: [{
			relation: $b, rewrite: true, indexes_rewritten: 0,
			indexes_built: 0, scans: 0, rows_scanned: 0, inserted: 0,
			updated: 0, deleted: 0}]}],
		tables: [{name: $b, rows_before: 1, rows_after: 1,
			estimated: false}], observer: {spent_ms: 0, gaps: [$b]},
		error: ($b + "\nsecond line"), confirmed_by: $b, outcome: "failed"}')"
	ok log $A --html -
	same scripts '' "$(page '[text(e) for e in t("script")]')"
	same heading "<script>alert(1)</script>\"'&^[[31m<U+202E>evil<U+FFFE>" \
		"$(page '[text(t("h1")[0])]')"
	out_lacks $'\e'
	out_lacks $'\u202e'
	same error "<script>alert(1)</script>\"'&^[[31m<U+202E>evil<U+FFFE> second line" \
		"$(page '[text(e) for e in t("p") if e.get("class") == "error"]')"
}

@test "--html replaces a file in one step, and says what it wrote" {
	fresh sqlite
	shop
	echo old >page.html
	ln -s page.html link.html
	ok log $A --html link.html
	out_is ''
	err_is "wrote 'link.html'"
	[[ -L link.html ]]
	same first '<!DOCTYPE html>' "$(head -n 1 page.html)"
	ok log $A --html -
	same page "$out" "$(<page.html)"
	ok log -q $A --html page.html
	err_is ''
	same left $'link.html\nmigrations\npage.html' "$(ls)"
}

@test "--html refuses what is no plain file, and a version that never ran" {
	fresh sqlite
	shop
	mkdir folder
	mkfifo pipe
	migrate log $A --html folder
	exits 128
	err_is "error: unable to write 'folder': it is a directory"
	migrate log $A --html pipe
	exits 128
	err_is "error: unable to write 'pipe': it is not a plain file"
	migrate log $A --html nowhere/page.html
	exits 128
	err_is "error: unable to write 'nowhere/page.html': No such file or directory"
	migrate log 20260909000000 --html page.html
	exits 128
	err_is "error: there was no run of '20260909000000' on 'dev'
hint: to see what has run: git migrate log"
	migrate log --html page.html
	exits 129
	err_has 'error: --html needs a VERSION'
	migrate log $A --html page.html --json
	exits 129
	err_has 'error: --html and --json exclude each other'
	same left $'folder\nmigrations\npipe' "$(ls)"
}

# fits JSON [DEFINITION]   it is what the schema, or a part of it, describes.
fits() {
	same 'what does not fit' '' "$(python3 "$MIGRATE_TOP/tests/lib/schema.py" \
		"$SCHEMA" ${2:+"$2"} <<<"$1" 2>&1)"
}

# Runs of all sorts, as up, log and the ledger tell them.
described() {
	pair ${A}_t 'CREATE TABLE t (id integer PRIMARY KEY, a integer);
INSERT INTO t VALUES (1, 1); UPDATE t SET a = 2; CREATE INDEX i ON t (a);' \
		'DROP TABLE t;'
	pair 20260102000000_b '-- migrate: batch rows=10
UPDATE t SET a = 3;' '-- migrate: empty "nothing to undo"'
	pair 20260103000000_bad 'ALTER TABLE nowhere ADD COLUMN a integer;' \
		'-- migrate: empty "nothing to undo"'
	commit
	migrate up --json
	exits 128
	fits "$out"
	ok log --json
	fits "$out"
	fits "$(sql 'SELECT facts FROM git_migrate_runs ORDER BY id LIMIT 1')" run
}
@test "the JSON is what its schema says" { both described; }

@test "the schema describes all that a run can have" {
	fresh sqlite
	shop
	rich
	record '{"locks": [{"relation": "t", "mode": "m", "held_ms": 1.0}],
		"error": "x", "repair": "marked as done by x", "confirmed_by": "x",
		"victims_seen": 5}'
	ok log --json
	fits "$out"
}

@test "the manual names every key of the schema" {
	local key
	for key in $(jq -r '."$defs"[].properties | keys[]' "$SCHEMA" | sort -u); do
		grep -q "\*$key\*" "$MIGRATE_TOP/man/git-migrate-up.1.scd" ||
			{ echo "not in git-migrate-up(1): $key"; return 1; }
	done
}

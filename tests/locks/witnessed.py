"""Scripts of all kinds (witnessed.sql), and what `up` says of them, against
what others see: the locks as a second session sees them before they are let
go, while the script waits for an advisory lock; what was rewritten, read and
changed as the catalog and the server's counters have it once the same script
has gone through psql. A weaker lock than one that is told may be left out.
"""
import os
import re
import subprocess
import time

import bed

HELD = 42  # the advisory lock that a script ends with waiting for
BY_STRENGTH = list(bed.SHORT.values())
# what a mode keeps out, as the manual of PostgreSQL has it (13.3.1)
CONFLICTS = {"AS": "AE", "RS": "X AE", "RX": "S SRE X AE",
             "SUE": "SUE S SRE X AE", "S": "RX SUE SRE X AE",
             "SRE": "RX SUE S SRE X AE", "X": "RS RX SUE S SRE X AE",
             "AE": "AS RS RX SUE S SRE X AE"}
CONFLICTS = {mode: set(text.split()) for mode, text in CONFLICTS.items()}

RELATIONS = """SELECT c.oid, c.relkind, CASE n.nspname WHEN 'public' THEN ''
	ELSE n.nspname || '.' END || c.relname, i.indrelid,
	pg_relation_filenode(c.oid) FROM pg_class c
	JOIN pg_namespace n ON n.oid = c.relnamespace
	LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE c.oid >= 16384"""
WAITING = """SELECT pid FROM pg_stat_activity
	WHERE datname = current_database() AND application_name = 'git-migrate'
	AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()"""
LOCKS = """SELECT relation, mode FROM pg_locks WHERE pid = %s AND granted
	AND locktype = 'relation' AND relation >= 16384"""
# the second connection of `up` has looked since: last at who waits
LOOKED = """SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
	AND query LIKE '-- Who waits for a lock%%'
	AND state = 'idle' AND query_start > timestamptz '%s'"""
LEFT_OUT = ("pg_toast.", "git_migrate_", "git_migrations")
COUNTED = """SELECT relid, coalesce(seq_scan, 0),
	n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables"""
ALONE = """SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity
	WHERE datname = current_database() AND pid <> pg_backend_pid())"""


class Case:
    """Of witnessed.sql: a script under a line `--- NAME`; what is done before
    it (`--- before: SQL`) and in another session that is there until it has
    been looked at (`--- other: SQL`); what differs, and why (`--- differs:`,
    `--- because:`); whether it can be in no transaction (`--- outside`)."""

    def __init__(self, name):
        self.name, self.script = name, ""
        self.said = {"before": [], "other": [], "differs": [], "because": []}
        self.outside = False


def cases():
    found = []
    with open(os.path.join(bed.HERE, "witnessed.sql")) as file:
        for text in file:
            key = re.match(r"--- (\w+): (.*)$", text)
            if key:
                found[-1].said[key[1]].append(key[2])
            elif text == "--- outside\n":
                found[-1].outside = True
            elif text.startswith("--- "):
                found.append(Case(text[4:].strip()))
            elif found:
                found[-1].script += text
    return found


def relations(session):
    names = ("kind", "name", "table", "file")
    return {row[0]: dict(zip(names, row[1:])) for row in
            session.ask(RELATIONS)}


def until(ask, what):
    """Asks until there is an answer, which is returned."""
    end = time.monotonic() + 60
    while not (rows := ask()):
        if time.monotonic() > end:
            raise RuntimeError("waited for in vain: " + what)
    return rows


# --- locks -------------------------------------------------------------------

def covers(strong, weak):
    return CONFLICTS[weak] <= CONFLICTS[strong]


def look(session, child, outside):
    """All (oid, mode) that the run holds when it stands still; of one in no
    transaction also what was seen on the way there."""
    seen = set()

    def waits():
        if child.poll() is not None:
            raise RuntimeError(child.stderr.read())
        pids = session.ask(WAITING)
        return pids and [session.ask(LOCKS % pids[0][0])]

    for oid, mode in until(waits, "the end of the script")[0]:
        seen.add((oid, bed.SHORT[mode]))
    # the first may have begun before, with what is locked
    for _ in range(2 if outside else 0):
        now = session.ask("SELECT clock_timestamp()")[0][0]
        until(lambda: session.ask(LOOKED % now), "a look of up's")
    return seen


def worth_telling(seen, before, after):
    """Of what was seen, what `up` has to tell: not what comes and goes in the
    script, not toast, not the ledger, not the use of a sequence, not an index
    that is new or not locked exclusively, or whose table is."""
    for oid, mode in seen:
        relation = before.get(oid) or after.get(oid)
        if not relation or relation["name"].startswith(LEFT_OUT):
            continue
        kind = relation["kind"]
        if kind in "iI" and (oid not in before or mode != "AE" or any(
                covers(other, mode) for table, other in seen
                if table == relation["table"])):
            continue
        if kind == "S" and BY_STRENGTH.index(mode) <= BY_STRENGTH.index("RX"):
            continue
        yield oid, mode


def compare_locks(run, seen, before, after, outside):
    """What is told and was not there, and what was there and is not told."""
    every = {**after, **before}

    def name(oid):
        return every[oid]["name"] if oid in every else "a relation of its own"

    pause = max(s["from_ms"] for s in run["statements"]
                if outside or s["kind"] == "SELECT")
    told = {(lock["relation"], bed.SHORT[lock["mode"]])
            for lock in run["locks"]
            if outside or lock["from_ms"] + lock["held_ms"] > pause}
    held = {(name(oid), mode) for oid, mode in seen}
    wanted = {(name(oid), mode)
              for oid, mode in worth_telling(seen, before, after)}
    indexes = {r["name"] for r in every.values() if r["kind"] in "iI"}
    for relation, mode in sorted(told - held):
        if not (outside and relation in indexes):
            yield "told, but not held: %s:%s" % (relation, mode)
    for relation, mode in sorted(wanted):
        if not any(other == relation and covers(strong, mode)
                   for other, strong in told):
            yield "held, but not told: %s:%s" % (relation, mode)


# --- rewrites, scans and rows ------------------------------------------------

def counters(session):
    until(lambda: session.ask(ALONE), "the end of other sessions")
    return {row[0]: [int(n) for n in row[1:]] for row in session.ask(COUNTED)}


def through_psql(database, script, outside):
    """What came of it, by table: [rewrite, indexes rewritten, built, scans,
    inserted, updated, deleted]; of tables that were there and still are."""
    session = bed.Session(database)
    before, counted = relations(session), counters(session)
    done = subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d",
         bed.SERVER + "/" + database] + ([] if outside else ["-1"]) +
        ["-f", "-"], input=script, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError("psql: " + done.stdout)
    found, after = {}, counters(session)
    for oid, new in relations(session).items():
        old, kind = before.get(oid), new["kind"]
        table = new["table"] if kind in "iI" else oid
        if table not in before or kind in "Stv":
            continue
        facts = found.setdefault(before[table]["name"], [0] * 7)
        moved = old and old["file"] and new["file"] != old["file"]
        if kind not in "iI":
            facts[0] = int(bool(moved))
            facts[3:] = [n - m for n, m in zip(after.get(oid, [0] * 4),
                                               counted.get(oid, [0] * 4))]
        elif moved:
            facts[1] += 1
        elif not old and new["file"] and new["file"] not in [
                r["file"] for r in before.values()]:
            facts[2] += 1
    session.close()
    return found


def told_effects(run):
    keys = ("rewrite", "indexes_rewritten", "indexes_built", "scans",
            "inserted", "updated", "deleted")
    found = {}
    for statement in run["statements"]:
        for effect in statement.get("effects", []):
            facts = found.setdefault(effect["relation"], [0] * 7)
            for i, key in enumerate(keys):
                facts[i] += int(effect[key])
            facts[0] = min(facts[0], 1)
    return found


def compare_effects(run, real, outside):
    told = told_effects(run)
    for relation in sorted(real):
        said = told.get(relation, [0] * 7)
        # of one in no transaction no counters are told
        count = 3 if outside else 7
        if said[:count] != real[relation][:count]:
            yield "%s: %s of it told, %s through psql" % (
                relation, said[:count], real[relation][:count])


# --- one case ----------------------------------------------------------------

def witness(repository, database, case):
    """The run, with what was seen of it; and the relations before and after."""
    session, other = bed.Session(database), bed.Session(database)
    session.ask("SELECT pg_advisory_lock(%d)" % HELD)
    for sql in case.said["other"]:
        other.ask(sql)
    before = relations(session)
    script = case.script
    if not case.outside:
        script = re.sub(r"(COMMIT;\n)?\Z", r"SELECT pg_advisory_xact_lock(%d);"
                        r"\n\1" % HELD, script, count=1)
    repository.write(bed.CASE, script)
    child = repository.begin(database, "--lock-timeout", "0")
    try:
        seen = look(session, child, case.outside)
    finally:
        session.ask("SELECT pg_advisory_unlock(%d)" % HELD)
        other.close()
    run = repository.end(child)
    after = relations(session)
    session.close()
    return run, seen, before, after


def check(admin, repository, database, case):
    """What differs, and was not to be expected to."""
    copy = database + "_psql"
    try:
        for name in database, copy:
            bed.make_database(admin, name)
            session = bed.Session(name)
            for sql in case.said["before"]:
                session.ask(sql)
            session.close()
        run, seen, before, after = witness(repository, database, case)
        wrong = list(compare_locks(run, seen, before, after, case.outside))
        wrong += compare_effects(
            run, through_psql(copy, case.script, case.outside), case.outside)
    finally:
        for name in database, copy:
            bed.drop_database(admin, name)
    expected = case.said["differs"]
    found = [text for text in wrong if text not in expected]
    found += ["not so any more: " + text for text in expected
              if text not in wrong]
    if expected and not case.said["because"]:
        found.append("no reason is given for what differs")
    return found

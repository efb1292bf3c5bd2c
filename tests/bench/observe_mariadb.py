#!/usr/bin/env python3
"""observe_mariadb.py BUILD WORK   the same as observe.py, on MariaDB.

What `up` measured against what others met: how long a table was locked, to a
probe that tries a thousand times a second; how long sessions waited, by their
own clocks; in each way that the server shows locks. Then what the measuring
costs: 300 small migrations, with it and without (migrate.observe). QUICK=1
takes a fraction of each, PARTS="holds victims rows small" only these.
"""
import os
import random
import statistics
import subprocess
import sys
import time

from observed import FIRST, repository, up

BUILD, WORK = sys.argv[1], sys.argv[2]
SOCKET = os.environ["MARIADB_SOCKET"]
DATABASE = "bench_observe"
URL = os.environ["MARIADB_SERVER"] + "/" + DATABASE
WITNESS = os.path.join(BUILD, "tests/bench/witness_mariadb")
QUICK = bool(os.environ.get("QUICK"))
VERBOSE = bool(os.environ.get("VERBOSE"))
INSTRUMENT = ("UPDATE performance_schema.setup_instruments SET ENABLED = '%s' "
              "WHERE NAME = 'wait/lock/metadata/sql/mdl'")
WRITE = "DELETE FROM held WHERE 0"
LOCK = "LOCK TABLES held READ"


def sql(text, database="mysql", check=True):
    subprocess.run(["mariadb", "--no-defaults", "-S", SOCKET, "-u", "root",
                    "-e", text, database], check=check,
                   stderr=None if check else subprocess.DEVNULL)


def shows(way):
    sql(INSTRUMENT % ("NO" if way in ("plugin", "nothing") else "YES"))
    load = "INSTALL" if way in ("plugin", "both") else "UNINSTALL"
    sql(load + " SONAME 'metadata_lock_info'", check=False)


def fresh():
    sql("DROP DATABASE IF EXISTS %s; CREATE DATABASE %s" % (DATABASE,
                                                           DATABASE))
    sql("CREATE TABLE held (id integer PRIMARY KEY, x integer);"
        "INSERT INTO held SELECT seq, 0 FROM seq_1_to_1000", DATABASE)


def witness(kind, *args):
    child = subprocess.Popen([WITNESS, kind, SOCKET, DATABASE, *args],
                             stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    return child


def copy_script(number, hold_ms):
    """An ALTER that computes a value for each row while it copies."""
    return ("ALTER TABLE held ADD COLUMN c%d integer DEFAULT "
            "(length(sha2(repeat(id, %d), 512))), ALGORITHM = COPY;" %
            (number, max(1, int(hold_ms * COPY_PER_MS))))


# how often a row's value is repeated for a millisecond of copying, about
COPY_PER_MS = 70


def holding(way, number, hold_ms):
    """One of several ways to hold a lock on `held` for about that long: the
    script, its modes, and what they keep from happening. The copy's modes are
    only shown by the plugin."""
    sleep = "DO SLEEP(%.3f);" % (hold_ms / 1000)
    return [
        ("LOCK TABLES held WRITE;\n%s\nUNLOCK TABLES;" % sleep,
         {"SHARED_NO_READ_WRITE"}, WRITE),
        (copy_script(number, hold_ms), {"SHARED_NO_WRITE", "EXCLUSIVE"},
         WRITE),
        ("UPDATE held SET x = x + 1 WHERE id = 1;\n" + sleep,
         {"SHARED_WRITE"}, LOCK),
    ][number % 3 if way != "schema" else number % 2 * 2]


def span(run, modes):
    """From when to when at most, and how much less it may be."""
    locks = [lock for lock in run["locks"]
             if lock["relation"] == "held" and lock["mode"] in modes]
    begin = min(lock["from_ms"] for lock in locks)
    end = max(lock["from_ms"] + lock["held_ms"] for lock in locks)
    return end - begin, max(lock["held_bound_ms"] for lock in locks)


def holds(way):
    shows(way)
    chance = random.Random(4)
    count = 6 if QUICK else 30
    wanted = sorted(20 * 100 ** (i / (count - 1)) for i in range(count))
    chance.shuffle(wanted)
    fresh()
    plans = [holding(way, i, ms) for i, ms in enumerate(wanted)]
    repository(URL, [plan[0] for plan in plans])
    errors, under, widths = [], [], []
    for number, (_, modes, tried) in enumerate(plans):
        probe = witness("probe", tried, "%.3f" % (wanted[number] / 1000 + 1.5))
        time.sleep(0.2)
        (run,), _ = up("--to", str(FIRST + number))
        lines = [[float(word) for word in line.split()]
                 for line in probe.communicate()[0].splitlines()]
        true, unsure = max(lines)
        held, bound = span(run, modes)
        errors.append(abs(held - bound / 2 - true - unsure / 2))
        widths.append(bound)
        under.append(true - held)
        if VERBOSE:
            print("  %s: probe %.1f + %.1f, up %.1f - %.1f" % (
                "/".join(modes), true, unsure, held, bound))
        if under[-1] > 0 or held - bound - true - unsure > 0:
            print("  outside of its bound: %.1f - %.1f, the probe saw %.1f "
                  "to %.1f" % (held, bound, true, true + unsure))
    print("%-46s median error %.1f ms, largest %.1f ms" % (
        "%s: %d holds of 20 ms to 2 s" % (way, count),
        statistics.median(errors), max(errors)))
    print("%-46s median width %.1f ms, under-stated by %.1f ms at most" % (
        "  its bound", statistics.median(widths), max(under)))


# what keeps others waiting, what they try, and when they can begin to wait
KEEPING = {
    "a table": ("LOCK TABLES held WRITE;\nDO SLEEP(1.5);\nUNLOCK TABLES;",
                "SELECT 1 FROM held LIMIT 1", "SELECT 1 FROM held LIMIT 0"),
    "rows": ("UPDATE held SET x = x + 1 WHERE id = 1;\nDO SLEEP(1.5);",
             "UPDATE held SET x = x + 1 WHERE id = 1",
             "SELECT 1 FROM held WHERE id = 1 FOR UPDATE"),
}


def compare(found, line, errors, missed):
    connection, waited, outcome = line.split()
    victim = found.get(int(connection))
    if not victim or victim["outcome"] != outcome:
        missed.append((line, victim))
        return
    low, bound = victim["waited_ms"], victim["waited_bound_ms"]
    errors.append(abs(low + bound / 2 - float(waited)))
    if VERBOSE:
        print("  %s: %s, %.1f + %.1f, off by %.1f" % (
            line, victim["outcome"], low, bound, errors[-1]))


def victims(way, what):
    shows(way)
    chance = random.Random(5)
    fresh()
    rounds = 1 if QUICK else 3
    script, statement, tried = KEEPING[what]
    repository(URL, [script] * rounds)
    errors, missed, seen = [], [], 0
    for number in range(rounds):
        waiters = ["%d:%d" % (chance.randint(0, 1200),
                              chance.choice([0, 0, chance.randint(60, 900)]))
                   for _ in range(20)]
        child = witness("wait", tried, statement, *waiters)
        (run,), _ = up("--to", str(FIRST + number))
        found = {victim["pid"]: victim for victim in run["victims"]}
        for line in child.communicate()[0].splitlines():
            # who came as it was let go has not waited
            if float(line.split()[1]) > 2:
                seen += 1
                compare(found, line, errors, missed)
    for line, victim in missed:
        print("  not found: %s %s" % (line, victim))
    print("%-46s found %d, median error %.1f ms, largest %.1f ms" % (
        "%s: %d sessions that waited for %s" % (way, seen, what),
        len(errors), statistics.median(errors), max(errors)))


def small(way):
    shows(way)
    count = 30 if QUICK else 300
    repository(URL, ["CREATE TABLE t%d (id integer PRIMARY KEY, name text);\n"
                "ALTER TABLE t%d ADD COLUMN more integer;\n"
                "CREATE INDEX i%d ON t%d (name(20));" % (i, i, i, i)
                for i in range(count)])
    times = {True: [], False: []}
    for _ in range(1 if QUICK else 3):
        for observe in (True, False):
            fresh()
            times[observe].append(up(observe=observe)[1])
    on, off = (statistics.median(times[key]) for key in (True, False))
    print("%-46s %.0f ms, without %.0f ms: x %.2f, %.2f ms a statement" % (
        "%s: up of %d small migrations, observed" % (way, count), on, off,
        on / off, (on - off) / count / 3))


PARTS = os.environ.get("PARTS", "holds victims small").split()
if "holds" in PARTS:
    for shown in ("both", "plugin", "schema"):
        holds(shown)
if "victims" in PARTS:
    for shown in ("both", "plugin", "nothing"):
        victims(shown, "a table")
if "victims" in PARTS or "rows" in PARTS:
    victims("both", "rows")
if "small" in PARTS:
    for shown in ("both", "plugin", "nothing"):
        small(shown)

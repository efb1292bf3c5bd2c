#!/usr/bin/env python3
"""observe.py BUILD WORK   how well a run knows what it does to others.

What `up` measured against what others met: how long a table was locked, to a
probe that tries a thousand times a second; how long sessions waited, by their
own clocks. Then what the measuring costs: 1,000 small migrations, and one long
one beside pgbench, each with it and without (migrate.observe). QUICK=1 takes a
fraction of each, PARTS="holds victims small pgbench" only these.
"""
import os
import random
import statistics
import subprocess
import sys
import time

from observed import FIRST, repository, up

BUILD, WORK = sys.argv[1], sys.argv[2]
SERVER = os.environ["POSTGRES_SERVER"]
PGBENCH = os.path.join(os.environ["POSTGRES_BINDIR"], "pgbench")
WITNESS = os.path.join(BUILD, "tests/bench/witness_postgres")
QUICK = bool(os.environ.get("QUICK"))
VERBOSE = bool(os.environ.get("VERBOSE"))
URL = SERVER + "/bench_observe"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def psql(sql, database=URL):
    return subprocess.run(["psql", "-X", "-q", "-A", "-t", "-d", database,
                           "-v", "ON_ERROR_STOP=1", "-c", sql], check=True,
                          stdout=subprocess.PIPE, text=True).stdout


def fresh():
    psql("DROP DATABASE IF EXISTS bench_observe WITH (FORCE)",
         SERVER + "/postgres")
    psql("CREATE DATABASE bench_observe", SERVER + "/postgres")


def witness(*args):
    child = subprocess.Popen([WITNESS, *args], stdout=subprocess.PIPE,
                             text=True)
    assert child.stdout.readline() == "ready\n"
    return child


def holding_script(number, hold_ms):
    """One of several ways to hold a lock on `held` for about that long."""
    alter = "ALTER TABLE held ADD COLUMN c%d integer;" % number
    sleep = "SELECT pg_sleep(%.3f);" % (hold_ms / 1000)
    return [
        alter + "\n" + sleep,
        "CREATE TABLE o%d (x integer);\n%s\n%s" % (number, alter, sleep),
        "%s\nSELECT pg_sleep(%.3f);\nINSERT INTO held VALUES (1);\n"
        "SELECT pg_sleep(%.3f);" % (alter, hold_ms / 2000, hold_ms / 2000),
        "LOCK TABLE held;\n" + sleep,
        # the lock is taken in the course of a statement
        "DO $$ BEGIN PERFORM pg_sleep(0.05); ALTER TABLE held ADD COLUMN "
        "c%d integer; PERFORM pg_sleep(%.3f); END $$;" % (number,
                                                        hold_ms / 1000),
    ][number % 5]


def holds():
    chance = random.Random(4)
    count = 6 if QUICK else 30
    wanted = sorted(20 * 100 ** (i / (count - 1)) for i in range(count))
    chance.shuffle(wanted)
    fresh()
    psql("CREATE TABLE held (x integer)")
    repository(URL, [holding_script(i, ms) for i, ms in enumerate(wanted)])
    errors, under, widths = [], [], []
    for number in range(count):
        probe = witness("probe", URL, "held", "%.3f" %
                        (wanted[number] / 1000 + 1))
        time.sleep(0.2)
        (run,), _ = up("--to", str(FIRST + number))
        lines = [[float(word) for word in line.split()]
                 for line in probe.communicate()[0].splitlines()]
        true, unsure = max(lines)
        lock = next(lock for lock in run["locks"] if
                    lock["relation"] == "held" and
                    lock["mode"] == "AccessExclusiveLock")
        errors.append(abs(lock["held_ms"] - lock["held_bound_ms"] / 2 - true
                          - unsure / 2))
        widths.append(lock["held_bound_ms"])
        # the truth lies between true and true + unsure
        under.append(true - lock["held_ms"])
        over = lock["held_ms"] - lock["held_bound_ms"] - true - unsure
        if VERBOSE:
            print("  %d: probe %.1f + %.1f, up %.1f - %.1f" % (
                number % 5, true, unsure, lock["held_ms"],
                lock["held_bound_ms"]))
        if under[-1] > 0 or over > 0:
            print("  outside of its bound: %s, the probe saw %.1f to %.1f" %
                  (lock, true, true + unsure))
    print("%-46s median error %.1f ms, largest %.1f ms" % (
        "%d holds of 20 ms to 2 s" % count, statistics.median(errors),
        max(errors)))
    print("%-46s median width %.1f ms, under-stated by %.1f ms at most" % (
        "  its bound", statistics.median(widths), max(under)))


def victims():
    chance = random.Random(5)
    fresh()
    psql("CREATE TABLE held (x integer)")
    rounds = 1 if QUICK else 3
    repository(URL, ["ALTER TABLE held ADD COLUMN c%d integer;\n"
                "SELECT pg_sleep(1.5);" % i for i in range(rounds)])
    errors, told_errors, own, missed = [], [], [], []
    for number in range(rounds):
        waiters = ["%d:%d" % (chance.randint(0, 1200),
                              chance.choice([0, 0, chance.randint(60, 900)]))
                   for _ in range(20)]
        child = witness("wait", URL, "held", *waiters)
        (run,), _ = up("--to", str(FIRST + number))
        found = {victim["pid"]: victim for victim in run["victims"]}
        for line in child.communicate()[0].splitlines():
            pid, waited, outcome, told = line.split()
            waited, told = float(waited), float(told)
            victim = found.get(int(pid))
            if not victim or (victim["outcome"] == "served") != (
                    outcome == "served"):
                missed.append((line, victim))
                continue
            low, bound = victim["waited_ms"], victim["waited_bound_ms"]
            errors.append(abs(low + bound / 2 - waited))
            if told:
                told_errors.append(abs(low + bound / 2 - told))
                own.append(waited - told)
            if VERBOSE:
                print("  %s: %s, %.1f + %.1f, off by %.1f" % (
                    line, victim["outcome"], low, bound, errors[-1]))
    for line, victim in missed:
        print("  not found: %s %s" % (line, victim))
    print("%-46s found %d, median error %.1f ms, largest %.1f ms" % (
        "%d sessions that waited, some gave up" % (len(errors) + len(missed)),
        len(errors), statistics.median(errors), max(errors)))
    print("%-46s median error %.1f ms, largest %.1f ms; their own clocks are "
          "off by up to %.1f ms" % (
              "  by the server's word, or their time-outs",
              statistics.median(told_errors), max(told_errors), max(own)))


def small():
    count = 100 if QUICK else 1000
    repository(URL, ["CREATE TABLE t%d (id integer PRIMARY KEY, name text);\n"
                "ALTER TABLE t%d ADD COLUMN more integer;\n"
                "CREATE INDEX i%d ON t%d (name);" % (i, i, i, i)
                for i in range(count)])
    times = {True: [], False: []}
    for _ in range(1 if QUICK else 5):
        for observe in (True, False):
            fresh()
            times[observe].append(up(observe=observe)[1])
    on, off = (statistics.median(times[key]) for key in (True, False))
    print("%-46s %.0f ms, without %.0f ms: x %.2f" % (
        "up of %d small migrations, observed" % count, on, off, on / off))


def beside_pgbench():
    seconds = 5 if QUICK else 60
    rates = {None: [], True: [], False: []}
    fresh()
    subprocess.run([PGBENCH, "-i", "-q", "-s", "5", URL], check=True, **QUIET)
    psql("CREATE TABLE held (x integer)")
    rounds = 1 if QUICK else 2
    repository(URL, ["ALTER TABLE held ADD COLUMN c%d integer;\n"
                "SELECT pg_sleep(%d);" % (i, seconds)
                for i in range(2 * rounds)])
    number = 0
    for _ in range(rounds):
        for observe in (None, True, False):
            load = subprocess.Popen([PGBENCH, "-n", "-c", "8", "-j", "2", "-T",
                                     str(seconds), URL],
                                    stdout=subprocess.PIPE, text=True,
                                    stderr=subprocess.DEVNULL)
            if observe is not None:
                up("--to", str(FIRST + number), observe=observe)
                number += 1
            for line in load.communicate()[0].splitlines():
                if line.startswith("tps"):
                    rates[observe].append(float(line.split()[2]))
    alone, on, off = (statistics.median(rates[key])
                      for key in (None, True, False))
    print("%-46s %.0f transactions a second, unobserved %.0f (x %.3f), "
          "without a migration %.0f" % (
              "pgbench beside a migration of %d s" % seconds, on, off,
              on / off, alone))


PARTS = os.environ.get("PARTS", "holds victims small pgbench").split()
for name, part in (("holds", holds), ("victims", victims), ("small", small),
                   ("pgbench", beside_pgbench)):
    if name in PARTS:
        part()

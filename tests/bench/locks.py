#!/usr/bin/env python3
"""locks.py BUILD WORK   what an application meets while a migration waits.

pgbench reads and writes a table at a steady rate, a transaction is open on it,
and ALTER TABLE ... ADD COLUMN comes: through `git migrate up`, through `psql
-f`, and not at all. A latency is counted from when its transaction was due, so
that what queues is seen. ROUNDS (3) rounds take turns; QUICK=1 makes one.
"""
import glob
import json
import os
import statistics
import subprocess
import sys
import time

BUILD, WORK = sys.argv[1], sys.argv[2]
SERVER = os.environ["POSTGRES_SERVER"]
PGBENCH = os.path.join(os.environ["POSTGRES_BINDIR"], "pgbench")
ROUNDS = 1 if os.environ.get("QUICK") else int(os.environ.get("ROUNDS", "3"))
URL = SERVER + "/bench_locks"
REPO = os.path.join(WORK, "repo")
LONG_S, SHORT_S, LEAD_S = 10, 1, 2
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def psql(sql, database=URL):
    return subprocess.run(["psql", "-X", "-q", "-A", "-t", "-d", database,
                           "-v", "ON_ERROR_STOP=1", "-c", sql], check=True,
                          stdout=subprocess.PIPE, text=True).stdout


def prepare():
    psql("CREATE DATABASE bench_locks", SERVER + "/postgres")
    subprocess.run([PGBENCH, "-i", "-q", "-s", "1", URL], check=True, **QUIET)
    psql("ALTER TABLE pgbench_accounts SET (autovacuum_enabled = off)")
    subprocess.run(["git", "init", "-q", REPO], check=True)
    subprocess.run(["git", "-C", REPO, "config", "migrate-target.dev.url",
                    URL], check=True)
    os.mkdir(os.path.join(REPO, "migrations"))


def load(seconds, name):
    """The application: four clients that read and write, 400 times a second."""
    return subprocess.Popen(
        [PGBENCH, "-n", "-b", "simple-update", "-c", "4", "-j", "2", "-R",
         "400", "-T", str(seconds), "-l", "--log-prefix",
         os.path.join(WORK, name), URL], **QUIET)


def latencies(name):
    """Milliseconds, with the time that a transaction began late."""
    values = []
    for path in glob.glob(os.path.join(WORK, name + ".*")):
        with open(path) as lines:
            # the last line of one that was ended may be cut
            values += [int(line.split()[2]) / 1000 for line in lines
                       if line.endswith("\n")]
        os.remove(path)
    return sorted(values)


class Session:
    """A psql that holds a transaction open on the table."""

    def __init__(self):
        self.psql = subprocess.Popen(["psql", "-X", "-q", "-d", URL],
                                     stdin=subprocess.PIPE, text=True, **QUIET)
        self.say("BEGIN; SELECT count(*) FROM pgbench_accounts "
                 "WHERE aid = 1;")

    def say(self, text):
        self.psql.stdin.write(text + "\n")
        self.psql.stdin.flush()

    def end(self):
        self.say("COMMIT;")
        self.psql.stdin.close()
        self.psql.wait()


def overlapping():
    """Transactions of a second each, so that one is always open."""
    path = os.path.join(WORK, "short.sql")
    with open(path, "w") as script:
        script.write("BEGIN;\nSELECT aid FROM pgbench_accounts WHERE aid = 1;\n"
                     "\\sleep %d s\nCOMMIT;\n" % SHORT_S)
    sessions = []
    for _ in range(3):
        sessions.append(subprocess.Popen(
            [PGBENCH, "-n", "-c", "1", "-f", path, "-T", "120", URL], **QUIET))
        time.sleep(SHORT_S / 3)
    return sessions


def by_up(number):
    base = os.path.join(REPO, "migrations", "%014d_column" % number)
    with open(base + ".up.sql", "w") as up:
        up.write("ALTER TABLE pgbench_accounts ADD COLUMN c%d integer;\n"
                 % number)
    with open(base + ".down.sql", "w") as down:
        down.write("ALTER TABLE pgbench_accounts DROP COLUMN c%d;\n" % number)
    return subprocess.Popen(["git-migrate", "up", "--json"], cwd=REPO,
                            stdout=subprocess.PIPE, text=True,
                            stderr=subprocess.DEVNULL)


def by_psql(number):
    path = os.path.join(WORK, "alter.sql")
    with open(path, "w") as script:
        script.write("ALTER TABLE pgbench_accounts ADD COLUMN c%d integer;\n"
                     % number)
    return subprocess.Popen(["psql", "-X", "-q", "-d", URL, "-v",
                             "ON_ERROR_STOP=1", "-f", path],
                            stdout=subprocess.PIPE, text=True)


def attempts(output):
    if not output:
        return "-"
    run = json.loads(output)["runs"][0]
    tries = run.get("attempts", [])
    return "%d, held %.1f ms" % (tries[-1]["number"] if tries else 1,
                                 run["lock_ms"])


def finish(change, start):
    """Seconds until it was applied, and how often it asked."""
    if not change:
        return None, "-"
    output, _ = change.communicate(timeout=110)
    if change.returncode:
        sys.exit("error: the change failed\n%s" % output)
    return time.perf_counter() - start, attempts(output)


def one_long(start_change, number):
    name = "long-%d" % number
    application = load(LEAD_S + LONG_S + 3, name)
    holder = Session()
    time.sleep(LEAD_S)
    start = time.perf_counter()
    change = start_change(number) if start_change else None
    time.sleep(LONG_S - LEAD_S)
    holder.end()
    spent, tries = finish(change, start)
    application.wait()
    return latencies(name), spent, tries


def many_short(start_change, number):
    name = "short-%d" % number
    application = load(60 if start_change is by_up else 15, name)
    sessions = overlapping()
    start = time.perf_counter()
    change = start_change(number) if start_change else None
    spent, tries = finish(change, start)
    if change:
        time.sleep(1)
        application.terminate()
    application.wait()
    for session in sessions:
        session.terminate()
        session.wait()
    return latencies(name), spent, tries


def report(*cells):
    print("%-34s %-16s %12s %10s %10s  %s" % cells, flush=True)


def measure(what, scenario, rounds, number):
    ways = (("no ALTER", None), ("git migrate up", by_up),
            ("psql -f", by_psql))
    highest = {name: [] for name, _ in ways}
    rest = {}
    for _ in range(rounds):
        for name, start_change in ways:
            number += 1
            values, spent, tries = scenario(start_change, number)
            highest[name].append(values[-1])
            rest[name] = (values[int(len(values) * 0.99)], spent, tries)
    for name, _ in ways:
        p99, spent, tries = rest[name]
        report(what, name, "%.1f ms" % statistics.median(highest[name]),
               "%.1f ms" % p99, "%.1f s" % spent if spent else "-", tries)
    return number


def main():
    prepare()
    report("a table in use, and", "ALTER by", "highest", "p99", "applied in",
           "attempts")
    number = measure("one transaction of 10 s", one_long, ROUNDS, 0)
    measure("transactions of 1 s without a gap", many_short, 1, number)


main()

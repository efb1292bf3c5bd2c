#!/usr/bin/env python3
"""locks_mariadb.py BUILD WORK   the same as locks.py, on MariaDB.

Four clients read and write a table at a steady rate, a transaction is open on
it, and ALTER TABLE ... ADD COLUMN comes: through `git migrate up`, with the
server as it is installed and with its plugin METADATA_LOCK_INFO, through the
`mariadb` client, and not at all. ROUNDS (3) rounds take turns; QUICK=1 makes
one.
"""
import json
import os
import statistics
import subprocess
import sys
import threading
import time

BUILD, WORK = sys.argv[1], sys.argv[2]
SOCKET = os.environ["MARIADB_SOCKET"]
DATABASE = "bench_locks"
LOAD = os.path.join(BUILD, "tests/bench/load_mariadb")
ROUNDS = 1 if os.environ.get("QUICK") else int(os.environ.get("ROUNDS", "3"))
REPO = os.path.join(WORK, "repo")
LONG_S, SHORT_S, LEAD_S = 10, 1, 2
CLIENT = ["mariadb", "--no-defaults", "-S", SOCKET, "-u", "root", "-n", "-N"]


def sql(text, database=DATABASE):
    subprocess.run(CLIENT + ["-e", text, database], check=True)


def prepare():
    sql("CREATE DATABASE " + DATABASE, "mysql")
    sql("CREATE TABLE accounts (id integer PRIMARY KEY, balance integer);"
        "INSERT INTO accounts SELECT seq, 0 FROM seq_1_to_100000;"
        "CREATE TABLE history (id integer AUTO_INCREMENT PRIMARY KEY,"
        " account integer)")
    subprocess.run(["git", "init", "-q", REPO], check=True)
    subprocess.run(["git", "-C", REPO, "config", "migrate-target.dev.url",
                    os.environ["MARIADB_SERVER"] + "/" + DATABASE], check=True)
    os.mkdir(os.path.join(REPO, "migrations"))


class Load:
    """The application: 400 transactions a second."""

    def __init__(self, seconds):
        self.output = open(os.path.join(WORK, "load"), "w+")
        self.process = subprocess.Popen(
            [LOAD, SOCKET, DATABASE, "4", "400", str(seconds)],
            stdout=self.output)

    def latencies(self):
        if self.process.wait():
            sys.exit("error: the application failed")
        self.output.seek(0)
        values = sorted(int(line) / 1000 for line in self.output)
        self.output.close()
        return values


class Session:
    """A client that holds a transaction open on the table."""

    def __init__(self):
        self.client = subprocess.Popen(
            CLIENT + [DATABASE], stdin=subprocess.PIPE, text=True,
            stdout=subprocess.DEVNULL)
        self.begin()

    def say(self, text):
        self.client.stdin.write(text + "\n")
        self.client.stdin.flush()

    def begin(self):
        self.say("START TRANSACTION; SELECT * FROM accounts WHERE id = 1;")

    def end(self):
        self.say("COMMIT;")

    def close(self):
        self.client.stdin.close()
        self.client.wait()


class Overlapping:
    """Transactions of a second each, so that one is always open."""

    def __init__(self):
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(i,))
                        for i in range(3)]
        for thread in self.threads:
            thread.start()
        time.sleep(2 * SHORT_S)

    def work(self, number):
        time.sleep(SHORT_S / 3 * number)
        session = Session()
        while not self.over.wait(SHORT_S):
            session.end()
            session.begin()
        session.end()
        session.close()

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def by_up(number):
    base = os.path.join(REPO, "migrations", "%014d_column" % number)
    with open(base + ".up.sql", "w") as up:
        up.write("ALTER TABLE accounts ADD COLUMN c%d integer;\n" % number)
    with open(base + ".down.sql", "w") as down:
        down.write("ALTER TABLE accounts DROP COLUMN c%d;\n" % number)
    return subprocess.Popen(["git-migrate", "up", "--json"], cwd=REPO,
                            stdout=subprocess.PIPE, text=True,
                            stderr=subprocess.DEVNULL)


def by_up_with_plugin(number):
    return by_up(number)


def by_client(number):
    return subprocess.Popen(
        CLIENT + ["-e", "ALTER TABLE accounts ADD COLUMN c%d integer" % number,
                  DATABASE], stdout=subprocess.PIPE, text=True)


def set_plugin(wanted):
    subprocess.run(
        CLIENT + ["-e", "%s SONAME 'metadata_lock_info'"
                  % ("INSTALL" if wanted else "UNINSTALL"), "mysql"],
        stderr=subprocess.DEVNULL, check=False)


def finish(change, start):
    """Seconds until it was applied, and how often it asked."""
    if not change:
        return None, "-"
    output, _ = change.communicate(timeout=110)
    if change.returncode:
        sys.exit("error: the change failed\n%s" % output)
    spent = time.perf_counter() - start
    if not output:
        return spent, "-"
    tries = json.loads(output)["runs"][0].get("attempts", [])
    return spent, str(tries[-1]["number"] if tries else 1)


def one_long(start_change, number):
    application = Load(LEAD_S + LONG_S + 3)
    holder = Session()
    time.sleep(LEAD_S)
    start = time.perf_counter()
    change = start_change(number) if start_change else None
    time.sleep(LONG_S - LEAD_S)
    holder.end()
    spent, tries = finish(change, start)
    holder.close()
    return application.latencies(), spent, tries


def many_short(start_change, number):
    sessions = Overlapping()
    application = Load(30 if start_change in (by_up, by_up_with_plugin)
                       else 10)
    time.sleep(1)
    start = time.perf_counter()
    change = start_change(number) if start_change else None
    spent, tries = finish(change, start)
    values = application.latencies()
    sessions.end()
    return values, spent, tries


def report(*cells):
    print("%-34s %-24s %12s %10s %10s  %s" % cells, flush=True)


def measure(what, scenario, rounds, number):
    ways = (("no ALTER", None), ("git migrate up", by_up),
            ("... with the plugin", by_up_with_plugin),
            ("the mariadb client", by_client))
    highest = {name: [] for name, _ in ways}
    rest = {}
    for _ in range(rounds):
        for name, start_change in ways:
            number += 1
            set_plugin(start_change is by_up_with_plugin)
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

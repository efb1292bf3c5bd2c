#!/usr/bin/env python3
"""backup.py BUILD WORK   backups against what the plain clients write.

A table of 1,000,000 rows (ROWS) on each engine. The plain client, `git migrate
backup` and the same with --verify take turns, RUNS times; printed are the
medians. What the plain client does not do is in the difference: all rows are
read a second time for their digests, the file is flushed to the disk and read
for its checksum.
"""
import os
import re
import statistics
import subprocess
import sys
import time

WORK = sys.argv[2]
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROWS = int(os.environ.get("ROWS", "1000000"))
RUNS = int(os.environ.get("RUNS", "3"))
COLUMNS = "id integer PRIMARY KEY, name varchar(64), note varchar(64)"


def run(*argv, **more):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE,
                          text=True, **more).stdout


def seconds(*argv):
    began = time.monotonic()
    run(*argv)
    return time.monotonic() - began


def mariadb_start():
    """The variables of mariadb.sh, put into the environment."""
    lines = run("sh", TOP + "/tests/lib/mariadb.sh", "start")
    for name, value in re.findall(r"(\w+)='?([^'\s]+)'?", lines):
        os.environ[name] = value


def sqlite(out):
    path = WORK + "/bench.db"
    run("sqlite3", path, "CREATE TABLE t (%s); INSERT INTO t SELECT value, "
        "hex(randomblob(20)), 'note ' || value FROM generate_series(1, %d)"
        % (COLUMNS, ROWS))
    return ("sqlite3 .backup", "sqlite:" + path,
            ["sqlite3", path, ".backup " + out])


def postgresql(out):
    url = os.environ["POSTGRES_SERVER"] + "/bench"
    run("psql", "-Xq", os.environ["POSTGRES_SERVER"] + "/postgres", "-c",
        "CREATE DATABASE bench")
    run("psql", "-Xq", url, "-c", "CREATE TABLE t (%s)" % COLUMNS, "-c",
        "INSERT INTO t SELECT i, md5(random()::text), 'note ' || i "
        "FROM generate_series(1, %d) AS i" % ROWS, "-c", "VACUUM ANALYZE t")
    return "pg_dump -Fc", url, ["pg_dump", "-Fc", "-f", out, "-d", url]


def mariadb(out):
    mariadb_start()
    client = ["--no-defaults", "-S", os.environ["MARIADB_SOCKET"], "-u", "root"]
    run("mariadb", *client, "-e",
        "CREATE DATABASE bench; USE bench; CREATE TABLE t (%s); "
        "INSERT INTO t SELECT seq, md5(rand()), concat('note ', seq) "
        "FROM seq_1_to_%d" % (COLUMNS, ROWS))
    return ("mariadb-dump", os.environ["MARIADB_SERVER"] + "/bench",
            ["mariadb-dump"] + client +
            ["--single-transaction", "--result-file=" + out, "bench"])


def measure(make):
    plain, ours = WORK + "/plain.out", WORK + "/ours.out"
    name, url, command = make(plain)
    backup = ["git", "migrate", "backup", "-q", "--target", url, "--to", ours]
    times = {"plain": [], "ours": [], "verified": []}
    for _ in range(RUNS):
        for what, argv in (("plain", command), ("ours", backup),
                           ("verified", backup + ["--verify"])):
            for path in (plain, ours):
                if os.path.exists(path):
                    os.unlink(path)
            times[what].append(seconds(*argv))
    medians = {what: statistics.median(list_) for what, list_ in times.items()}
    print("| %s, %s rows | %.2f s | %.2f s | × %.2f | %.2f s |" % (
        name, "{:,}".format(ROWS), medians["plain"], medians["ours"],
        medians["ours"] / medians["plain"], medians["verified"]), flush=True)


def main():
    os.chdir(WORK)
    run("git", "init", "-q", "repository")
    os.chdir("repository")
    print("| against | alone | `backup` | ratio | `backup --verify` |")
    print("| --- | --: | --: | --: | --: |", flush=True)
    try:
        for make in (sqlite, postgresql, mariadb):
            measure(make)
    finally:
        if "MARIADB_DIR" in os.environ:
            run("sh", TOP + "/tests/lib/mariadb.sh", "stop",
                os.environ["MARIADB_DIR"])


main()

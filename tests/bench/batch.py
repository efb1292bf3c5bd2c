#!/usr/bin/env python3
"""batch.py BUILD WORK   a backfill beside an application, in three ways.

2,000,000 rows (ROWS) get a value while pgbench reads and writes the same table
at a steady rate: by one UPDATE, by the loop of batches that people write into a
DO block, and in batches of `git migrate`. Measured are the time it takes and
what pgbench sees meanwhile, each in turn with the others. At the end a run is killed in its middle, and what
it had committed must not be done twice.
"""
import math
import os
import statistics
import subprocess
import sys
import time

WORK = sys.argv[2]
SERVER = os.environ["POSTGRES_SERVER"]
BINDIR = os.environ["POSTGRES_BINDIR"]
ROWS = int(os.environ.get("ROWS", "2000000"))
RATE = os.environ.get("RATE", "200")  # transactions a second
RUNS = int(os.environ.get("RUNS", "3"))  # of each, in turns
PATIENCE = 600  # seconds that anything may take
URL = SERVER + "/batch"
SET = "legacy_status = 'migrated', touched = touched + 1"
ONE = "UPDATE users SET %s WHERE legacy_status IS NULL" % SET
LOOP = """
DO $$
DECLARE
  batch_size INTEGER := 10000;
  rows_affected INTEGER;
BEGIN
  LOOP
    UPDATE users SET %s
    WHERE id IN (
      SELECT id FROM users
      WHERE legacy_status IS NULL
      LIMIT batch_size
    );
    GET DIAGNOSTICS rows_affected = ROW_COUNT;
    EXIT WHEN rows_affected = 0;
    PERFORM pg_sleep(0.1);
  END LOOP;
END $$""" % SET
APPLICATION = r"""
\set id random(1, %d)
\set other random(1, %d)
UPDATE users SET balance = balance + 1 WHERE id = :id;
SELECT balance FROM users WHERE id = :other;
""" % (ROWS, ROWS)


def psql(sql, database=URL):
    return subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d",
         database, "-f", "-"],
        input=sql, text=True, check=True, stdout=subprocess.PIPE,
        env=dict(os.environ, PGOPTIONS="-c client_min_messages=warning"),
        timeout=PATIENCE).stdout.strip()


def fresh_table():
    psql("""
        DROP TABLE IF EXISTS users;
        CREATE TABLE users (id bigint PRIMARY KEY, legacy_status text,
            balance bigint NOT NULL DEFAULT 0,
            touched integer NOT NULL DEFAULT 0, email text);
        INSERT INTO users (id, email)
            SELECT i, 'user' || i || '@example.com'
            FROM generate_series(1, %d) i;
        VACUUM ANALYZE users;
        CHECKPOINT;
        """ % ROWS)


def warm_up():
    """A server that has been running for a while has its log's files already;
    making one, and writing zeros into it, holds up every commit."""
    for sql in ("ALTER SYSTEM SET min_wal_size = '2GB'",
                "ALTER SYSTEM SET max_wal_size = '4GB'",
                "SELECT pg_reload_conf()",
                "SELECT count(pg_logical_emit_message(false, 'warm', "
                "repeat('x', 1000000))) FROM generate_series(1, 1800)",
                "CHECKPOINT"):
        psql(sql)


class Load:
    """pgbench, for as long as the block lasts; then .p99 and so on, in ms."""

    def __enter__(self):
        self.log = os.path.join(WORK, "load")
        script = os.path.join(WORK, "application.sql")
        with open(script, "w") as out:
            out.write(APPLICATION)
        self.child = subprocess.Popen(
            [os.path.join(BINDIR, "pgbench"), "-n", "-M", "prepared", "-c",
             "4", "-j", "1", "-R", RATE, "-T", "3600", "-f", script, "-l",
             "--log-prefix", self.log, URL],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(2)  # until all of it is warm
        self.since = time.time()
        return self

    def __exit__(self, *_):
        until = time.time()
        # what still waits for a lock shall be counted, too, and pgbench
        # writes its log by the buffer
        time.sleep(3)
        self.child.terminate()
        self.child.wait()
        times = []
        for name in os.listdir(WORK):
            if name.startswith("load."):
                path = os.path.join(WORK, name)
                with open(path) as lines:
                    for line in lines:
                        cells = line.split()
                        if len(cells) < 6:
                            continue
                        end = int(cells[4]) + int(cells[5]) / 1e6
                        spent = int(cells[2]) / 1e3
                        if end >= self.since and end - spent / 1e3 <= until:
                            times.append(spent)
                os.remove(path)
        times.sort()
        self.count = len(times)
        self.p50, self.p99 = (times[math.ceil(len(times) * p) - 1]
                              for p in (0.50, 0.99))
        self.most = times[-1]


class Repository:
    """One with a migration that fills the column in batches."""

    def __init__(self, name, arguments, statement=ONE):
        self.path = os.path.join(WORK, name)
        self.git("init", "-q", self.path, at=WORK)
        os.mkdir(os.path.join(self.path, "migrations"))
        for half, text in (
                ("up", "-- migrate: batch %s\n%s;\n" % (arguments, statement)),
                ("down", '-- migrate: empty "the values stay"\n')):
            with open(os.path.join(self.path, "migrations",
                                   "20260101000001_fill.%s.sql" % half),
                      "w") as out:
                out.write(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--no-verify", "-m", "Fill")

    def git(self, *args, at=None):
        subprocess.run(["git", "-C", at or self.path] + list(args), check=True)

    def up(self):
        return subprocess.run(
            ["git-migrate", "up", "--target", URL, "-q"], cwd=self.path,
            check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)

    def begin_up(self):
        return subprocess.Popen(
            ["git-migrate", "up", "--target", URL, "-q"], cwd=self.path)


def forget():
    psql("DROP TABLE IF EXISTS git_migrations, git_migrate_runs, "
         "git_migrate_meta, git_migrate_progress")


def report(*cells):
    print("%-34s %10s %10s %10s %10s" % cells, flush=True)


def measure(run):
    """Seconds, and what pgbench met meanwhile: p50, p99 and the longest."""
    fresh_table()
    forget()
    with Load() as load:
        began = time.time()
        try:
            run()
            spent = time.time() - began
        except subprocess.TimeoutExpired:
            spent = math.inf
    return spent, load.p50, load.p99, load.most


def alone():
    with Load() as load:
        time.sleep(20)
    return 20.0, load.p50, load.p99, load.most


def show(what, runs, timed=True):
    """The medians, which are returned."""
    medians = [statistics.median(column) for column in zip(*runs)]
    spent = "%.1f s" % medians[0]
    if math.isinf(medians[0]):
        spent = "> %d s" % PATIENCE
    report(what, spent if timed else "",
           *("%.1f ms" % n for n in medians[1:]))
    return medians


def killed_in_the_middle():
    fresh_table()
    forget()
    repository = Repository("killed", "pause=0",
                            "UPDATE users SET " + SET)
    child = repository.begin_up()
    while psql("SELECT to_regclass('git_migrate_progress')") == "":
        assert child.poll() is None
    while int(psql("SELECT coalesce(max((position::json->>'rows')::int), 0) "
                   "FROM git_migrate_progress")) < ROWS * 0.4:
        assert child.poll() is None
    child.kill()
    child.wait()
    while psql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'batch' "
               "AND pid <> pg_backend_pid()") != "0":
        pass  # the server ends what it was doing
    told = int(psql("SELECT position::json->>'rows' FROM git_migrate_progress"))
    found = int(psql("SELECT count(*) FROM users WHERE touched = 1"))
    assert told == found, (told, found)
    repository.up()
    once = psql("SELECT count(*), min(touched), max(touched) FROM users")
    assert once == "%d|1|1" % ROWS, once
    print("killed after %s rows, resumed: every row touched once" %
          format(found, ","))


def main():
    psql("CREATE DATABASE batch", SERVER + "/postgres")
    warm_up()
    fresh_table()
    fast, gentle = Repository("fast", "pause=0"), Repository("gentle", "")
    turns = ([], [], [], [])
    for _ in range(RUNS):
        for runs, take in zip(turns, (
                alone, lambda: measure(lambda: psql(ONE)),
                lambda: measure(fast.up), lambda: measure(gentle.up))):
            runs.append(take())
    report("%s rows, medians of %d" % (format(ROWS, ","), RUNS), "time", "p50",
           "p99", "highest")
    base = show("pgbench alone, %s/s" % RATE, turns[0], timed=False)
    one = show("one UPDATE", turns[1])
    whole = show("batches, pause=0", turns[2])
    print("  total: x %.2f of the one UPDATE" % (whole[0] / one[0]))
    patient = show("batches, pause=100ms", turns[3])
    print("  p99: x %.2f of pgbench alone" % (patient[2] / base[2]))
    killed_in_the_middle()
    if not os.environ.get("QUICK"):
        show("a loop in DO, pg_sleep(0.1)", [measure(lambda: psql(LOOP))])


main()

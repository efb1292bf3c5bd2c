#!/usr/bin/env python3
"""bench.py BUILD WORK   measures and prints; asserts nothing.

Each line compares two commands in one run: they take turns, so that whatever
else the machine does meets both, and the medians are compared.
"""
import os
import shutil
import statistics
import subprocess
import sys
import time

BUILD, WORK = sys.argv[1], sys.argv[2]
SERVER = os.environ["POSTGRES_SERVER"]
QUICK = bool(os.environ.get("QUICK"))


def command(args, stdin=os.devnull):
    """Runs a command that must succeed; its time in milliseconds."""
    errors = os.path.join(WORK, "stderr")
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [(os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
               (os.POSIX_SPAWN_OPEN, 2, errors, write, 0o600)]
    start = time.perf_counter()
    child = os.posix_spawnp(args[0], args, os.environ, file_actions=actions)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    spent = (time.perf_counter() - start) * 1000
    if status not in (0, 129):
        with open(errors) as text:
            sys.exit("error: %s\n%s" % (args, text.read()))
    return spent


def compare(what, ours, theirs, against, runs, more=False,
            before_ours=None, before_theirs=None):
    """ours and theirs: what runs the command and returns its time."""
    if QUICK:
        runs = min(runs, 3)
    mine, other = [], []
    for turn in range(runs + 1):
        for take, before, times in ((ours, before_ours, mine),
                                    (theirs, before_theirs, other)):
            if before:
                before()
            spent = take()
            if turn:  # the first turn warms up
                times.append(spent)
    a, b = statistics.median(mine), statistics.median(other)
    verdict = "%+.1f ms" % (a - b) if more else "x %.2f" % (a / b)
    report(what, "%.1f ms" % a, against, "%.1f ms" % b, verdict)


def report(*cells):
    print("%-44s %12s   %-22s %12s   %10s" % cells, flush=True)


def git(repo, *args):
    return command(["git", "-C", repo] + list(args))


def pair_files(number, tables_every=1):
    """Names and texts of one small pair: a new table, or a row in the last."""
    version = 20200101000000 + number
    table = "t%d" % (number - number % tables_every)
    if number % tables_every:
        what, up = "fill", "INSERT INTO %s VALUES (%d, 'a');\n" % (table, number)
        down = "DELETE FROM %s WHERE id = %d;\n" % (table, number)
    else:
        what = "create"
        up = "CREATE TABLE %s (id integer PRIMARY KEY, a text);\n" % table
        down = "DROP TABLE %s;\n" % table
    name = "migrations/%d_%s_%s" % (version, what, table)
    return (name + ".up.sql", up), (name + ".down.sql", down)


def repository(name, pairs, one_commit_each, tables_every=1):
    """A repository of that many pairs, made by one fast-import."""
    repo = os.path.join(WORK, name)
    command(["git", "init", "-q", repo])
    stream = []
    for number in range(pairs):
        if one_commit_each or not number:
            stream.append(
                "commit refs/heads/main\ncommitter Test Person "
                "<test@example.com> %d +0000\ndata 4\nPair\n"
                % (1577836800 + number))
        for path, text in pair_files(number, tables_every):
            stream.append("M 100644 inline %s\ndata %d\n%s\n"
                          % (path, len(text), text))
    subprocess.run(["git", "-C", repo, "fast-import", "--quiet"], check=True,
                   input="".join(stream).encode())
    git(repo, "reset", "-q", "--hard")
    git(repo, "commit-graph", "write")
    # Files as new as the index have to be read to know that they are the same,
    # by git and by us: that is not how a repository is found.
    time.sleep(1.1)
    git(repo, "read-tree", "--reset", "HEAD")
    git(repo, "update-index", "-q", "--refresh")
    return repo


class Sqlite:
    name, client, floor = "SQLite", "sqlite3 shell", "floor_sqlite"

    def __init__(self, name):
        self.path = os.path.join(WORK, name + ".db")
        self.url = "sqlite:" + self.path
        self.floor_url = self.path

    def fresh(self):
        for end in ("", "-journal", "-wal", "-shm"):
            if os.path.exists(self.path + end):
                os.remove(self.path + end)

    def run_file(self, path):
        return command(["sqlite3", "-batch", "-bail", self.path], path)


class Postgres:
    name, client, floor = "PostgreSQL", "psql -f", "floor_postgres"

    def __init__(self, name):
        self.database = "bench_" + name
        self.url = self.floor_url = SERVER + "/" + self.database

    def fresh(self):
        for statement in ("DROP DATABASE IF EXISTS " + self.database,
                          "CREATE DATABASE " + self.database):
            command(["psql", "-X", "-q", "-d", SERVER + "/postgres", "-c",
                     statement])

    def run_file(self, path):
        return command(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d",
                        self.url, "-f", path])


ENGINES = (Sqlite, Postgres)

READ = ["SELECT value FROM git_migrate_meta WHERE name = 'ledger_version'",
        "SELECT version, name, up_blob, down_blob, commit_id, applied_at, "
        "applied_by, state FROM git_migrations"]


def bench_starting():
    floor = [os.path.join(BUILD, "tests/bench/floor_nothing")]
    compare("git-migrate -h",
            lambda: command([os.path.join(BUILD, "git-migrate"), "-h"]),
            lambda: command(floor), "a program, nothing", 40, more=True)
    repo = repository("small", 5, True)
    git(repo, "config", "migrate-target.dev.url", "sqlite:.git/dev.db")

    def clean():
        git(repo, "reset", "-q", "--hard")
        git(repo, "clean", "-fdq")

    compare("git migrate new, small repository",
            lambda: git(repo, "migrate", "new", "create_things"),
            lambda: command(floor), "a program, nothing", 20, more=True,
            before_ours=clean)
    clean()
    for path, text in pair_files(7):
        with open(os.path.join(repo, path), "w") as script:
            script.write(text)
    git(repo, "add", "-A")
    compare("git migrate hook pre-commit",
            lambda: git(repo, "migrate", "hook", "pre-commit"),
            lambda: command(floor), "a program, nothing", 20, more=True)


def bench_large():
    repo = repository("large", 10000, False, tables_every=50)
    database = Sqlite("large")
    git(repo, "config", "migrate-target.dev.url", database.url)
    git(repo, "migrate", "up", "-q")
    for what in ("status", "up"):
        compare("git migrate %s, 10,000 applied" % what,
                lambda: git(repo, "migrate", what),
                lambda: git(repo, "status"), "git status", 15)
        peak = subprocess.run(
            [os.path.join(BUILD, "tests/bench/peak"), "git", "-C", repo,
             "migrate", what], stdout=subprocess.PIPE, check=True)
        report("  its peak memory", "%.1f MB" % (int(peak.stdout) / 1024),
               "", "", "")


def script_of(pairs, engine):
    """All up scripts, each in a transaction of its own."""
    path = os.path.join(WORK, engine.__name__ + ".sql")
    with open(path, "w") as script:
        for number in range(pairs):
            script.write("BEGIN;\n%sCOMMIT;\n" % pair_files(number)[0][1])
    return path


def bench_engine(engine, repo, pairs):
    ours, theirs = engine("ours"), engine("theirs")
    script = script_of(pairs, engine)

    def migrate(*args, database=ours):
        return git(repo, "-c", "migrate.target=bench", "-c",
                   "migrate-target.bench.url=" + database.url,
                   "migrate", *args)

    def floor(statements, database=ours):
        return command([os.path.join(BUILD, "tests/bench", engine.floor),
                        database.floor_url] + statements)

    compare("up of %d pairs, %s" % (pairs, engine.name),
            lambda: migrate("up", "-q"), lambda: theirs.run_file(script),
            engine.client, 5, before_ours=ours.fresh,
            before_theirs=theirs.fresh)
    for what in ("up", "status"):
        compare("%s, nothing to do, %s" % (what, engine.name),
                lambda: migrate(what), lambda: floor(READ),
                "the same SQL, bare C", 20, more=True)
    theirs.fresh()
    migrate("up", "-q", database=theirs)
    last = pairs - 1
    version = 20200101000000 + last
    down = READ + [
        "SELECT down_script FROM git_migrations WHERE version = %d" % version,
        "BEGIN", "DROP TABLE t%d" % last,
        "DELETE FROM git_migrations WHERE version = %d" % version,
        "INSERT INTO git_migrate_runs SELECT max(id) + 1, %d, 'down', "
        "'ok', '', 1, max(facts) FROM git_migrate_runs" % version, "COMMIT"]
    compare("down of one, %s" % engine.name,
            lambda: migrate("down"), lambda: floor(down, theirs),
            "the same SQL, bare C", 15, more=True,
            before_ours=lambda: migrate("up", "-q"),
            before_theirs=lambda: migrate("up", "-q", database=theirs))


def main():
    pairs = 100 if QUICK else 1000
    report("", "git migrate", "against", "", "")
    bench_starting()
    bench_large()
    repo = repository("thousand", pairs, True)
    for engine in ENGINES:
        bench_engine(engine, repo, pairs)
    shutil.rmtree(repo)


main()

#!/usr/bin/env python3
"""dbmate.py BUILD   `up` of 1,000 small pairs against dbmate, which is fetched
by npm; on each engine, in turns, medians. Asserts nothing."""
import glob
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PAIRS, RUNS = 1000, 3
FIRST = 20200101000000


def run(*args, **more):
    subprocess.run(args, check=True, stdout=subprocess.DEVNULL, **more)


def start(kind):
    """A server of our own; what tests/lib/KIND.sh exports."""
    shell = os.path.join(TOP, "tests/lib", kind + ".sh")
    lines = subprocess.run(["sh", shell, "start"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout
    words = lines.replace("export ", "").replace("'", "").split()
    return dict(word.split("=", 1) for word in words)


def stop(kind, folder):
    run("sh", os.path.join(TOP, "tests/lib", kind + ".sh"), "stop", folder)


class Sqlite:
    name = "SQLite"

    def __init__(self, work):
        self.path = os.path.join(work, "bench.db")
        self.url = self.other = "sqlite:" + self.path

    def fresh(self):
        for path in glob.glob(self.path + "*"):
            os.remove(path)

    def stop(self):
        pass


class Postgres:
    name = "PostgreSQL"

    def __init__(self, work):
        del work
        self.at = start("postgres")
        self.url = self.at["POSTGRES_SERVER"] + "/bench"
        self.other = self.url.replace("postgresql:", "postgres:") \
            + "?sslmode=disable"

    def fresh(self):
        for text in ("DROP DATABASE IF EXISTS bench",
                     "CREATE DATABASE bench"):
            run("psql", "-X", "-q", "-d",
                self.at["POSTGRES_SERVER"] + "/postgres", "-c", text,
                stderr=subprocess.DEVNULL)

    def stop(self):
        stop("postgres", self.at["POSTGRES_DIR"])


class Mariadb:
    name = "MariaDB"

    def __init__(self, work):
        del work
        self.at = start("mariadb")
        self.url = self.at["MARIADB_SERVER"] + "/bench"
        self.other = self.url.replace("mariadb:", "mysql:")

    def fresh(self):
        run("mariadb", "--no-defaults", "-S", self.at["MARIADB_SOCKET"], "-u",
            "root", "-e", "DROP DATABASE IF EXISTS bench; "
            "CREATE DATABASE bench")

    def stop(self):
        stop("mariadb", self.at["MARIADB_DIR"])


def make_pairs(repo, folder):
    """The same scripts in both tools' forms, a commit each."""
    os.mkdir(folder)
    run("git", "init", "-q", repo)
    stream = []
    for number in range(PAIRS):
        version, table = FIRST + number, "t%d" % number
        up = "CREATE TABLE %s (id integer PRIMARY KEY, a text);\n" % table
        down = "DROP TABLE %s;\n" % table
        with open("%s/%d_create_%s.sql" % (folder, version, table),
                  "w") as script:
            script.write("-- migrate:up\n%s\n-- migrate:down\n%s" % (up, down))
        stream.append("commit refs/heads/main\ncommitter Test Person "
                      "<test@example.com> %d +0000\ndata 4\nPair\n"
                      % (1577836800 + number))
        for way, text in (("up", up), ("down", down)):
            stream.append("M 100644 inline migrations/%d_create_%s.%s.sql\n"
                          "data %d\n%s\n" % (version, table, way, len(text),
                                             text))
    run("git", "-C", repo, "fast-import", "--quiet",
        input="".join(stream).encode())
    run("git", "-C", repo, "symbolic-ref", "HEAD", "refs/heads/main")
    run("git", "-C", repo, "reset", "-q", "--hard")
    run("git", "-C", repo, "status")


def timed(engine, *args, **more):
    engine.fresh()
    began = time.perf_counter()
    run(*args, **more)
    return (time.perf_counter() - began) * 1000


def compare(engine, build, work, dbmate):
    ours, theirs = [], []
    for _ in range(RUNS):
        ours.append(timed(
            engine, os.path.join(build, "git-migrate"), "up", "-q",
            cwd=os.path.join(work, "repo"),
            env=dict(os.environ, DATABASE_URL=engine.url)))
        theirs.append(timed(
            engine, dbmate, "--no-dump-schema", "-d",
            os.path.join(work, "dbmate"), "up",
            env=dict(os.environ, DATABASE_URL=engine.other)))
    a, b = statistics.median(ours), statistics.median(theirs)
    print("up of %d pairs, %-10s  git migrate %6.0f ms   dbmate %6.0f ms   "
          "x %.2f" % (PAIRS, engine.name, a, b, a / b), flush=True)


def main():
    build = os.path.abspath(sys.argv[1])
    work = tempfile.mkdtemp(prefix="git-migrate-dbmate.")
    os.chmod(work, 0o711)
    try:
        run("npm", "install", "--silent", "--no-fund", "--no-audit",
            "--prefix", work, "dbmate")
        dbmate = os.path.join(work, "node_modules/.bin/dbmate")
        make_pairs(os.path.join(work, "repo"), os.path.join(work, "dbmate"))
        for engine_class in (Sqlite, Postgres, Mariadb):
            engine = engine_class(work)
            try:
                compare(engine, build, work, dbmate)
            finally:
                engine.stop()
    finally:
        shutil.rmtree(work)


main()

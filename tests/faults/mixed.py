#!/usr/bin/env python3
"""mixed.py BUILD HITS [--engine E]... [--fault F]...

Disturbs an `up` of 100 migrations of every kind (one transaction; statements
that refuse one; a transaction of the script's own between others; batches) at
random moments, until HITS disturbances of each kind met a run in the middle. Faults:

    kill     SIGKILL for the program
    session  the server ends its connection
    server   the server is stopped at once and started again
    full     the disk of the database is full (a file system of its own where
             one may be mounted, otherwise a limit on the size of its file)

After each, `status` must be true, and `up` (or `repair`) must complete:
nothing twice, nothing lost. Prints a histogram of where the runs were met.
"""
import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
COUNT = 100
KINDS = 5
FIRST = 20240101000000


def run(*args, check=True, **more):
    done = subprocess.run(args, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.PIPE, **more)
    if check and done.returncode:
        raise RuntimeError("%s\n%s%s" % (args, done.stdout, done.stderr))
    return done


class Disk:
    """A folder in which there is little room. May be given more."""
    plenty = 64 << 20

    def __init__(self, folder):
        self.folder = folder
        os.mkdir(folder)
        self.limit = None  # of a file's size, where nothing can be mounted
        self.mounted = os.environ.get("OWN_MOUNTS") == "1"
        if self.mounted:
            run("mount", "-t", "tmpfs", "-o", "size=%d" % self.plenty, "tmpfs",
                folder)

    def resize(self, size):
        if self.mounted:
            run("mount", "-o", "remount,size=%d" % size, self.folder)
        else:
            self.limit = size

    def in_child(self):
        if self.limit:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.limit,) * 2)

    def used(self):
        sizes = [os.path.getsize(os.path.join(self.folder, name))
                 for name in os.listdir(self.folder)]
        return sum(sizes) if self.mounted else max(sizes)

    def close(self):
        if self.mounted:
            run("umount", self.folder)


class Sqlite:
    name = "sqlite"
    faults = ("kill", "full")
    alone = "VACUUM;"

    def __init__(self, work):
        self.disk = Disk(os.path.join(work, "disk"))
        self.path = os.path.join(self.disk.folder, "mixed.db")
        self.url = "sqlite:" + self.path

    def fresh(self):
        for end in ("", "-journal", "-wal", "-shm"):
            if os.path.exists(self.path + end):
                os.remove(self.path + end)

    def sql(self, text):
        return run("sqlite3", "-batch", "-bail", "-cmd", ".timeout 10000",
                   self.path, text).stdout.split("\n")[:-1]

    def stop(self):
        self.disk.close()

    objects = ("SELECT name FROM sqlite_schema WHERE name LIKE 't\\_%' "
               "ESCAPE '\\' OR name LIKE 'i\\_%' ESCAPE '\\' ORDER BY 1")
    broken = "SELECT 1 WHERE 0"
    filler = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
              "SELECT i + 1 FROM n WHERE i < 20000) "
              "INSERT INTO big SELECT i, i % 97 FROM n;")

    def index(self, number):
        return "CREATE INDEX i_%d ON big (a);\n%s" % (number, self.alone)


class Postgres:
    name = "postgresql"
    faults = ("kill", "session", "server")

    def __init__(self, work):
        self.database = "mixed"
        shell = os.path.join(TOP, "tests/lib/postgres.sh")
        lines = run("sh", shell, "start").stdout
        self.settings = dict(
            word.split("=", 1) for line in lines.split("\n")
            for word in line.replace("export ", "").replace("'", "").split())
        self.server = self.settings["POSTGRES_SERVER"]
        self.url = "%s/%s" % (self.server, self.database)
        self.shell = shell

    def stop(self):
        run("sh", self.shell, "stop", self.settings["POSTGRES_DIR"])

    def psql(self, database, text):
        return run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                   "-d", "%s/%s" % (self.server, database), "-c", text
                   ).stdout.split("\n")[:-1]

    def fresh(self):
        for text in ("DROP DATABASE IF EXISTS %s WITH (FORCE)",
                     "CREATE DATABASE %s"):
            self.psql("postgres", text % self.database)

    def sql(self, text):
        return self.psql(self.database, text)

    def end_session(self):
        self.psql("postgres", "SELECT pg_terminate_backend(pid) FROM "
                  "pg_stat_activity WHERE datname = '%s'" % self.database)

    def restart(self):
        folder = self.settings["POSTGRES_DIR"]
        command = [os.path.join(self.settings["POSTGRES_BINDIR"], "pg_ctl"),
                   "-D", os.path.join(folder, "data"), "-w", "-s", "-l",
                   os.path.join(folder, "data", "log"), "-m", "immediate"]
        user = os.stat(os.path.join(folder, "data")).st_uid

        def other():
            if os.getuid() == 0:
                os.setuid(user)
        run(*command, "stop", preexec_fn=other, cwd="/")
        del command[-2:]
        run(*command, "-o", "-p " + self.settings["PGPORT"], "start",
            preexec_fn=other, cwd="/")

    objects = ("SELECT relname FROM pg_class WHERE relname ~ '^[ti]_[0-9]' "
               "ORDER BY 1")
    broken = ("SELECT indexrelid::regclass FROM pg_index "
              "WHERE NOT indisvalid OR NOT indisready")
    filler = ("INSERT INTO big SELECT i, i % 97 "
              "FROM generate_series(1, 20000) AS i;")

    def index(self, number):
        return "CREATE INDEX CONCURRENTLY i_%d ON big (a);" % number


class Mariadb:
    name = "mariadb"
    faults = ("kill", "session", "server")

    def __init__(self, work):
        self.shell = os.path.join(TOP, "tests/lib/mariadb.sh")
        lines = run("sh", self.shell, "start").stdout
        self.settings = dict(
            word.split("=", 1) for line in lines.split("\n")
            for word in line.replace("export ", "").replace("'", "").split())
        self.database = "mixed"
        self.server = self.settings["MARIADB_SERVER"]
        self.url = "%s/%s" % (self.server, self.database)
        self.socket = self.settings["MARIADB_SOCKET"]
        self.folder = self.settings["MARIADB_DIR"]

    def stop(self):
        run("sh", self.shell, "stop", self.folder)

    def client(self, database, text):
        return run("mariadb", "--no-defaults", "-S", self.socket, "-u", "root",
                   "-N", "-B", "-e", text, *database).stdout.split("\n")[:-1]

    def fresh(self):
        self.client((), "DROP DATABASE IF EXISTS %s; CREATE DATABASE %s" % (
            self.database, self.database))

    def sql(self, text):
        return self.client((self.database,), text)

    def end_session(self):
        for number in self.client((), "SELECT id FROM "
                                  "information_schema.processlist WHERE db = "
                                  "'%s'" % self.database):
            try:
                self.client((), "KILL CONNECTION " + number)
            except RuntimeError:
                pass  # it is gone already

    def restart(self):
        run("sh", self.shell, "restart", self.folder)

    objects = ("SELECT table_name FROM information_schema.tables "
               "WHERE table_schema = DATABASE() "
               "AND table_name REGEXP '^t_[0-9]' "
               "UNION SELECT DISTINCT index_name "
               "FROM information_schema.statistics "
               "WHERE table_schema = DATABASE() "
               "AND index_name REGEXP '^i_[0-9]' ORDER BY 1")
    broken = "SELECT 1 FROM DUAL WHERE 0"
    filler = ("INSERT INTO big SELECT seq, seq % 97 FROM seq_1_to_20000;")

    def index(self, number):
        # a table has at most 64 indexes
        return "CREATE INDEX i_%d ON big (a);" % number


def scripts(engine, number):
    """An up script, a down script and the objects that it makes."""
    kind, journal = number % KINDS, "INSERT INTO journal VALUES (%d);\n" % number
    if number == 0:
        return ("CREATE TABLE journal (n integer);\n"
                "CREATE TABLE big (id integer PRIMARY KEY, a integer);\n"
                "CREATE TABLE few (id integer PRIMARY KEY, n integer);\n"
                "INSERT INTO few VALUES %s;\n" % ", ".join(
                    "(%d, 0)" % n for n in range(500)) +
                "%s\n%s" % (engine.filler, journal),
                "DROP TABLE few;\nDROP TABLE big;\nDROP TABLE journal;\n",
                [])
    forget = "DELETE FROM journal WHERE n = %d;\n" % number
    table = "CREATE TABLE t_%d (id integer);\n" % number
    if kind == 1:
        return (engine.index(number) + "\n" + journal,
                forget + "DROP INDEX i_%d;\n" % number, ["i_%d" % number])
    if kind == 2:
        second = "CREATE TABLE t_%d_b (id integer);\n" % number
        return (table + "BEGIN;\n" + journal + second + "COMMIT;\n"
                "INSERT INTO t_%d VALUES (1);\n" % number,
                "DROP TABLE t_%d;\nDROP TABLE t_%d_b;\n" % (number, number)
                + forget, ["t_%d" % number, "t_%d_b" % number])
    if kind == 3:
        return ("-- migrate: no-transaction\n" + table + journal +
                "INSERT INTO t_%d VALUES (1);\n" % number,
                "DROP TABLE t_%d;\n" % number + forget, ["t_%d" % number])
    if kind == 4:
        return ("-- migrate: batch rows=100 pause=0\n"
                "UPDATE few SET n = n + 1;\n" + journal,
                "UPDATE few SET n = n - 1;\n" + forget, [])
    return (table + journal, "DROP TABLE t_%d;\n" % number + forget,
            ["t_%d" % number])


class Bed:
    def __init__(self, build, engine_class):
        self.work = tempfile.mkdtemp(prefix="git-migrate-mixed.")
        os.chmod(self.work, 0o711)
        self.program = os.path.join(os.path.abspath(build), "git-migrate")
        self.engine = engine_class(self.work)
        self.repo = os.path.join(self.work, "repo")
        self.environment = dict(os.environ, HOME=self.work,
                                GIT_CONFIG_NOSYSTEM="1",
                                GIT_CONFIG_GLOBAL=os.path.join(
                                    self.work, "gitconfig"))
        self.environment.pop("DATABASE_URL", None)
        self.make_repository()

    def git(self, *args):
        run("git", "-C", self.repo, *args, env=self.environment)

    def make_repository(self):
        run("git", "init", "-q", self.repo, env=self.environment)
        self.git("config", "user.name", "Test Person")
        self.git("config", "user.email", "test@example.com")
        self.git("config", "migrate.target", "dev")
        self.git("config", "migrate-target.dev.url", self.engine.url)
        folder = os.path.join(self.repo, "migrations")
        os.mkdir(folder)
        self.expected = []
        for number in range(COUNT):
            up, down, objects = scripts(self.engine, number)
            self.expected += objects
            for way, text in (("up", up), ("down", down)):
                path = "%s/%d_step.%s.sql" % (folder, FIRST + number, way)
                with open(path, "w") as script:
                    script.write(text)
        self.git("add", "-A")
        self.git("commit", "-qm", "Add pairs")

    def migrate(self, *args):
        return run(self.program, *args, check=False, cwd=self.repo,
                   env=self.environment)

    def start(self, before=None):
        return subprocess.Popen([self.program, "up", "-q", "--wait", "60s"],
                                cwd=self.repo, env=self.environment,
                                stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL,
                                preexec_fn=before)

    def states(self):
        done = self.migrate("status", "--json")
        if done.returncode:
            raise RuntimeError("status failed: " + done.stderr)
        return json.loads(done.stdout)["migrations"]

    def check_states(self):
        """What is applied is there, what is pending is not."""
        states = self.states()
        objects = set(self.engine.sql(self.engine.objects))
        journal = []
        if any(s["state"] == "applied" for s in states):
            journal = [int(n) for n in
                       self.engine.sql("SELECT n FROM journal ORDER BY n")]
        for number, s in enumerate(states):
            made = scripts(self.engine, number)[2]
            there = [o in objects for o in made] + [journal.count(number) == 1]
            if s["state"] == "applied" and not all(there):
                raise RuntimeError("%s is applied and not there" % s)
            if s["state"] in ("pending", "out-of-order") and any(there):
                raise RuntimeError("%s is not applied and there" % s)
        return sum(s["state"] == "applied" for s in states)

    def complete(self):
        """Goes on; a person's decision is only asked for where nothing else
        can tell, which none of these scripts needs."""
        done = self.migrate("up", "-q", "--wait", "60s")
        if done.returncode:
            raise RuntimeError("up failed: " + done.stderr)
        if self.check_states() != COUNT:
            raise RuntimeError("not all are applied")
        journal = self.engine.sql("SELECT n FROM journal ORDER BY n")
        if journal != [str(n) for n in range(COUNT)]:
            raise RuntimeError("the journal has %s" % journal)
        objects = self.engine.sql(self.engine.objects)
        if sorted(objects) != sorted(self.expected):
            raise RuntimeError("differing objects: %s" % (
                set(objects) ^ set(self.expected)))
        for number in range(COUNT):
            if number and number % KINDS in (2, 3):
                rows = self.engine.sql("SELECT count(*) FROM t_%d" % number)
                if rows != ["1"]:
                    raise RuntimeError("t_%d has %s rows" % (number, rows))
        met = self.engine.sql("SELECT DISTINCT n FROM few")
        batched = sum(n % KINDS == 4 for n in range(COUNT))
        if met != [str(batched)]:
            raise RuntimeError("rows of few met %s batches" % met)
        broken = self.engine.sql(self.engine.broken)
        if broken:
            raise RuntimeError("broken: %s" % broken)
        left = self.engine.sql("SELECT count(*) FROM git_migrate_progress")
        if left != ["0"]:
            raise RuntimeError("%s unfinished in the ledger" % left)

    def disturb(self, fault, child):
        if fault == "kill":
            child.send_signal(signal.SIGKILL)
        elif fault == "session":
            self.engine.end_session()
        else:
            self.engine.restart()
        child.wait(120)

    def once(self, fault, delay):
        self.engine.fresh()
        child = self.start()
        time.sleep(delay)
        self.disturb(fault, child)
        applied = self.check_states()
        self.complete()
        return applied

    def fill_up(self, part):
        """Room for that part of what it all takes."""
        disk = self.engine.disk
        self.engine.fresh()
        disk.resize(int(self.whole * part))
        try:
            status = self.start(disk.in_child).wait(120)
            applied = self.check_states()
            if (status == 0) != (applied == COUNT):
                raise RuntimeError("exit status %d, %d applied" % (
                    status, applied))
        finally:
            disk.limit = None
            disk.resize(disk.plenty)
        self.complete()
        return applied

    def measure(self):
        self.engine.fresh()
        began = time.monotonic()
        if self.start().wait():
            raise RuntimeError("up failed undisturbed")
        took = time.monotonic() - began
        if "full" in self.engine.faults:
            self.whole = self.engine.disk.used()
        self.complete()
        return took

    def close(self):
        self.engine.stop()
        shutil.rmtree(self.work)


def histogram(met):
    for low in range(0, COUNT, 10):
        n = sum(low < m <= low + 10 for m in met)
        print("%3d to %3d applied: %3d %s" % (
            low + 1, min(low + 10, COUNT - 1), n, "#" * n), flush=True)


def test(bed, fault, hits):
    took = bed.measure()
    met, tries = [], 0
    while len(met) < hits:
        if tries >= 10 * hits + 20:
            raise RuntimeError("%d tries met only %d runs half way" % (
                tries, len(met)))
        part = random.uniform(0, 1.5 if fault == "full" else 1)
        tries += 1
        try:
            applied = (bed.fill_up(part) if fault == "full" else
                       bed.once(fault, part * took))
        except RuntimeError as why:
            raise RuntimeError("%s at %.3f of it: %s" % (fault, part, why))
        if 0 < applied < COUNT:
            met.append(applied)
    print("%s, %s: %d disturbances, %d met a run half way" % (
        bed.engine.name, fault, tries, len(met)), flush=True)
    histogram(met)


def in_own_mounts():
    """What is mounted is seen, and lasts, here only."""
    if "OWN_MOUNTS" in os.environ:
        return
    for more in ([], ["--map-root-user"]):
        command = ["unshare", "--mount"] + more
        if not subprocess.run(
                command + ["mount", "-t", "tmpfs", "tmpfs", "/mnt"],
                stderr=subprocess.DEVNULL).returncode:
            os.environ["OWN_MOUNTS"] = "1"
            os.execvp("unshare", command + [sys.executable] + sys.argv)


def main():
    engines = {e.name: e for e in (Sqlite, Postgres, Mariadb)}
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("hits", type=int)
    parser.add_argument("--engine", action="append", choices=engines)
    parser.add_argument("--fault", action="append",
                        choices=("kill", "session", "server", "full"))
    options = parser.parse_args()
    if not options.engine or "sqlite" in options.engine:
        in_own_mounts()
    for name in options.engine or engines:
        bed = Bed(options.build, engines[name])
        try:
            for fault in bed.engine.faults:
                if not options.fault or fault in options.fault:
                    test(bed, fault, options.hits)
        except RuntimeError as why:
            sys.exit("error: %s: %s" % (name, why))
        finally:
            bed.close()


main()

"""What the two programs here share: psql as a session that is talked to, a
database a case, copied from a template that has the fixture, and `git migrate
up` of one script on it, as JSON."""
import json
import os
import queue
import re
import subprocess
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
SERVER = os.environ["POSTGRES_SERVER"]
TEMPLATE = "fixture"
FIXTURE = "20250101000000_fixture"
BEFORE, CASE = "20250101000001_before", "20250101000002_case"
SHORT = {"AccessShareLock": "AS", "RowShareLock": "RS",
         "RowExclusiveLock": "RX", "ShareUpdateExclusiveLock": "SUE",
         "ShareLock": "S", "ShareRowExclusiveLock": "SRE",
         "ExclusiveLock": "X", "AccessExclusiveLock": "AE"}


class Session:
    """psql, which stays connected."""

    END = "-- end of answer --"

    def __init__(self, database):
        self.child = subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-d",
             SERVER + "/" + database], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.ask("SELECT 1")

    def _read(self):
        for line in self.child.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def send(self, sql):
        self.child.stdin.write("%s\n;\n\\echo '%s'\n" % (sql, self.END))
        self.child.stdin.flush()

    def answer(self):
        rows = []
        while (line := self.lines.get(timeout=60)) != self.END:
            if line is None or re.match(r"(psql:.*)?(ERROR|FATAL): ", line):
                raise RuntimeError("%s" % line)
            rows.append(line.split("\t"))
        return rows

    def ask(self, sql):
        self.send(sql)
        return self.answer()

    def close(self):
        self.child.stdin.close()
        self.child.wait()


class Repository:
    """Where one script at a time is the pending migration."""

    def __init__(self, path):
        self.path = path
        subprocess.run(["git", "init", "-q", path], check=True)
        os.mkdir(os.path.join(path, "migrations"))
        with open(os.path.join(HERE, "fixture.sql")) as fixture:
            self.write(FIXTURE, fixture.read())

    def write(self, name, script):
        base = os.path.join(self.path, "migrations", name)
        for direction, text in ("up", script), ("down", "SELECT 1;"):
            with open("%s.%s.sql" % (base, direction), "w") as file:
                file.write(text + "\n")

    def clear(self):
        """Leaves only the fixture."""
        for file in os.scandir(os.path.join(self.path, "migrations")):
            if not file.name.startswith(FIXTURE):
                os.unlink(file.path)

    def begin(self, database, *options):
        """`up`, running."""
        return subprocess.Popen(
            ["git", "-C", self.path, "migrate", "up", "--json", "-t",
             SERVER + "/" + database, *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, child):
        """The last run that it has made."""
        out, err = child.communicate()
        if child.returncode:
            raise RuntimeError(err.strip())
        return json.loads(out)["runs"][-1]

    def up(self, database, *options):
        return self.end(self.begin(database, *options))


def version(admin):
    return int(admin.ask("SHOW server_version_num")[0][0]) // 10000


def make_template(admin, repository):
    admin.ask("CREATE DATABASE " + TEMPLATE)
    repository.up(TEMPLATE)


def make_database(admin, name):
    admin.ask("CREATE DATABASE %s TEMPLATE %s" % (name, TEMPLATE))


def drop_database(admin, name):
    admin.ask("DROP DATABASE IF EXISTS %s WITH (FORCE)" % name)

#!/usr/bin/env python3
"""corpora.py BUILD SETS.tsv MEASURED [NAME...]

Runs the program over real sets of migrations and compares with the plain
clients' answers. MEASURED/NAME/set has a set as VERSION_NAME.up.sql and
.down.sql with its manifest.tsv; MEASURED/NAME/{up,down,proof}.tsv, where they
are, say what the plain client could run and whether a dump of the schema was
the same after up and down. SETS.tsv names each set's dialect in its second
column. Prints counts, and each disagreement; with DETAILS=1 in the environment
also what each proof says that did not succeed.

A script that the program refuses for what a person would mend in a moment (an
empty script that does not say so, a missing down script) is counted as refused,
mended, and tried again, so that the migrations after it have their schema.
"""
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EMPTY = '-- migrate: empty "as it was found"\n'
IRREVERSIBLE = '-- migrate: irreversible "as it was found"\n'

FORGET = "DELETE FROM git_migrations WHERE version = "


def run(args, cwd=None, check=True):
    done = subprocess.run(args, cwd=cwd, stdin=subprocess.DEVNULL, text=True,
                          errors="replace", capture_output=True, check=False)
    if check and done.returncode:
        sys.exit("error: %s\n%s" % (args, done.stderr))
    return done


class Sqlite:
    half_done = False

    def __init__(self, work, name):
        self.path = os.path.join(work, name + ".db")
        self.url = "sqlite:" + self.path

    def schema(self):
        return run(["sqlite3", "-batch", self.path,
                    "SELECT type || ' ' || name || ' ' || coalesce(sql, '') "
                    "FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' AND "
                    "tbl_name NOT LIKE 'git_migrat%' ORDER BY type, name"]
                   ).stdout

    def forget(self, version):
        run(["sqlite3", "-batch", self.path, FORGET + version])

    def close(self):
        os.remove(self.path)


class Postgres:
    half_done = False

    def __init__(self, _, name):
        self.database = "corpus_" + re.sub("[^a-z0-9]", "_", name)
        server = os.environ["POSTGRES_SERVER"]
        self.admin = server + "/postgres"
        self.url = server + "/" + self.database
        self.roles = self.all_roles()
        self.ask("CREATE DATABASE %s TEMPLATE template0 ENCODING UTF8"
                 % self.database)

    def ask(self, sql):
        return run(["psql", "-X", "-q", "-At", "-d", self.admin, "-c",
                    sql]).stdout

    def all_roles(self):
        return set(self.ask("SELECT rolname FROM pg_roles").split("\n"))

    def schema(self):
        dump = run(["pg_dump", "-s", "-d", self.url, "-T",
                    "git_migrat*"]).stdout
        return "".join(line + "\n" for line in dump.split("\n")
                       if line and not re.match(r"--|\\(un)?restrict", line))

    def forget(self, version):
        run(["psql", "-X", "-q", "-d", self.url, "-c", FORGET + version])

    def close(self):
        self.ask("DROP DATABASE %s WITH (FORCE)" % self.database)
        for role in self.all_roles() - self.roles:
            self.ask('DROP ROLE "%s"' % role)


class Mysql:
    # A script that fails has done some of its statements; the plain client
    # leaves them behind too.
    half_done = True

    def __init__(self, _, name):
        self.database = "corpus_" + re.sub("[^a-z0-9]", "_", name)
        self.options = ["--no-defaults", "-u", "root", "-S",
                        os.environ["MARIADB_SOCKET"]]
        self.url = os.environ["MARIADB_SERVER"] + "/" + self.database
        self.ask("mysql", "CREATE DATABASE %s CHARACTER SET utf8mb4"
                 % self.database)

    def ask(self, database, sql):
        return run(["mariadb"] + self.options + ["-N", "-B", "-e", sql,
                                                 database]).stdout

    def schema(self):
        dump = run(["mariadb-dump"] + self.options +
                   ["--no-data", "--routines", "--triggers", "--events",
                    "--skip-comments", "--skip-dump-date", self.database] +
                   ["--ignore-table=%s.%s" % (self.database, table)
                    for table in ("git_migrations", "git_migrate_runs",
                                  "git_migrate_meta")]).stdout
        dump = re.sub(r" AUTO_INCREMENT=\d+", "", dump)
        return "".join(line + "\n" for line in dump.split("\n")
                       if line and not re.match(r"/\*M?!999999", line))

    def forget(self, version):
        self.ask(self.database, FORGET + version)

    def close(self):
        self.ask("mysql", "DROP DATABASE " + self.database)


def table(path, columns):
    """The rows of a measurement, by version."""
    rows = {}
    if os.path.exists(path):
        with open(path, errors="replace") as lines:
            for line in lines:
                cells = line.rstrip("\n").split("\t")
                rows[cells[0]] = dict(zip(columns, cells))
    return rows


def reason(done):
    """The error without what is particular to one file."""
    for line in done.stderr.split("\n"):
        if line.startswith("error: "):
            line = re.sub(r"^error: (migrations/\S+?: )?", "", line)
            return re.sub(r"'\d{14}_[^']*'", "M", line)
    return "exit status %d, and no error" % done.returncode


DIALECTS = {"sqlite": Sqlite, "postgres": Postgres, "mysql": Mysql}


class Corpus:
    def __init__(self, work, name, folder, dialect):
        self.name, self.folder = name, folder
        self.source = os.path.join(folder, "set")
        self.repo = os.path.join(work, name)
        self.database = DIALECTS[dialect](work, name)
        self.counts = collections.Counter()
        self.notes = []
        self.applied = []
        with open(os.path.join(self.source, "manifest.tsv")) as lines:
            self.migrations = [line.split("\t")[:2] for line in lines]
        run(["git", "init", "-q", self.repo])
        os.mkdir(os.path.join(self.repo, "migrations"))
        run(["git", "config", "migrate.target", "set"], self.repo)
        run(["git", "config", "migrate-target.set.url", self.database.url],
            self.repo)

    def migrate(self, *args):
        return run(["git", "migrate"] + list(args), self.repo, check=False)

    def path(self, migration, half):
        return os.path.join(self.repo, "migrations", "%s_%s.%s.sql"
                            % (migration[0], migration[1], half))

    def note(self, migration, text):
        self.notes.append("%s %s: %s" % (migration[0], migration[1], text))

    def prepend(self, migration, half, line):
        path = self.path(migration, half)
        text = b""
        if os.path.exists(path):
            with open(path, "rb") as script:
                text = script.read()
        with open(path, "wb") as script:
            script.write(line.encode() + text)

    def commit(self, what):
        run(["git", "add", "-A"], self.repo)
        run(["git", "commit", "-q", "--allow-empty", "-m", what], self.repo)

    def mend(self, migration, why):
        """Declares what the program wants declared; False: cannot."""
        if "lacks" in why or "half" in why or "no down" in why:
            if not os.path.exists(self.path(migration, "up")):
                return False
            self.prepend(migration, "down", IRREVERSIBLE)
            return True
        if "no statement" in why or "without statement" in why:
            half = "down" if ".down.sql" in why else "up"
            self.prepend(migration, half, EMPTY)
            return True
        return False

    def up_one(self, migration):
        for half in ("up", "down"):
            source = os.path.join(self.source, "%s_%s.%s.sql"
                                  % (migration[0], migration[1], half))
            if os.path.exists(source):
                shutil.copy(source, self.path(migration, half))
        for _ in range(3):
            self.commit(migration[1])
            done = self.migrate("up")
            if done.returncode == 0:
                self.applied.append(migration)
                return None
            if not self.mend(migration, done.stderr):
                break
            self.counts["up refused, then mended: " + reason(done)] += 1
        self.counts["up failed: " + reason(done)] += 1
        if self.database.half_done:
            self.database.forget(migration[0])
        for half in ("up", "down"):
            if os.path.exists(self.path(migration, half)):
                os.remove(self.path(migration, half))
        self.commit("Take back " + migration[1])
        return done

    def check_status(self, after):
        """status must have exactly what was applied, as applied."""
        done = self.migrate("status", "--json")
        seen = [(m["version"], m["state"])
                for m in json.loads(done.stdout)["migrations"]
                if m["applied_at"]]
        expected = [(m[0], "applied") for m in self.applied]
        if seen != expected:
            self.note(after, "status disagrees: %s"
                      % sorted(set(seen) ^ set(expected))[:3])

    def ups(self):
        theirs = table(os.path.join(self.folder, "up.tsv"),
                       ("version", "name", "kind", "result", "ms", "notes",
                        "error"))
        for migration in self.migrations:
            done = self.up_one(migration)
            self.counts["up ran"] += not done
            self.check_status(migration)
            row = theirs.get(migration[0])
            if row and (row["result"] in ("fail", "skip")) != bool(done):
                self.note(migration, "up: client %s (%s), we: %s"
                          % (row["result"], row["error"],
                             reason(done) if done else "ran"))
        self.compare_schema("top.sql", "after the ups")

    def compare_schema(self, file, when):
        path = os.path.join(self.folder, file)
        if not os.path.exists(path):
            return
        with open(path, errors="replace") as text:
            same = text.read() == self.database.schema()
        self.counts["schema %s: %s the client's"
                    % (when, "as" if same else "NOT as")] += 1

    def prove(self):
        theirs = table(os.path.join(self.folder, "proof.tsv"),
                       ("version", "name", "kind", "verdict", "data", "again",
                        "note"))
        done = self.migrate("prove", "--all", "--json")
        if not done.stdout.strip():
            self.counts["prove failed: " + reason(done)] += 1
            return
        for proof in json.loads(done.stdout)["proofs"]:
            outcome = proof["outcome"]
            row = theirs.get(proof["version"])
            verdict = row["verdict"] if row else "not measured"
            if row and row["again"] in ("differs", "fails"):
                verdict += ", again " + row["again"]
            self.counts["proof %s, dump %s" % (outcome, verdict)] += 1
            if os.environ.get("DETAILS") and outcome != "proven":
                self.note((proof["version"], proof["name"]), "proof %s: %s" % (
                    outcome, json.dumps({
                        key: proof[key] for key in ("error", "differences",
                                                    "row_differences")
                        if proof.get(key)})))
            agreed = {
                "proven": ("equal", "equiv", "kept"),
                "differs": ("differs", "lost", "equal, again differs",
                            "equiv, again differs", "differs, again differs",
                            "differs, again fails", "lost, again fails"),
                "failed": ("down-fails", "equal, again fails",
                           "equiv, again fails", "differs, again fails",
                           "lost, again fails"),
                "irreversible": ("no-down", "lost", "kept"),
            }[outcome]
            if row and verdict not in agreed:
                self.note((proof["version"], proof["name"]),
                          "proof %s, dump %s: %s" % (
                              outcome, verdict, proof.get("error") or [
                                  "%s %s" % (d["kind"], d["name"])
                                  for d in proof["differences"]
                                  if not d["order_only"]][:4]))

    def skip_down(self, migration):
        """Takes it off the ledger without undoing anything."""
        with open(self.path(migration, "down"), "w") as script:
            script.write(EMPTY)
        if self.migrate("down", "--from-file").returncode:
            self.counts["down left unfinished"] += 1
            self.database.forget(migration[0])

    def downs(self):
        theirs = table(os.path.join(self.folder, "down.tsv"),
                       ("version", "name", "kind", "result", "ms", "notes",
                        "error"))
        while self.applied:
            migration = self.applied.pop()
            done = self.migrate("down")
            failed = done.returncode != 0
            declared = "is irreversible" in done.stderr
            self.counts["down refused: irreversible" if declared else
                        "down failed" if failed else "down ran"] += 1
            if failed:
                self.skip_down(migration)
            self.check_status(migration)
            row = theirs.get(migration[0])
            if row and not declared and (row["result"] == "fail") != failed:
                self.note(migration, "down: client %s (%s), we: %s"
                          % (row["result"], row["error"],
                             reason(done) if failed else "ran"))
        self.compare_schema("bottom.sql", "after the downs")

    def report(self):
        print("%s: %d migrations" % (self.name, len(self.migrations)))
        for key in sorted(self.counts):
            if self.counts[key]:
                print("  %5d  %s" % (self.counts[key], key))
        for note in self.notes:
            print("         %s" % note)
        print(flush=True)


def surround(build, work):
    """An environment of nobody's own, with the program in its path."""
    for name in [n for n in os.environ
                 if n.startswith(("GIT_", "PG")) or n == "DATABASE_URL"]:
        del os.environ[name]
    os.mkdir(os.path.join(work, "bin"))
    os.symlink(os.path.join(build, "git-migrate"),
               os.path.join(work, "bin", "git-migrate"))
    os.environ.update(PATH="%s/bin:%s" % (work, os.environ["PATH"]), HOME=work,
                      GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="Test Person",
                      GIT_AUTHOR_EMAIL="test@example.com",
                      GIT_COMMITTER_NAME="Test Person",
                      GIT_COMMITTER_EMAIL="test@example.com")


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    build, sets, measured = (os.path.abspath(a) for a in sys.argv[1:4])
    if "POSTGRES_SERVER" not in os.environ:
        os.execvp("sh", ["sh", os.path.join(TOP, "tests/lib/postgres.sh"),
                         "run", sys.executable] + sys.argv)
    if "MARIADB_SERVER" not in os.environ:
        os.execvp("sh", ["sh", os.path.join(TOP, "tests/lib/mariadb.sh"),
                         "run", sys.executable] + sys.argv)
    work = tempfile.mkdtemp(prefix="git-migrate-corpora.")
    surround(build, work)
    with open(sets) as lines:
        rows = [line.split("\t") for line in lines
                if line.strip() and not line.startswith("#")]
    try:
        for row in rows:
            folder = os.path.join(measured, row[0])
            if (row[1] in DIALECTS and os.path.isdir(folder)
                    and (len(sys.argv) == 4 or row[0] in sys.argv[4:])):
                corpus = Corpus(work, row[0], folder, row[1])
                try:
                    corpus.ups()
                    corpus.prove()
                    corpus.downs()
                finally:
                    corpus.report()
                    corpus.database.close()
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()

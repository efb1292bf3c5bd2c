#!/usr/bin/env python3
"""mutants.py BUILD SETS.tsv MEASURED [--count N] [--seed N] [NAME...]

Spoils down scripts that are proven, one statement or clause at a time, and asks
`prove` of each. MEASURED/NAME/set holds real migrations, as for corpora.py.
Prints what kind of spoiling was caught how often, and each one that was proven
all the same, with what the plain client's dumps say of it: "the same" makes it
another way to write what was there, anything else is a proof that is wrong.
Exits with 1 when there is one, or when an untouched pair is not proven twice.
"""
import argparse
import collections
import json
import os
import random
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import corpora  # noqa: E402  pylint: disable=wrong-import-position

TOP = corpora.TOP


def pieces(text):
    """Statements, each with its semicolon, as far as their ends are plain."""
    found, start, i = [], 0, 0
    while i < len(text):
        quoted = re.match(r"""'(?:[^']|'')*'|"[^"]*"|`[^`]*`|--[^\n]*"""
                          r"""|/\*.*?\*/|(\$\w*\$).*?\1""", text[i:], re.S)
        if quoted:
            i += quoted.end()
        elif text[i] == ";":
            found.append(text[start:i + 1])
            start = i = i + 1
        else:
            i += 1
    if text[start:].strip():
        found.append(text[start:])
    if re.search(r"\bCREATE\s+TRIGGER\b.*\bBEGIN\b", text, re.S | re.I):
        return [text]  # what ends where is not plain
    return found


def code(piece):
    return re.sub(r"--[^\n]*|/\*.*?\*/", "", piece, flags=re.S).strip(" \n\t;")


def without_statement(text, chance):
    list_ = pieces(text)
    at = [i for i, piece in enumerate(list_) if code(piece) and not
          re.match(r"(BEGIN|COMMIT|END|PRAGMA|SET|START)\b", code(piece), re.I)]
    if not at:
        return None
    gone = chance.choice(at)
    kind = " ".join(re.findall(r"\w+", code(list_[gone]))[:2]).upper()
    rest = "".join(piece for i, piece in enumerate(list_) if i != gone)
    if not any(code(piece) for piece in pieces(rest)):
        rest = "SELECT 1;\n"
    return "statement gone: " + kind, rest


def without_clause(text, chance):
    """One of several subcommands of an ALTER TABLE, or a column of a table."""
    places = []
    for match in re.finditer(r"(?is)\bALTER\s+TABLE\b[^;(]*?(?=\s(?:ADD|DROP|"
                             r"ALTER|RENAME|VALIDATE)\b)([^;]*);", text):
        parts, depth, start = [], 0, match.start(1)
        for i in range(match.start(1), match.end(1)):
            depth += (text[i] == "(") - (text[i] == ")")
            if text[i] == "," and not depth:
                parts.append((start, i))
                start = i + 1
        parts.append((start, match.end(1)))
        if len(parts) > 1:
            places += [(parts, n) for n in range(len(parts))]
    if not places:
        return None
    parts, n = chance.choice(places)
    start, end = parts[n]
    if n:
        start = parts[n - 1][1]
    else:
        end = parts[1][0]
    return "clause gone", text[:start] + " " + text[end:]


def changed(name, pattern, by):
    """A mutator that replaces one match; `by` is text or a function."""
    def mutate(text, chance):
        matches = list(re.finditer(pattern, text, re.I | re.S))
        if not matches:
            return None
        match = chance.choice(matches)
        new = by(match, chance) if callable(by) else match.expand(by)
        if new == match.group(0):
            return None
        return name, text[:match.start()] + new + text[match.end():]
    return mutate


TYPES = {"INTEGER": "BIGINT", "INT": "BIGINT", "BIGINT": "INTEGER",
         "TEXT": "VARCHAR(77)", "BOOLEAN": "INTEGER", "BOOL": "INTEGER",
         "TIMESTAMP": "DATE", "TIMESTAMPTZ": "TIMESTAMP", "JSONB": "JSON",
         "UUID": "TEXT", "BLOB": "TEXT", "DATETIME": "TEXT", "REAL": "TEXT",
         "NUMERIC": "TEXT", "SMALLINT": "INTEGER"}


def other_type(match, _):
    return TYPES[match.group(0).upper()]


def other_number(match, _):
    return match.group(1) + str(int(match.group(2)) + 1) + match.group(3)


def last_column_gone(match, _):
    return match.group(1) + match.group(2).rsplit(",", 1)[0] + match.group(3)


MUTATORS = [
    without_statement, without_statement, without_clause,
    changed("type", r"\b(?:%s)\b(?!\s*\()" % "|".join(TYPES), other_type),
    changed("type's length", r"((?:VAR)?CHAR(?:ACTER)?(?: VARYING)?\s*\()"
            r"(\d+)(\))", other_number),
    changed("default gone", r"\s+DEFAULT\s+(?:'[^']*'(?:::\w+)?|[\w.]+"
            r"(?:\(\))?)(?=[\s,;)])", ""),
    changed("default", r"\bDEFAULT\s+(?:'[^']*'|\d+|TRUE|FALSE)",
            lambda m, _: "DEFAULT '77'" if "'" in m.group(0) else
            {"true": "DEFAULT FALSE", "false": "DEFAULT TRUE"}.get(
                m.group(0).split()[1].lower(), "DEFAULT 77")),
    changed("NOT NULL gone", r"(?<!IS)(?<!DROP)(?<!SET)\s+NOT\s+NULL", ""),
    changed("unique index", r"\bCREATE\s+UNIQUE\s+INDEX", "CREATE INDEX"),
    changed("index unique", r"\bCREATE\s+INDEX", "CREATE UNIQUE INDEX"),
    changed("column of an index", r"(\bINDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?\S+"
            r"\s+ON\s+[^(;]+\()([^();]*,[^();]*)(\))", last_column_gone),
    changed("condition of an index", r"(\bINDEX\b[^;]*?\))\s+WHERE\b[^;]*",
            r"\1"),
    changed("foreign key's action", r"\s+ON\s+(?:DELETE|UPDATE)\s+(?:CASCADE|"
            r"SET\s+NULL|RESTRICT|SET\s+DEFAULT)", ""),
    changed("check gone", r",?\s*(?:CONSTRAINT\s+\S+\s+)?CHECK\s*\([^()]*"
            r"(?:\([^()]*\)[^()]*)*\)", ""),
    changed("column's UNIQUE gone", r"(?<=\w)\s+UNIQUE(?=\s*[,)])", ""),
    changed("trigger's time", r"(\bCREATE\s+(?:OR\s+REPLACE\s+)?TRIGGER\s+\S+"
            r"\s+)(?:BEFORE|AFTER)", lambda m, _: m.group(1) + (
                "AFTER" if m.group(0).upper().endswith("BEFORE") else
                "BEFORE")),
    changed("comment", r"(\bCOMMENT\s+ON\b[^;]*?\bIS\s+)'[^']*'", r"\1'77'"),
    changed("privilege", r"\b(GRANT|REVOKE)\s+(?:ALL|SELECT|INSERT|UPDATE|"
            r"USAGE)", r"\1 REFERENCES"),
    changed("sequence", r"(\b(?:INCREMENT(?:\s+BY)?|START(?:\s+WITH)?|RESTART"
            r"(?:\s+WITH)?)\s+)(\d+)()", other_number),
    changed("enum's value", r"(\bAS\s+ENUM\s*\(.*?)'[^']*'\s*(?:,|(?=\)))",
            r"\1"),
    changed("name", r"(\bRENAME\b[^;]*?\bTO\s+\"?)(\w+)", r"\1\g<2>_77"),
    changed("value of a row", r"(\b(?:SET|VALUES)\b[^;]*?)'[^']*'", r"\1'77'"),
]


class Mutants(corpora.Corpus):
    def prepare(self):
        """All migrations here, mended; *proven* are the pairs to spoil."""
        for migration in self.migrations:
            self.up_one(migration)
        self.scripts = {}
        proofs = self.prove_all()
        self.proven = [m for m in self.migrations
                       if proofs.get(m[0]) == "proven"]
        again = self.prove_all()
        self.unsteady = [v for v in proofs if again.get(v) != proofs[v]]

    def prove_all(self):
        corpora.run(["git", "update-ref", "-d", "refs/notes/migrate-proofs"],
                    self.repo)
        done = self.migrate("prove", "--all", "--json")
        return {p["version"]: p["outcome"]
                for p in json.loads(done.stdout)["proofs"]}

    def spoil(self, chance, mutator):
        migration = chance.choice(self.proven)
        path = self.path(migration, "down")
        with open(path, errors="surrogateescape") as script:
            text = script.read()
        made = mutator(text, chance)
        if not made or code(made[1]) == code(text):
            return None
        with open(path, "w", errors="surrogateescape") as script:
            script.write(made[1])
        try:
            return migration, made[0], made[1], self.verdict(migration), text
        finally:
            with open(path, "w", errors="surrogateescape") as script:
                script.write(text)

    def verdict(self, migration):
        done = self.migrate("prove", migration[0], "--json")
        if not done.stdout.strip():
            return "refused"
        return json.loads(done.stdout)["proofs"][-1]["outcome"]

    def by_dump(self, migration, spoiled):
        """Whether the plain client's dump is the same with it."""
        scratch = type(self.database)(os.path.dirname(self.repo),
                                      "mutant_" + self.name)
        try:
            for other in self.migrations:
                path = self.path(other, "up")
                if other == migration:
                    break
                if os.path.exists(path):
                    scratch.load(path)
            before = scratch.schema()
            scratch.load(self.path(migration, "up"))
            with tempfile.NamedTemporaryFile("w", suffix=".sql") as down:
                down.write(spoiled)
                down.flush()
                scratch.load(down.name)
            return "the same" if scratch.schema() == before else "DIFFERS"
        finally:
            scratch.close()


def load_sqlite(self, path):
    corpora.run(["sqlite3", "-batch", self.path, ".read " + path], check=False)


def load_postgres(self, path):
    corpora.run(["psql", "-X", "-q", "-1", "-d", self.url, "-f", path],
                check=False)


corpora.Sqlite.load = load_sqlite
corpora.Postgres.load = load_postgres


def run_set(work, name, measured, dialect, options, kinds):
    """Returns how many proofs were wrong."""
    chance = random.Random("%d %s" % (options.seed, name))
    mutants = Mutants(work, name, os.path.join(measured, name), dialect)
    seen, wrong, tries = set(), 0, 0
    caught, survived = 0, 0
    try:
        mutants.prepare()
        print("%s: %d pairs proven, proven again the same: %s" % (
            name, len(mutants.proven), not mutants.unsteady), flush=True)
        wrong += len(mutants.unsteady)
        while caught + survived < options.count and tries < 60 * options.count:
            tries += 1
            found = mutants.spoil(chance, MUTATORS[tries % len(MUTATORS)])
            if not found or (found[0][0], found[2]) in seen:
                continue
            migration, kind, spoiled, verdict, text = found
            seen.add((migration[0], spoiled))
            kinds[kind][verdict] += 1
            if verdict != "proven":
                caught += 1
                continue
            survived += 1
            dump = mutants.by_dump(migration, spoiled)
            wrong += dump != "the same"
            print("  proven: %s %s: %s; dump: %s" % (migration[0], migration[1],
                                                     kind, dump))
            for line in text.splitlines():
                if line.strip() and line not in spoiled.splitlines():
                    print("      - " + line)
            for line in spoiled.splitlines():
                if line.strip() and line not in text.splitlines():
                    print("      + " + line)
            sys.stdout.flush()
    finally:
        mutants.database.close()
    print("%s: %d spoiled, %d caught, %d proven all the same" % (
        name, caught + survived, caught, survived), flush=True)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.
                                     RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("sets")
    parser.add_argument("measured")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--count", type=int, default=60, help="of each set")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_intermixed_args()
    if "POSTGRES_SERVER" not in os.environ:
        os.execvp("sh", ["sh", os.path.join(TOP, "tests/lib/postgres.sh"),
                         "run", sys.executable] + sys.argv)
    os.environ.setdefault("MARIADB_SERVER", "")
    work = tempfile.mkdtemp(prefix="git-migrate-mutants.")
    corpora.surround(os.path.abspath(options.build), work)
    kinds = collections.defaultdict(collections.Counter)
    wrong = 0
    try:
        with open(options.sets) as lines:
            sets = [line.split("\t")[:2] for line in lines]
        for name, dialect in sets:
            if dialect in ("sqlite", "postgres") and (
                    not options.names or name in options.names):
                wrong += run_set(work, name, options.measured, dialect,
                                 options, kinds)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    for kind in sorted(kinds):
        print("  %-34s %s" % (kind, ", ".join(
            "%s %d" % pair for pair in sorted(kinds[kind].items()))))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

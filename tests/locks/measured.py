"""Statements whose locks, rewrites and scans were measured before, each on its
own, on PostgreSQL 15.18 and 18.4, against what `up` says of them.

measured.tsv has of each, beside its name: the versions that it is for; what
comes before it in its transaction, or "committed: " in one of its own; of each
table that was there the strongest lock (AE is AccessExclusiveLock), what was
rewritten (the heap, and so many indexes) and how often it was read from start
to end. Where `up` says something else, that, and because of what.
"""
import csv
import os
import re

import bed

# what the columns of measured.tsv hold
LOCKS, REWRITES, SCANS = "locks", "rewrites", "scans"
FACTS = (LOCKS, REWRITES, SCANS)
COMMITTED = "committed: "
STRENGTH = list(bed.SHORT.values())
RELATIONS = ("SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || "
             "'.' END || c.relname, c.relkind FROM pg_class c JOIN "
             "pg_namespace n ON n.oid = c.relnamespace WHERE c.oid >= 16384")


def is_of(case, version):
    """15- is 15 and newer, 15-17 what it says."""
    first, last = re.match(r"(\d+)-(\d*)$", case["versions"]).groups()
    return int(first) <= version <= int(last or version)


def cases(version):
    with open(os.path.join(bed.HERE, "measured.tsv")) as file:
        for case in csv.DictReader(file, delimiter="\t",
                                   quoting=csv.QUOTE_NONE):
            case = {key: "" if value in (None, "-") else value
                    for key, value in case.items()}
            if is_of(case, version):
                yield case


def was_there():
    """Tables and the like of the template: what locks are compared of."""
    session = bed.Session(bed.TEMPLATE)
    kinds = dict(session.ask(RELATIONS))
    session.close()
    return {name for name, kind in kinds.items() if kind not in "iI"}


def told(run, known):
    """What the run says of its last statement, as measured.tsv writes it."""
    last = run["statements"][-1]
    effects = [e for e in last.get("effects", []) if e["relation"] in known]
    locks = {}
    for lock in run["locks"]:
        if lock["statement"] == last["index"] and lock["relation"] in known:
            mode = bed.SHORT[lock["mode"]]
            locks[lock["relation"]] = max(
                mode, locks.get(lock["relation"], "AS"), key=STRENGTH.index)
    rewrites = {e["relation"]: ("heap" if e["rewrite"] else "") +
                ("+%d" % e["indexes_rewritten"] if e["indexes_rewritten"]
                 else "") for e in effects}
    scans = {e["relation"]: str(e["scans"]) for e in effects if e["scans"]}
    return {LOCKS: locks, REWRITES: {k: v for k, v in rewrites.items() if v},
            SCANS: scans}


def parse(text):
    return dict(word.split(":") for word in text.split())


def line(facts):
    return " ".join(sorted("%s:%s" % pair for pair in facts.items())) or "-"


def scripts(case):
    """(name, text) of each migration: what comes before the statement is in
    its transaction, or in one before that."""
    before = case["before"]
    once = before.startswith(COMMITTED)
    if once:
        yield bed.BEFORE, before[len(COMMITTED):] + ";"
    yield bed.CASE, "".join(sql + ";\n" for sql in (
        "" if once else before, case["statement"]) if sql)


def compare(case, run, known):
    """What differs, and was not to be expected to."""
    found = told(run, known)
    exceptions = dict(word.split("=", 1) for word in
                      filter(None, case["up says"].split("; ")))
    wrong = ["the exception of unknown '%s'" % key for key in exceptions
             if key not in FACTS]
    for fact in FACTS:
        measured, said = line(parse(case[fact])), line(found[fact])
        wanted = exceptions.get(fact, measured)
        if wanted == measured and fact in exceptions:
            wrong.append("%s: '%s' is no exception" % (fact, wanted))
        if said != wanted:
            wrong.append("%s: measured before '%s', up says '%s'" % (
                fact, measured, said))
    if exceptions and not case["because"]:
        wrong.append("no reason is given for what differs")
    return wrong

#!/usr/bin/env python3
"""locks.py WORK [NAME...]   what `up` tells of locks, rewrites, scans and rows,
against what was measured before (measured.tsv) and what others see meanwhile
(witnessed.sql). All of both, or the cases of those names; a database each.
Exits with 1 when something differs for no reason that is given there.
"""
import collections
import concurrent.futures
import itertools
import os
import sys
import threading
import time

import bed
import measured
import witnessed

WORKERS = int(os.environ.get("JOBS", "2"))


class Worker(threading.local):
    """What each thread has of its own."""

    numbers = itertools.count(1)

    def __init__(self, work):
        self.number = next(self.numbers)
        self.database = "case_%d" % self.number
        self.admin = bed.Session("postgres")
        self.repository = bed.Repository(os.path.join(
            work, "repository_%d" % self.number))


def check_measured(worker, case, known):
    try:
        bed.make_database(worker.admin, worker.database)
        for name, text in measured.scripts(case):
            worker.repository.write(name, text)
        run = worker.repository.up(worker.database)
        return measured.compare(case, run, known)
    finally:
        worker.repository.clear()
        bed.drop_database(worker.admin, worker.database)


def check_witnessed(worker, case):
    try:
        return witnessed.check(worker.admin, worker.repository,
                               worker.database, case)
    finally:
        worker.repository.clear()


def jobs(version, known):
    """(what, name, whether a difference is explained, check, arguments)"""
    for case in measured.cases(version):
        yield ("measured before", case["case"], bool(case["up says"]),
               check_measured, (case, known))
    for case in witnessed.cases():
        yield ("seen by others", case.name, bool(case.said["differs"]),
               check_witnessed, (case,))


def do(job, worker):
    check, arguments = job[3:]
    try:
        return check(worker, *arguments)
    except RuntimeError as error:
        return [str(error)]


def main(work, wanted):
    start = time.monotonic()
    admin = bed.Session("postgres")
    version = bed.version(admin)
    bed.make_template(admin, bed.Repository(os.path.join(work, "fixture")))
    known = measured.was_there()
    worker = Worker(work)
    chosen = [job for job in jobs(version, known)
              if not wanted or job[1] in wanted]
    counts = collections.defaultdict(collections.Counter)
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        results = pool.map(lambda job: do(job, worker), chosen)
        for (what, name, explained, *_), wrong in zip(chosen, results):
            outcome = ("differ" if wrong else
                       "differ for a reason" if explained else "equal")
            counts[what][outcome] += 1
            for text in wrong:
                print("%s: %s" % (name, text), flush=True)
    for what, count in counts.items():
        print("%d %s: %s" % (sum(count.values()), what, ", ".join(
            "%d %s" % (count[key], key) for key in
            ("equal", "differ for a reason", "differ"))))
    print("PostgreSQL %d, %.0f s" % (version, time.monotonic() - start))
    if not chosen or any(count["differ"] for count in counts.values()):
        sys.exit(1)


main(sys.argv[1], sys.argv[2:])

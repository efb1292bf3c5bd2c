#!/usr/bin/env python3
"""history.py BUILD WORK   finding the commits of scripts in a long history.

A history of 80,000 commits (COMMITS), the same in each run: a trunk with a merge
every 50 commits, 2,000 files in 200 folders, and 100 pairs (PAIRS) brought at
even distances from the second commit on. `status`, `up --dry-run` and an `up` of
all of them on an empty database, against `git log` over the folder, in turns:
cold, that is without the cache of what was found, and with it. Nothing is
asserted.

git's own disk cache is warm in both; the history is packed, and has a
commit-graph in the second part, without changed paths and then with.
"""
import os
import statistics
import subprocess
import sys
import time

WORK = sys.argv[2]
COMMITS = int(os.environ.get("COMMITS", "80000"))
PAIRS = int(os.environ.get("PAIRS", "100"))
RUNS = int(os.environ.get("RUNS", "7"))
PATIENCE = 600
REPO = os.path.join(WORK, "history")
DATABASE = os.path.join(REPO, ".git", "dev.db")
CACHE = os.path.join(REPO, ".git", "migrate", "origins")
LOG = ("log", "--format=%H", "--", "migrations")
RAW = ("log", "--format=%H", "--raw", "--no-abbrev", "--", "migrations")


def git(*args, repo=REPO):
    return subprocess.run(["git", "-C", repo, *args], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          timeout=PATIENCE).stdout


def data(text):
    return "data %d\n%s\n" % (len(text.encode()), text)


def file(path, text):
    return "M 100644 inline %s\n%s" % (path, data(text))


def commit(mark, branch, parents, files):
    """A commit in the language of fast-import."""
    who = "Test Person <test@example.com> %d +0000" % (1500000000 + 60 * mark)
    out = "commit refs/heads/%s\nmark :%d\ncommitter %s\n%s" % (
        branch, mark, who, data("Commit %d" % mark))
    for word, parent in zip(("from", "merge"), parents):
        out += "%s :%d\n" % (word, parent)
    return out + "".join(files) + "\n"


def pair(n):
    label = "migrations/%014d_create_t%d" % (20200101000000 + n, n)
    return [file(label + ".up.sql", "CREATE TABLE t%d (id integer);\n" % n),
            file(label + ".down.sql", "DROP TABLE t%d;\n" % n)]


def history():
    """Every 50th commit merges a side branch of one commit."""
    distance = max(COMMITS // PAIRS, 1)
    main = side = pairs = 0
    for mark in range(1, COMMITS + 1):
        n = mark * 7919 % 2000
        files = [file("src/%03d/%04d.c" % (n // 10, n), "int c%d;\n" % mark)]
        parents = [main] if main else []
        branch = "main"
        if mark % 50 == 48:
            branch, side = "side", mark
        elif mark % 50 == 49 and side:
            parents.append(side)
        if mark % distance == 2 % distance and pairs < PAIRS:
            pairs += 1
            files += pair(pairs)
        yield commit(mark, branch, parents, files)
        if branch == "main":
            main = mark


def make():
    subprocess.run(["git", "init", "-q", REPO], check=True)
    with subprocess.Popen(["git", "-C", REPO, "fast-import", "--quiet"],
                          stdin=subprocess.PIPE) as importing:
        for text in history():
            importing.stdin.write(text.encode())
        importing.stdin.close()
    git("reset", "-q", "--hard", "main")
    git("repack", "-q", "-a", "-d")
    git("config", "migrate-target.dev.url", "sqlite:" + DATABASE)
    git("config", "migrate.target", "dev")


def took(args):
    began = time.monotonic()
    git(*args)
    return (time.monotonic() - began) * 1000


def cold(args):
    if os.path.exists(CACHE):
        os.remove(CACHE)
    return took(args)


def applied(way):
    """An `up` of all pairs, and then the database is empty again."""
    ms = way(("migrate", "up", "-q"))
    os.remove(DATABASE)
    return ms


def compare(what, ways):
    """ways: name and what runs it once; the first is what others are held to."""
    times = {name: [] for name, _ in ways}
    for run in range(RUNS + 1):
        for name, way in ways:
            ms = way()
            if run:  # the first of each only warms up
                times[name].append(ms)
    print("\n%s: median of %d, and the least" % (what, RUNS))
    log = times[ways[0][0]]
    for name, _ in ways:
        ms, least = statistics.median(times[name]), min(times[name])
        print("  %-30s %8.1f ms  x%.2f %8.1f ms  x%.2f" % (
            name, ms, ms / statistics.median(log), least, least / min(log)))


def part(what):
    compare(what, [
        ("git log -- migrations", lambda: took(LOG)),
        ("git log --raw -- migrations", lambda: took(RAW)),
        ("status, cold", lambda: cold(("migrate", "status"))),
        ("up --dry-run, cold", lambda: cold(("migrate", "up", "--dry-run"))),
        ("status, with the cache", lambda: took(("migrate", "status"))),
        ("up --dry-run, with the cache", lambda: took(("migrate", "up", "--dry-run"))),
        ("up, cold", lambda: applied(cold)),
        ("up, with the cache", lambda: applied(took)),
    ])


def main():
    make()
    print("%d commits, %d pairs, %s" % (
        int(git("rev-list", "--count", "HEAD")), PAIRS,
        git("version").decode().strip()))
    part("without a commit-graph")
    git("commit-graph", "write", "--reachable")
    part("with a commit-graph")
    git("commit-graph", "write", "--reachable", "--changed-paths")
    part("with a commit-graph that has changed paths")


main()

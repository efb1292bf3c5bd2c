#!/usr/bin/env python3
"""hook.py BUILD WORK   what the pre-commit hook costs a commit.

In a repository with 20,000 files (FILES) and 10,000 pairs (PAIRS), with an
upstream and a target whose ledger was seen, `git commit` brings one pair: with
the hook of `git migrate`, with a hook that only runs
`git diff-index --cached --raw HEAD -- migrations`, and with none, in turns. The
same for a commit that brings no migration, and for all hooks that we install;
and what post-checkout takes. Nothing is asserted.
"""
import os
import shutil
import statistics
import subprocess
import sys
import time

WORK = sys.argv[2]
FILES = int(os.environ.get("FILES", "20000"))
PAIRS = int(os.environ.get("PAIRS", "10000"))
RUNS = int(os.environ.get("RUNS", "21"))
PATIENCE = 600
REPO = os.path.join(WORK, "hook")
PLAIN = "#!/bin/sh\nexec git diff-index --cached --raw HEAD -- migrations\n"


def git(*args, **kwargs):
    return subprocess.run(["git", "-C", REPO, *args], check=True, text=True,
                          stdout=subprocess.PIPE, timeout=PATIENCE,
                          **kwargs).stdout


def write(path, text):
    path = os.path.join(REPO, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def pair(n):
    """The paths of a pair, which is written."""
    label = "migrations/%014d_create_t%d" % (20200101000000 + n, n)
    write(label + ".up.sql", "CREATE TABLE t%d (id integer);\n" % n)
    write(label + ".down.sql", "DROP TABLE t%d;\n" % n)
    return [label + ".up.sql", label + ".down.sql"]


def fill():
    subprocess.run(["git", "init", "-q", REPO], check=True)
    for n in range(FILES):
        write("src/%03d/%05d.c" % (n // 100, n), "int f%d;\n" % n)
    for n in range(PAIRS):
        pair(n)
    git("add", "-A")
    git("commit", "-q", "-m", "All")
    upstream = os.path.join(WORK, "hook.git")
    subprocess.run(["git", "clone", "-q", "--bare", REPO, upstream],
                   check=True)
    git("remote", "add", "origin", upstream)
    git("fetch", "-q", "origin")
    git("branch", "-q", "--set-upstream-to=origin/main")
    git("migrate", "init", "--no-hooks", "--target", "dev=sqlite:dev.db")
    git("add", "-A")
    git("commit", "-q", "-m", "Settings")
    git("migrate", "up", "-q")


def hooks():
    """A folder of hooks for each of those that are compared."""
    places = {}
    for name in ("git migrate", "diff-index", "none", "all of ours"):
        places[name] = os.path.join(WORK, "hooks", name.replace(" ", "-"))
        os.makedirs(places[name])
    git("migrate", "hook", "install")
    for hook in git("migrate", "hook", "list", "--json").split('"'):
        path = os.path.join(REPO, ".git/hooks", hook)
        if os.path.isfile(path):
            shutil.copy(path, places["all of ours"])
    shutil.copy(os.path.join(places["all of ours"], "pre-commit"),
                places["git migrate"])
    path = os.path.join(places["diff-index"], "pre-commit")
    with open(path, "w", encoding="utf-8") as file:
        file.write(PLAIN)
    os.chmod(path, 0o755)
    return places


def once(place, n, brings_pair):
    if brings_pair:
        paths = pair(n)
    else:
        paths = ["src/000/00000.c"]
        write(paths[0], "int f%d;\n" % n)
    git("add", "--", *paths)
    began = time.monotonic()
    git("-c", "core.hooksPath=" + place, "commit", "-q", "-m", "x",
        stderr=subprocess.DEVNULL)
    return (time.monotonic() - began) * 1000


def compare(places, what, brings_pair, first):
    times = {name: [] for name in places}
    n = first
    for run in range(RUNS + 1):
        for name, place in places.items():
            took = once(place, n, brings_pair)
            n += 1
            if run:  # the first of each only warms up
                times[name].append(took)
    middle = {name: statistics.median(t) for name, t in times.items()}
    print("\n%s: git commit, median of %d" % (what, RUNS))
    for name, ms in middle.items():
        print("  %-12s %7.1f ms   least %7.1f" % (name, ms, min(times[name])))
    ours, plain = middle["git migrate"], middle["diff-index"]
    print("  against diff-index: x%.2f, %+.1f ms (least: %+.1f ms)" % (
        ours / plain, ours - plain,
        min(times["git migrate"]) - min(times["diff-index"])))
    return n


def reports():
    """What a hook that only reports costs, by itself."""
    times = []
    for _ in range(RUNS):
        began = time.monotonic()
        git("migrate", "hook", "post-checkout", "HEAD~1", "HEAD", "1",
            stderr=subprocess.DEVNULL)
        times.append((time.monotonic() - began) * 1000)
    print("\npost-checkout, median of %d: %.1f ms, least %.1f" % (
        RUNS, statistics.median(times), min(times)))


def main():
    fill()
    places = hooks()
    print("%d files, %d pairs, %s" % (FILES, PAIRS,
                                      git("version").strip()))
    n = compare(places, "a commit that brings a pair", True, PAIRS)
    compare(places, "a commit without a migration", False, n)
    reports()


main()

"""What observe.py and observe_mariadb.py share: a repository of scripts, and
`up` in it. sys.argv[2] is where it is made."""
import json
import os
import subprocess
import sys
import time

REPO = os.path.join(sys.argv[2], "observe")
FIRST = 20250101000000


def repository(url, scripts):
    subprocess.run(["rm", "-rf", REPO], check=True)
    subprocess.run(["git", "init", "-q", REPO], check=True)
    subprocess.run(["git", "-C", REPO, "config", "migrate-target.dev.url",
                    url], check=True)
    os.mkdir(os.path.join(REPO, "migrations"))
    for number, script in enumerate(scripts):
        base = os.path.join(REPO, "migrations", "%d_m" % (FIRST + number))
        with open(base + ".up.sql", "w") as up_file:
            up_file.write(script + "\n")
        with open(base + ".down.sql", "w") as down_file:
            down_file.write("SELECT 1;\n")


def up(*args, observe=True):
    """What the runs say, and how long all of it took, in ms."""
    start = time.perf_counter()
    done = subprocess.run(["git", "-C", REPO, "-c", "migrate.observe=%s" %
                           ("true" if observe else "false"), "migrate", "up",
                           "--json", *args],
                          stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.PIPE)
    spent = (time.perf_counter() - start) * 1000
    if done.returncode:
        sys.exit("error: up failed\n" + done.stderr)
    return json.loads(done.stdout)["runs"], spent

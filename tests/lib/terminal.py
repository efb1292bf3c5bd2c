#!/usr/bin/env python3
"""terminal.py COLUMNS[,COLUMNS] DRAWN COMMAND...

Runs the command on a terminal so wide, and as wide as the second number says
once a progress line has been drawn. After so many of them it types Ctrl-C.
Prints each line that another one was drawn over as "WIDTH MILLISECONDS TEXT",
its width in columns and how long after the first one it was seen, and what else
was shown as it is."""
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
import time
import unicodedata

DRAW = b"\r\033[K"


def resize(fd, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def width(text):
    return sum(
        0 if unicodedata.combining(c)
        else 2 if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )


def main():
    columns = [int(n) for n in sys.argv[1].split(",")]
    most = int(sys.argv[2])
    pid, fd = pty.fork()
    if pid == 0:
        resize(0, columns[0])
        modes = termios.tcgetattr(0)
        modes[3] &= ~termios.ECHO
        termios.tcsetattr(0, termios.TCSANOW, modes)
        os.environ.pop("COLUMNS", None)
        os.execvp(sys.argv[3], sys.argv[3:])
    signal.alarm(60)
    seen, times, asked = b"", [], False
    while True:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        seen += data
        now = time.monotonic()
        times += [now] * (seen.count(DRAW) - len(times))
        if times and len(columns) > 1:
            resize(fd, columns.pop())
        if len(times) >= most and not asked:
            asked = True
            os.write(fd, b"\x03")
    parts = seen.decode().replace("\r\n", "\n").split(DRAW.decode())
    for text, at in zip(parts[1:], times):
        if text is parts[-1] or "\n" in text:
            print(text)
        elif text:
            print(width(text), int((at - times[0]) * 1000), text)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    sys.exit(status if status >= 0 else 128 - status)


main()

#!/usr/bin/env python3
"""./quickstart at a terminal: the demonstration arrives, and one Ctrl-C drains and leaves nothing
running. Its building is left out, and its port is another one."""
import fcntl
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import termios
import time

import harness

CLEAR = "\r\x1b[K"
PATIENCE = 90  # seconds, with the progress line coming all the time


def copy_script(folder, port):
    (folder / "examples").mkdir()
    harness.quickstart_files(folder / "examples", port)
    text = (harness.ROOT / "quickstart").read_text()
    for old, new in [('$(cd "$(dirname "$(readlink -f "$0")")" && pwd)', str(folder)),
                     ("$root/build/release/penstock", str(harness.PENSTOCK)),
                     ("build_program\n[ $mode", "[ $mode"), ("8687", str(port))]:
        assert old in text, f"./quickstart has no {old!r} any more"
        text = text.replace(old, new)
    (folder / "tools").mkdir()
    shutil.copy(harness.ROOT / "tools/lib.sh", folder / "tools")
    (folder / "quickstart").write_text(text)


class Terminal:
    """A command with a terminal of its own, where keys are typed."""

    def __init__(self, folder, *command):
        self.keyboard, screen = pty.openpty()

        def own_terminal():
            fcntl.ioctl(screen, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # who runs the tests may ignore it
        self.process = subprocess.Popen(command, cwd=folder, stdin=screen, stdout=screen,
                                        stderr=screen, start_new_session=True,
                                        preexec_fn=own_terminal)
        os.close(screen)
        self.shown = ""

    def read_until(self, text):
        deadline = time.monotonic() + PATIENCE
        while text not in self.shown:
            if time.monotonic() > deadline:
                return False
            try:
                read = os.read(self.keyboard, 65536)
            except OSError:  # the other side is closed
                return False
            self.shown += read.decode(errors="replace")
        return True

    def type(self, keys):
        os.write(self.keyboard, keys)


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_interrupt(folder, checks):
    port = harness.free_port()
    copy_script(folder, port)
    terminal = Terminal(folder, "bash", folder / "quickstart")
    try:
        checks.that(terminal.read_until("Running until Ctrl-C."), "it comes to its end",
                    terminal.shown)
        last = terminal.shown.partition("the last one:")[2]
        checks.that('"stream":"demo-' in last[:400], "its own last event is shown", last[:400])
        shown = terminal.shown.partition("== What arrived")[2].rpartition("Running until")[0]
        unclear = [line for line in shown.split("\r\n")[1:-1] if not line.startswith(CLEAR)]
        checks.that(not unclear, "each line clears the progress line first", unclear)
        checks.that("400 records in" in terminal.shown and "400 rows in" in terminal.shown,
                    "what was sent arrived", terminal.shown)
        terminal.type(b"\x03")
        terminal.read_until("nothing shows this, so all is read")
        checks.equal(terminal.process.wait(30), 0, "Ctrl-C ends it well")
        checks.that("draining" in terminal.shown and "aborting" not in terminal.shown,
                    "it drains, and does not abort", terminal.shown[-1000:])
        checks.that("Drained and ended" in terminal.shown, "and says so", terminal.shown[-500:])
        checks.that(not is_open(port), "nothing is left running")
    finally:
        terminal.process.terminate()  # its trap ends penstock too
        terminal.process.wait(60)
        os.close(terminal.keyboard)


def test_words(folder, checks):
    ended = subprocess.run(["bash", harness.ROOT / "quickstart", "--build", "foo"], cwd=folder,
                           capture_output=True, timeout=60, check=False)
    checks.equal((ended.returncode, ended.stderr),
                 (1, b"quickstart: `foo` is one argument too many\n"), "a second word")


NINJA = b"""ninja: Entering directory `build/release'
[1/3, 0.1 s] Building a.o
[2/3, 0.2 s] Building b.o
FAILED: b.o
b.cpp:1: error: wrong
[3/3, 0.3 s] Building c.o
ninja: build stopped: subcommand failed.
"""
SHOW = 'set -e; root=$PWD; . "$0"; show_build build.log'


def test_build_lines(folder, checks):
    command = ["bash", "-c", SHOW, harness.ROOT / "tools/lib.sh"]
    ended = subprocess.run(command, cwd=folder, input=NINJA, capture_output=True, timeout=60,
                           check=True)
    checks.equal(ended.stdout, b"FAILED: b.o\nb.cpp:1: error: wrong\n"
                 b"ninja: build stopped: subcommand failed.\n", "elsewhere: what failed")
    checks.equal((folder / "build.log").read_bytes(), NINJA, "the log has all of it")
    (folder / "said").write_bytes(b"ninja: no work to do.\n[1/1, 0.1 s] Building a.o\n")
    terminal = Terminal(folder, "bash", "-c", SHOW + " <said", harness.ROOT / "tools/lib.sh")
    terminal.read_until("nothing shows this, so all is read")
    checks.equal((terminal.process.wait(30), terminal.shown),
                 (0, f"{CLEAR}[1/1, 0.1 s] Building a.o{CLEAR}"), "on a terminal: one line")
    os.close(terminal.keyboard)


def main():
    checks = harness.Checks()
    for test in (test_words, test_build_lines, test_interrupt):
        with harness.workspace() as folder:
            test(folder, checks)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())

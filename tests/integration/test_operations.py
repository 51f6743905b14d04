#!/usr/bin/env python3
"""What an operator does and meets: positions set and reset, two processes at once, a port in use,
places that cannot be written, full disks, damaged and future files, hostile configuration."""
import json
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request

import harness
from harness import FOLLOW, penstock

TO_STDOUT = FOLLOW.replace('files: {path: "lake"}', "stdout: {}")


def put(folder, text, name="follow.yaml"):
    (folder / name).write_text(text)


def append(folder, *lines):
    (folder / "in").mkdir(exist_ok=True)
    with open(folder / "in/a.ndjson", "a") as out:
        out.writelines(line + "\n" for line in lines)


def once(folder, name="follow.yaml", **how):
    return penstock(folder, "run", "--once", "--admin", "off", name, **how)


def checkpoint(folder, command, *arguments):
    return penstock(folder, "checkpoint", command, "follow.yaml", *arguments)


def saved(folder):
    """The only part and its position, as `checkpoint show` writes them."""
    shown = checkpoint(folder, "show").stdout.decode()
    return (re.search(r"^part {6}(.*)$", shown, re.M).group(1),
            re.search(r"^ {2}position (.*)$", shown, re.M).group(1))


def test_version(folder, checks):
    cmake = (harness.ROOT / "CMakeLists.txt").read_text()
    project = re.search(r"project\([^)]*VERSION\s+([0-9.]+)", cmake).group(1)
    header = (harness.ROOT / "src/base/version.h").read_text()
    checks.equal(re.search(r'kVersion = "(.*)"', header).group(1), project,
                 "version.h has the version of CMakeLists.txt")
    checks.equal(penstock(folder, "version").stdout.decode(), f"penstock {project}\n",
                 "the program has it too")


def test_set_and_reset(folder, checks):
    put(folder, TO_STDOUT)
    append(folder, "one", "two")
    checks.equal(checkpoint(folder, "show").stdout, b"pipeline  follow\nno checkpoint\n",
                 "show before the first run")
    checks.equal(checkpoint(folder, "reset").returncode, 0, "reset before the first run")
    checks.equal(once(folder).stdout, b"one\ntwo\n", "the first run")
    part, position = saved(folder)
    append(folder, "three")
    checks.equal(once(folder).stdout, b"three\n", "the second run goes on")
    ended = checkpoint(folder, "set", "--part", part, "--position", position)
    checks.equal(ended.returncode, 0, "checkpoint set")
    checks.equal(saved(folder), (part, position), "checkpoint show shows it")
    checks.equal(once(folder).stdout, b"three\n", "reading goes on at the position that was set")
    checks.equal(checkpoint(folder, "reset", "--part", part).returncode, 0, "reset --part")
    checks.equal(once(folder).stdout, b"one\ntwo\nthree\n", "the part begins anew")
    checks.equal(checkpoint(folder, "reset").returncode, 0, "reset")
    checks.equal(once(folder).stdout, b"one\ntwo\nthree\n", "all begins anew")
    for command, arguments, code, text in [
            ("set", ["--part", "x", "--position", "1"], 1, f"no part `x`; it has: {part}"),
            ("reset", ["--part", "x"], 1, f"no part `x`; it has: {part}"),
            ("set", ["--part", part, "--position", "\\x1"], 2, "no position"),
            ("set", ["--part", part], 2, "--position is required")]:
        ended = checkpoint(folder, command, *arguments)
        checks.equal(ended.returncode, code, f"exit code of {command} {arguments}")
        checks.that(text in ended.stderr.decode(), f"error of {command} {arguments}", ended.stderr)
    before = saved(folder)
    ended = checkpoint(folder, "set", "--part", part, "--position", "nonsense")
    checks.equal(ended.returncode, 2, "a position that the source cannot read is refused")
    checks.that(b"cannot read the position" in ended.stderr, "with its reason", ended.stderr)
    checks.equal(saved(folder), before, "and the saved one stays")


def test_two_processes(folder, checks):
    put(folder, FOLLOW)
    append(folder, "one")
    first = harness.Penstock(folder, "run", "--admin", "off", "follow.yaml")
    harness.wait_until(lambda: "running" in first.tail(), 20, "running")
    second = once(folder)
    checks.equal(second.returncode, 1, "a second process is refused")
    checks.that(b"another process runs pipeline 'follow'" in second.stderr, "clearly",
                second.stderr)
    checks.that(first.running(), "the first one goes on")
    first.kill()
    checks.equal(once(folder).returncode, 0, "after SIGKILL the checkpoint is free at once")
    checks.equal(harness.lake_lines(folder / "lake"), [b"one"], "nothing is lost or twice")


def test_fail_fast(folder, checks):
    put(folder, FOLLOW)
    append(folder, "one")
    put(folder, "name: broken\nsource: {files: {path: in/a.ndjson}}\n"
        "sinks:\n  - event_store: {path: in/a.ndjson}\n", "broken.yaml")
    arguments = ("run", "--admin", "off", "follow.yaml", "broken.yaml")
    slow = harness.Penstock(folder, *arguments, out="slow")
    harness.wait_until(lambda: "broken: failed" in slow.tail() and "follow: running" in slow.tail(),
                       20, "one failed, one running")
    checks.that(slow.running(), "without --fail-fast the others go on")
    checks.equal(slow.stop(), 1, "and the exit code is the worst")
    checks.that("follow: stopped: 1 delivered" in slow.tail(), "they drained", slow.tail())
    append(folder, "two")
    ended = penstock(folder, *arguments, "--fail-fast")
    checks.equal(ended.returncode, 1, "--fail-fast ends all")
    checks.that(b"--fail-fast is set" in ended.stderr, "and says why", ended.stderr)
    once(folder)
    checks.equal(harness.lake_lines(folder / "lake"), [b"one", b"two"], "nothing is lost or twice")


def test_port_in_use(folder, checks):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        put(folder, f'name: in\nsource: {{firehose: {{listen: "{address}", inbox: inbox}}}}\n'
            "sinks: [stdout: {}]\n", "in.yaml")
        ended = penstock(folder, "run", "--admin", "off", "in.yaml")
    checks.equal(ended.returncode, 1, "a source whose port is in use fails")
    checks.that(f"listen {address}: Address already in use" in ended.stderr.decode(), "and says so",
                ended.stderr)


def as_nobody():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


def test_read_only_folder(folder, checks):
    append(folder, "one")
    (folder / "state").mkdir()
    (folder / "closed").mkdir()
    os.chmod(folder, 0o755)
    os.chmod(folder / "state", 0o777)
    os.chmod(folder / "closed", 0o555)
    # Whoever may not write there may not come to where the program was built either.
    program = shutil.copy(harness.PENSTOCK, folder)
    text = FOLLOW.replace('"follow.db"', '"state/follow.db"')
    put(folder, text.replace('"lake"', '"closed/lake"'), "lake.yaml")
    put(folder, TO_STDOUT.replace('"follow.db"', '"closed/follow.db"'), "checkpoint.yaml")
    put(folder, TO_STDOUT.replace('"follow.db"', '"state/follow.db"') +
        'dead_letter: {files: {path: "closed/letters"}}\n', "letters.yaml")
    for name in ("lake.yaml", "checkpoint.yaml", "letters.yaml"):
        ended = once(folder, name, before=as_nobody, program=program)
        checks.equal((ended.returncode, ended.stdout), (1, b""), f"{name} in a read-only folder")
        checks.that(b"closed/" in ended.stderr and b"Permission denied" in ended.stderr,
                    f"{name}: the place and the reason are named", ended.stderr)


def few_bytes():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 17, 1 << 17))


def test_no_room(folder, checks):
    put(folder, FOLLOW.replace("follow.db", "state.db"))
    append(folder, *(f'{{"n":{i},"text":"{"x" * 100}"}}' for i in range(3000)))
    stopped = once(folder, before=few_bytes)
    checks.equal(stopped.returncode, 1, "files that cannot grow stop the pipeline")
    checks.that(b"File too large" in stopped.stderr, "and it says why", stopped.stderr)
    checks.equal(once(folder).returncode, 0, "with room it goes on")
    lines = harness.lake_lines(folder / "lake")
    checks.equal([json.loads(line)["n"] for line in lines], list(range(3000)),
                 "nothing is lost or twice")


def test_full_disk(folder, checks):
    put(folder, TO_STDOUT)
    append(folder, "one")
    port = harness.free_port()
    with open("/dev/full", "wb") as full:
        running = subprocess.Popen([harness.PENSTOCK, "run", "--admin", f"127.0.0.1:{port}",
                                    "follow.yaml"], cwd=folder, stdout=full,
                                   stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)

    def failing():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status", timeout=10) as page:
                return "disk full" in page.read().decode()
        except OSError:
            return False
    try:
        harness.wait_until(failing, 20, "the status tells of the full disk")
        checks.equal(running.poll(), None, "a full disk is waited for")
        running.send_signal(signal.SIGTERM)
        checks.that(b"draining" in read_until(running.stderr, b"draining"), "a signal drains")
        running.send_signal(signal.SIGTERM)
        checks.equal(running.wait(20), 3, "the second one aborts")
    finally:
        running.kill()
        running.communicate()
    checks.equal(once(folder).stdout, b"one\n", "what was not delivered comes again")


def read_until(stream, text):
    seen = b""
    while text not in seen:
        line = stream.readline()
        if not line:
            break
        seen += line
    return seen


def test_checkpoint_files(folder, checks):
    put(folder, TO_STDOUT)
    append(folder, "one")
    once(folder)
    whole = (folder / "follow.db").read_bytes()
    with sqlite3.connect(folder / "follow.db") as database:
        database.execute("PRAGMA user_version=3")
    future = once(folder)
    checks.that(b"version 3" in future.stderr and b"follow.db" in future.stderr,
                "a file of a later version is refused by name", future.stderr)
    (folder / "follow.db").write_bytes(whole)
    with sqlite3.connect(folder / "follow.db") as database:
        database.execute("UPDATE positions SET position=?", (b"rubbish",))
    corrupt = once(folder)
    (folder / "follow.db").write_bytes(b"no database" * 100)
    no_database = once(folder)
    checks.that(b"follow.db" in no_database.stderr and b"damaged" in no_database.stderr,
                "what is no database is damage", no_database.stderr)
    for name, ended in (("later", future), ("corrupt", corrupt), ("no database", no_database)):
        checks.equal((ended.returncode, ended.stdout), (1, b""), f"{name}: never a new start")
    checks.equal(checkpoint(folder, "show").returncode, 1, "checkpoint show says so too")


def test_inbox_files(folder, checks):
    port = harness.free_port()
    waiting = (f'name: in\nsource: {{firehose: {{listen: "127.0.0.1:{port}", inbox: inbox}}}}\n'
               'sinks: [{files: {path: lake}, format: raw, batch: {wait: 1h}}]\n')
    put(folder, waiting, "in.yaml")
    running = harness.Penstock(folder, "run", "--admin", "off", "in.yaml")
    running.wait_for_port(port)
    for record in (b"one", b"two"):
        checks.that(harness.Firehose(port).put_batch("s", [record]), "a record is taken")
    running.kill()
    segment = max((folder / "inbox").glob("*"), key=lambda path: b"one" in path.read_bytes())
    state = folder / "inbox/state"
    for path, at, text in [(state, state.read_bytes().index(b"NSTKSTT") + 8,
                            "inbox/state: format version 255"),
                           (segment, 8, "format version 255"),
                           (segment, segment.read_bytes().index(b"one"), "corrupt at byte")]:
        whole = path.read_bytes()
        damaged = whole[:at] + b"\xff" + whole[at + 1:]
        path.write_bytes(damaged)
        ended = penstock(folder, "run", "--admin", "off", "in.yaml")
        checks.equal(ended.returncode, 1, f"refused: {text}")
        checks.that(text in ended.stderr.decode() and path.name in ended.stderr.decode(),
                    f"named: {text}", ended.stderr)
        checks.equal(path.read_bytes(), damaged, f"left as it is: {text}")
        path.write_bytes(whole)
    running = harness.Penstock(folder, "run", "--admin", "off", "in.yaml")
    running.wait_for_port(port)
    checks.equal(running.stop(), 0, "once it is restored it opens")
    checks.equal(harness.lake_lines(folder / "lake"), [b"one", b"two"], "with all that was inside")


def test_event_store_that_goes(folder, checks):
    put(folder, 'name: store\nsource: {stdin: {}}\nsinks: [event_store: {path: "events.db"}]\n',
        "store.yaml")
    put(folder, 'name: emit\nsource: {event_store: {path: "events.db"}}\nsinks: [stdout: {}]\n'
        'checkpoint: {sqlite: {path: "emit.db"}}\n', "emit.yaml")
    penstock(folder, "run", "--admin", "off", "store.yaml", given=b"one\n")
    running = harness.Penstock(folder, "run", "--admin", "off", "emit.yaml")
    harness.wait_until(lambda: harness.whole_lines(running.out), 20, "an event")
    for path in folder.glob("events.db*"):
        path.unlink()
    checks.equal(running.process.wait(20), 1, "a store that was deleted stops its reader")
    checks.that("deleted or replaced" in running.tail(), "which says so", running.tail())
    penstock(folder, "run", "--admin", "off", "store.yaml", given=b"two\n")
    ended = once(folder, "emit.yaml")
    checks.equal((ended.returncode, ended.stdout), (1, b""), "another store under its name")
    checks.that(b"it is another store" in ended.stderr, "is never taken for it", ended.stderr)


def lake_lines(folder):
    return sorted(line for path in (folder / "lake").rglob("*") if path.is_file()
                  for line in path.read_text().splitlines())


def test_lake_with_other_filters(folder, checks):
    """A lake never takes an event for written that other filters had left out."""
    sink = """sinks:
  - files: {path: "lake"}
    format: raw
"""
    narrow = (FOLLOW.replace("checkpoint:", "    when: {after: {n: [2, 4]}}\ncheckpoint:")
              .replace("sinks:", "transforms:\n  - parse: {format: json}\nsinks:"))
    wide = narrow.replace("[2, 4]", "[1, 2, 3, 4, 5, 6]")
    checks.that(sink in narrow, "the sink is the usual one")
    put(folder, narrow)
    append(folder, *(json.dumps({"n": n}) for n in range(1, 5)))
    checks.equal(once(folder).returncode, 0, "the narrow filter ends in order")
    checks.equal(len(lake_lines(folder)), 2, "and writes its two lines")
    put(folder, wide)
    append(folder, json.dumps({"n": 5}))
    checks.equal(once(folder).returncode, 0, "a wider filter goes on after it")
    checks.equal(len(lake_lines(folder)), 3, "from where it was")
    checks.equal(checkpoint(folder, "reset").returncode, 0, "reset")
    ended = once(folder)
    checks.equal(ended.returncode, 1, "from the start, what is in the lake cannot be told")
    checks.that(b"cannot be told" in ended.stderr and b"follow.files." in ended.stderr,
                "which is said, with the object", ended.stderr)
    held = lake_lines(folder)
    checks.equal(len(set(held)), len(held), "and nothing is written twice")
    for path in (folder / "lake").iterdir():
        path.rename(folder / path.name)
    checks.equal(once(folder).returncode, 0, "with the objects out of the way")
    checks.equal(len(lake_lines(folder)), 5, "all is written")


def test_lakes_of_names_with_dots(folder, checks):
    """Two pipelines whose names run into each other share a folder, not their objects."""
    append(folder, "one", "two")
    for name, sink in (("orders", "eu.lake"), ("orders.eu", "lake")):
        text = (FOLLOW.replace("name: follow", f"name: {name}").replace("follow.db", f"{name}.db")
                .replace("format: raw", f"format: raw\n    name: {sink}"))
        put(folder, text, f"{name}.yaml")
        checks.equal(once(folder, f"{name}.yaml").returncode, 0, f"{name} ends in order")
    checks.equal(lake_lines(folder), ["one", "one", "two", "two"], "each has written its own")


def test_hostile_configuration(folder, checks):
    wide = "".join(f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n"
                   for before, name in zip("abcdef", "bcdefg"))
    cases = [("a billion laughs", "a: &a [x,x]\n" + wide, "anchors"),
             ("a mapping in itself", "a: &a\n  b: *a\n", "anchors"),
             ("deep nesting", "[" * 100_000, "nested deeper"),
             ("deep flow mappings", "{a: " * 50_000 + "}" * 50_000, "nested deeper"),
             ("a large file", "name: " + "x" * 5_000_000, "at most")]

    def little_memory():
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
    for name, text, error in cases:
        put(folder, text, "bomb.yaml")
        ended = penstock(folder, "check", "bomb.yaml", before=little_memory)
        checks.equal(ended.returncode, 2, f"{name} is refused")
        checks.that(error in ended.stderr.decode() and "bomb.yaml:1:" in ended.stderr.decode(),
                    f"{name} is named", ended.stderr[:500])


def main():
    checks = harness.Checks()
    for test in (test_version, test_set_and_reset, test_two_processes, test_fail_fast,
                 test_port_in_use, test_read_only_folder, test_no_room, test_full_disk,
                 test_checkpoint_files, test_inbox_files, test_event_store_that_goes,
                 test_lake_with_other_filters, test_lakes_of_names_with_dots,
                 test_hostile_configuration):
        with harness.workspace() as folder:
            test(folder, checks)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())

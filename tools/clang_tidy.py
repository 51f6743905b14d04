#!/usr/bin/env python3
"""Runs clang-tidy-19 with .clang-tidy over src/, two files at a time. A file that passed is not
looked at again until it, a header, or the checks change: what passed is kept in
~/.cache/penstock/clang-tidy.

    tools/clang_tidy.py [FILE...]    needs build/release/compile_commands.json
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
PASSED = CACHE / "penstock" / "clang-tidy"
PROGRAM = "clang-tidy-19"
COMMANDS = ROOT / "build/clang-tidy"


def digest(*paths):
    total = hashlib.sha256()
    for path in paths:
        total.update(path.read_bytes())
    return total.hexdigest()


def write_commands():
    """Those of the release build without its precompiled headers, which are g++'s."""
    commands = json.loads((ROOT / "build/release/compile_commands.json").read_text())
    for entry in commands:
        entry["command"] = re.sub(r" -Winvalid-pch -include \S+", "", entry["command"])
    COMMANDS.mkdir(parents=True, exist_ok=True)
    (COMMANDS / "compile_commands.json").write_text(json.dumps(commands))


def check(path, base):
    """Gives (path, None where it passed, else what was found)."""
    key = hashlib.sha256(f"{base} {path.relative_to(ROOT)} {digest(path)}".encode()).hexdigest()
    mark = PASSED / key
    if mark.exists():
        return path, None
    ended = subprocess.run([PROGRAM, "-p", str(COMMANDS), "--quiet", str(path)],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if ended.returncode == 0:
        mark.touch()
        return path, None
    return path, ended.stdout


def main():
    named = [pathlib.Path(p).resolve() for p in sys.argv[1:]]
    files = named or sorted(p for p in (ROOT / "src").rglob("*.cpp")
                            if not p.name.endswith(("_test.cpp", "_fuzz.cpp")))
    headers = sorted((ROOT / "src").rglob("*.h"))
    base = digest(ROOT / ".clang-tidy", *headers)
    PASSED.mkdir(parents=True, exist_ok=True)
    write_commands()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for path, found in pool.map(lambda p: check(p, base), files):
            if found is not None:
                failed += 1
                print(f"{path.relative_to(ROOT)}:\n{found}")
    print(f"{len(files) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

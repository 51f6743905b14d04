#!/usr/bin/env python3
"""Shows that each rule of tidy.py can fail: a small tree that breaks it, and one that keeps it."""
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tidy

HEADER = "// A thing. One owner, one thread.\n#pragma once\n"
LONG_BODY = "".join("  work();\n" for _ in range(80))

# (the rule, path, text that breaks it, text that keeps it)
CASES = [
    ("line_length", "src/doc/a.cpp", "int x;" + " " * 100 + "\n", "int x;\n"),
    ("file_length", "src/doc/a.cpp", "int x;\n" * 501, "int x;\n" * 500),
    ("function_length", "src/doc/a.cpp", "void f() {\n" + LONG_BODY + "}\n",
     "void f() {\n  work();\n}\n"),
    ("function_length", "src/doc/a.cpp",
     "Result<int> A::f(int a,\n                 int b) {\n" + LONG_BODY + "}\n",
     "struct A {\n" + LONG_BODY + "};\n"),
    ("banned", "src/doc/a.cpp", "auto t = std::chrono::system_clock::now();\n",
     "// system_clock::now() is banned here\n"),
    ("banned", "src/engine/lane.cpp", "std::mutex m;\n", "const char* m = \"std::mutex\";\n"),
    ("banned", "src/inbox/a.cpp", "std::mutex m;\n", "Mutex m;\n"),
    ("banned", "src/doc/a.cpp", "Mutex m;\n", "// Mutex\n"),
    ("banned", "src/connectors/x/a.cpp", "std::thread t(work);\n", "int thread;\n"),
    ("banned", "src/doc/a_test.cpp", "std::this_thread::sleep_for(1s);\n", "std::thread t;\n"),
    ("banned", "src/core/a.cpp", "auto* f = fopen(name, \"r\");\n", "files.open(name);\n"),
    ("banned", "src/core/a.cpp", "auto v = getenv(\"HOME\");\n", "auto v = \"getenv\";\n"),
    ("banned", "src/core/a.cpp", "int s = socket(1, 2, 3);\n",
     "web_socket(1);\nauto d = Database::connect(a);\n"),
    ("banned", "src/core/a.cpp", "auto* a = new Thing(1);\n",
     "A(const A&) = delete;\nreturn std::unique_ptr<Thing>(new Thing(1));\n"),
    ("banned", "src/core/a.cpp", "int x;  // TODO: later\n", "int x;  // all of it\n"),
    ("banned", "src/core/a.cpp", "using namespace std;\n",
     "using namespace std::chrono_literals;\n"),
    ("layers", "src/doc/a.cpp", '#include "core/event.h"\n', '#include "base/arena.h"\n'),
    ("layers", "src/engine/a.cpp", '#include "connectors/files/x.h"\n', '#include "core/sink.h"\n'),
    ("layers", "src/connectors/a/a.cpp", '#include "engine/spec.h"\n', '#include "core/sink.h"\n'),
    ("layers", "src/connectors/a/a.cpp", '#include "connectors/b/b.h"\n',
     '#include "connectors/a/a.h"\n'),
    ("layers", "src/connectors/a/a.cpp", '#include "testing/test_context.h"\n',
     '#include "core/sink.h"\n'),
    ("layers", "src/testing/a.cpp", '#include "connectors/a/a.h"\n',
     '#include "sim/sim_files.h"\n'),
    ("header_opening", "src/doc/a.h", "#pragma once\n", HEADER),
    ("header_opening", "src/doc/a.h", "// A thing.\n", HEADER),
    ("connector_readmes", "src/connectors/a/README.md", "# a\n", "# a\n" + "".join(
        f"## {h}\n" for h in ("What it does", "Delivery and order", "Permissions", "Limits",
                              "Errors", "Example"))),
    ("nothing_left_to_write", "src/connectors/a/README.md", "To be written: it all.\n", "It all.\n"),
    ("engine_size", "src/engine/a.cpp", "int x;\n" * (tidy.ENGINE_MAX + 1),
     "int x;\n" * tidy.ENGINE_MAX),
    ("text_files", "tools/a.py", "# TODO\n", "# done\n"),
]


def violations(rule, files):
    """How often a rule fires on a tree of these files."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "src").mkdir()
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return len(dict(tidy.check(root))[rule])


def main():
    failures = []
    for number, (rule, path, bad, good) in enumerate(CASES):
        if not violations(rule, {path: bad}):
            failures.append(f"case {number}: {rule} does not find its violation in {path}")
        if violations(rule, {path: good}):
            failures.append(f"case {number}: {rule} fires on what keeps it in {path}")
    with_readme = {"src/a/x.cpp": "int x;\n", "src/README.md": "a\n", "src/a/README.md": "a\n"}
    if violations("readmes", with_readme) or not violations("readmes", {"src/a/x.cpp": "int x;\n"}):
        failures.append("readmes")
    fuzz = {"src/a/x_fuzz.cpp": "int x;\n"}
    if not violations("fuzz_corpus", fuzz) or violations(
            "fuzz_corpus", {**fuzz, "src/a/x_corpus/one": "1"}):
        failures.append("fuzz_corpus")
    for failure in failures:
        print(failure)
    total = len(CASES) + 2
    print(f"{total - len(failures)} passed, {len(failures)} failed, 0 skipped")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

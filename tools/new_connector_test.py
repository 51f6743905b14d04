#!/usr/bin/env python3
"""Tests tools/new_connector: makes a sink and a source in a copy of the tree, builds them with their
contract suites, and looks that just what is to be written fails; then writes it, and nothing fails.

    tools/new_connector_test.py    ends with `N passed, N failed, N skipped`

The copy stands in build/new-connector and is kept, so that a second run builds little.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
TREE = ROOT / "build/new-connector"
BUILD = TREE / "build/release"
SECONDS_MAX = 1200
SINK_LINES_MAX = 150
SINK, SOURCE = "sample_sink", "sample_source"
CHECKS = []

# What passes before anything is written: a write or read that comes to the service can be stopped.
PASS_AT_FIRST = {f"{SINK}_stop", f"{SINK}_deadline", f"{SOURCE}_stop",
                 f"{SOURCE}_read_never_waits_for_commit"}


def check(what, holds, otherwise=""):
    CHECKS.append(bool(holds))
    if not holds:
        print(f"FAILED: {what}\n{otherwise}")


def run(*command, seconds=SECONDS_MAX):
    ended = subprocess.run([str(c) for c in command], cwd=TREE, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                           timeout=seconds)
    return ended.returncode, ended.stdout


def write_where_new(path, text):
    """A file that is as it was keeps its time, so that nothing is built again for it."""
    if not path.exists() or path.read_bytes() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)


def copy_tree():
    """The tree without the other connectors' registration, so that they are not built."""
    wanted = {}
    for part in ("src", "cmake", "tools"):
        for path in (ROOT / part).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                wanted[path.relative_to(ROOT)] = path.read_bytes()
    for name in ("CMakeLists.txt", "CMakePresets.json", ".clang-format"):
        wanted[pathlib.Path(name)] = (ROOT / name).read_bytes()
    known = pathlib.Path("src/testing/known_failures.h")
    wanted[known] = re.sub(rb"inline constexpr auto kKnownFailures.*?\n\}\);",
                           b"inline constexpr std::array<KnownFailure, 0> kKnownFailures = {};",
                           wanted[known], flags=re.S)
    for path in [p for p in wanted if p.match("src/connectors/*/register.cpp")]:
        del wanted[path]
    for path, text in wanted.items():
        write_where_new(TREE / path, text)
    for path in (TREE / "src").rglob("*"):
        if path.is_file() and path.relative_to(TREE) not in wanted:
            path.unlink()
    for name in (SINK, SOURCE):
        shutil.rmtree(TREE / "src/connectors" / name, ignore_errors=True)


def build():
    # Without the deliberate faults, some of which are in connectors that are not here.
    code, text = run("cmake", "--preset", "release", "-DPENSTOCK_MUTANTS=OFF")
    if code == 0:
        code, text = run("ninja", "-C", BUILD, "penstock_connectors_test",
                         f"penstock_connector_{SINK}_test", f"penstock_connector_{SOURCE}_test")
    return code, text


def results():
    """Gives ({case: whether it passed}, output) of the contract suites and the rest's failures."""
    _, text = run(BUILD / "src/connectors/penstock_connectors_test", seconds=120)
    cases = {}
    for verdict, case in re.findall(r"^\[ +(OK|FAILED) +\] (\S+?)(?:,| \()", text, re.M):
        cases[case.rsplit("/", 1)[-1]] = verdict == "OK"
    return cases, text


def expect_failures(when, expected):
    code, text = build()
    check(f"{when}: it compiles", code == 0, text[-4000:])
    if code != 0:
        return
    for name in (SINK, SOURCE):
        program = BUILD / f"src/connectors/{name}/penstock_connector_{name}_test"
        code, text = run(program, seconds=60)
        check(f"{when}: the test of {name} passes", code == 0, text)
    cases, text = results()
    check(f"{when}: the suites ran", len(cases) >= 19, text)
    failed = {case for case, passed in cases.items() if not passed}
    wrong = failed ^ {case for case in cases if expected(case)}
    check(f"{when}: just what is to be written fails", not wrong,
          f"otherwise than expected: {sorted(wrong)}\n{text[-6000:]}")


def expect_rules(when, is_written):
    code, text = run(sys.executable, "tools/tidy.py", TREE)
    named = [line for line in text.splitlines() if SINK in line or SOURCE in line]
    left = [line for line in named if "[nothing_left_to_write]" in line]
    for name in (SINK, SOURCE):
        for file in ("README.md", f"{'sink' if name == SINK else 'source'}.cpp"):
            found = any(f"connectors/{name}/{file}:" in line for line in left)
            check(f"{when}: tools/tidy.py names what is left to write in {name}/{file}",
                  found != is_written, "\n".join(left))
    named = [line for line in named if line not in left]
    check(f"{when}: tools/tidy.py finds nothing else", not named, "\n".join(named))
    if shutil.which("clang-format-19"):
        files = [p for name in (SINK, SOURCE) for p in (TREE / "src/connectors" / name).iterdir()
                 if p.suffix in (".cpp", ".h")]
        code, text = run("clang-format-19", "--dry-run", "--Werror", *files)
        check(f"{when}: it is formatted", code == 0, text)


def write_answers():
    """Puts the answers of the exercise in the place of what is to be written, as a person would."""
    for name, kind, headers in ((SINK, "sink", "<algorithm>\n#include <charconv>"),
                                (SOURCE, "source", None)):
        answer = (ROOT / "tools/new_connector_templates" / kind / "answer.cpp").read_text()
        path = TREE / "src/connectors" / name / f"{kind}.cpp"
        text = path.read_text()
        written = re.sub(r"// To be written:(?:.|\n)*?\n\}\n", "", text)
        at = written.index("namespace {\n") + len("namespace {\n") if kind == "sink" else \
            written.index("class LogReader")
        answer = answer.replace("@name@", name)
        written = written[:at] + ("\n" if kind == "sink" else "") + answer + \
            ("" if kind == "sink" else "\n") + written[at:]
        if headers:
            written = written.replace("<algorithm>", headers, 1)
        path.write_text(re.sub(r"\n{3,}", "\n\n", written))
        for file in ("README.md", "contract_fixture.cpp"):
            path = TREE / "src/connectors" / name / file
            path.write_text(path.read_text().replace("To be written", "Written"))
    files = [TREE / f"src/connectors/{SINK}/sink.cpp", TREE / f"src/connectors/{SOURCE}/source.cpp"]
    if shutil.which("clang-format-19"):
        run("clang-format-19", "-i", *files)


def expect_no_folder_without_fixture():
    fixture = TREE / "src/connectors" / SINK / "contract_fixture.cpp"
    text = fixture.read_text()
    fixture.unlink()
    code, said = run("cmake", "--preset", "release", "-DPENSTOCK_MUTANTS=OFF")
    check("a folder without a contract fixture does not configure",
          code != 0 and "has no contract_fixture.cpp" in said, said)
    fixture.write_text(text)


def count_sink_lines():
    """Lines of code of the sink, without its settings, comments and empty lines."""
    folder = TREE / "src/connectors" / SINK
    text = (folder / "sink.h").read_text() + (folder / "sink.cpp").read_text()
    text = re.sub(r"  struct Settings \{.*?\n  \};\n", "", text, flags=re.S)
    text = re.sub(r"^void \w+::Settings::fields\(.*?\n\}\n", "", text, flags=re.S | re.M)
    return sum(1 for line in text.splitlines() if line.strip() and not line.strip().startswith("//"))


def main():
    copy_tree()
    tool = TREE / "tools/new_connector"
    for arguments in (("Bad-Name",), ("_x",), ("files",), (SINK, "--sink", "--source")):
        code, text = run(sys.executable, tool, *arguments, seconds=30)
        check(f"{arguments} is refused", code != 0, text)
    for name, kind in ((SINK, "--sink"), (SOURCE, "--source")):
        code, text = run(sys.executable, tool, name, kind, seconds=30)
        check(f"{name} is made", code == 0, text)
    expect_rules("as it is made", False)
    expect_no_folder_without_fixture()
    expect_failures("as it is made", lambda case: case.startswith((SINK, SOURCE))
                    and case not in PASS_AT_FIRST)
    write_answers()
    expect_rules("once it is written", True)
    expect_failures("once it is written", lambda case: False)
    lines = count_sink_lines()
    print(f"a sink of the example: {lines} lines of code beside its settings")
    check(f"the sink has at most {SINK_LINES_MAX} lines", lines <= SINK_LINES_MAX, str(lines))
    print(f"{sum(CHECKS)} passed, {len(CHECKS) - sum(CHECKS)} failed, 0 skipped")
    return 0 if all(CHECKS) else 1


if __name__ == "__main__":
    os.environ.setdefault("CCACHE_SLOPPINESS", "pch_defines,time_macros")
    sys.exit(main())

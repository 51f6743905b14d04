#!/usr/bin/env python3
"""The repository's rules as a test: sizes, banned calls, layering, openings, READMEs.

    tools/tidy.py [ROOT]    prints each violation as FILE:LINE: what, then the sum

To add a rule: one function `rule_*(files, root)` that yields (path, line, text).
"""
import pathlib
import re
import sys

LINE_MAX = 100
FUNCTION_MAX = 70
FILE_MAX = 500
ENGINE_MAX = 2900
BESIDE_THE_MACHINE = tuple("engine/" + name for name in (
    "runner", "read_stage", "assembly", "spec", "status", "test_"))

# What a folder of src/ may include, besides itself.
LAYERS = ["base", "doc", "config", "net", "core"]
ALLOWED = {name: set(LAYERS[:i]) for i, name in enumerate(LAYERS)}
ABOVE_CORE = ("naming", "lake", "pattern", "clients", "codecs", "transforms", "checkpoints",
              "dead_letters", "inbox")
for name in ABOVE_CORE + ("engine", "connectors"):
    ALLOWED[name] = set(LAYERS)
ALLOWED["transforms"] |= {"pattern"}
ALLOWED["checkpoints"] |= {"clients"}
ALLOWED["lake"] |= {"naming"}
ALLOWED["connectors"] |= {"naming", "lake", "inbox", "codecs", "clients"}
ALLOWED["pipeline_file"] = set(LAYERS) | {"pattern", "engine"}
ALLOWED["admin"] = set(LAYERS) | {"engine"}
ALLOWED["cli"] = set(LAYERS) | set(ABOVE_CORE) | {"engine", "pipeline_file", "admin", "connectors"}
ALLOWED["sim"] = set(LAYERS) | set(ABOVE_CORE) | {"engine", "connectors", "testing"}
ALLOWED["testing"] = set(LAYERS) | {"sim"}  # and tests of any folder include it

# Call -> (pattern, files that may, as prefixes below src/).
# The inbox syncs for many requests at once; the Firehose API is called by the server's threads; a
# sink is replaced while other lanes write; components of all pipelines share objects, and take turns.
THREADS = ("engine/runner", "pipeline_file/refreshing_sink", "net/", "admin/", "base/log",
           "base/metrics", "base/mutex", "base/system_log", "clients/sqlite/turns", "core/shared", "cli/",
           "inbox/", "connectors/firehose/api")
BANNED = [
    ("a clock", r"\b(?:system_clock|steady_clock|high_resolution_clock)::now\b|\bclock_gettime\b"
     r"|\bgettimeofday\b|\btime\((?:nullptr|NULL|0)\)", ("base/time",)),
    ("a sleep", r"\bsleep_(?:for|until)\b|\b[un]?sleep\(", ()),
    ("rand or random_device", r"\b(?:std::)?s?rand\(|\brandom_device\b|\bmt19937\b",
     ("base/random", "cli/")),
    ("getenv", r"\bgetenv\b", ("config/environment", "config/substitute", "cli/")),
    ("a file opened outside Files", r"\bfopen\b|\b(?:std::)?[io]?fstream\b|(?<![\w>])::open\("
     r"|\bfilesystem::(?:rename|remove|create)", ("base/system_files", "cli/", "main")),
    ("a socket outside net/", r"(?<![\w.:>])(?:::)?socket\(|(?<![\w>])::connect\("
     r"|(?<![\w>])::accept4?\(", ("net/",)),
    ("a thread outside the runner", r"\bstd::j?thread\b(?!::hardware)", THREADS),
    ("a lock or an atomic outside its folders", r"\bMutex\b|\b(?:Stoppable)?Condition\b"
     r"|\bstd::atomic\b", THREADS),
    ("a lock that clang does not check; take the one of base/mutex.h", r"\bstd::\w*mutex\b"
     r"|\bcondition_variable(?:_any)?\b", ("base/mutex",)),
    ("delete, or new beside no unique_ptr", r"\bnew\s+[A-Z]\w*[({\[]|(?<!= )\bdelete\s+\w", ()),
    ("using namespace", r"^\s*using namespace(?! std::(?:chrono|\w*literals)\b)", ()),
    ("TODO or FIXME", r"\b(?:TODO|FIXME|XXX)\b", ()),
]
TEST = re.compile(r"(_test|_fuzz|_main|_oracle|_bench|_fixture)\.cpp$|(^|/)(testing|sim)/"
                  r"|fake|test_support|test_help|testing\.")
INCLUDE = re.compile(r'^\s*#include "([^"]+)"')


class Source:
    """One C++ file: its lines, and its code without comments and string contents."""

    def __init__(self, path, src):
        self.path = path
        self.name = path.relative_to(src).as_posix()
        self.lines = path.read_text(encoding="utf-8").split("\n")
        if self.lines and self.lines[-1] == "":
            self.lines.pop()
        self.code = [line for line in strip(self.lines)]
        self.is_test = bool(TEST.search(self.name))


def strip(lines):
    """Blanks comments and string contents, line by line (raw strings over lines included)."""
    text = "\n".join(lines)
    token = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\''
                       r"|//[^\n]*|/\*.*?\*/", re.S)

    def blank(match):
        found = match.group(0)
        keep = '"' if found.endswith('"') else ""
        return keep + "\n" * found.count("\n") + keep
    return token.sub(blank, text).split("\n")


def rule_line_length(files, root):
    for f in files:
        for i, line in enumerate(f.lines, 1):
            if len(line) > LINE_MAX:
                yield f.path, i, f"{len(line)} columns, at most {LINE_MAX}"


def rule_file_length(files, root):
    for f in files:
        if len(f.lines) > FILE_MAX:
            yield f.path, len(f.lines), f"{len(f.lines)} lines, at most {FILE_MAX}: split it"


NO_FUNCTION = re.compile(r"^\s*(?:if|for|while|switch|else|do|try|namespace|class|struct|enum|union"
                         r"|extern|return|case|default)\b|^\s*[}\]]|[=,(]\s*\{\s*$")


def statement_start(code, line):
    """The line where the statement begins that ends on this line."""
    while line > 0 and code[line - 1].strip() and code[line - 1].rstrip()[-1] not in ";{}:":
        line -= 1
    return line


def closing_line(code, line):
    """The line of the brace that closes the last one opened on this line."""
    depth = 0
    for j in range(line, len(code)):
        depth += code[j].count("{") - code[j].count("}")
        if depth <= 0:
            return j
    return len(code) - 1


def rule_function_length(files, root):
    """A function is a statement with parentheses that ends in `{`, up to its closing brace."""
    for f in files:
        for i, line in enumerate(f.code):
            if not line.rstrip().endswith("{"):
                continue
            start = statement_start(f.code, i)
            statement = " ".join(f.code[start:i + 1])
            if "(" not in statement or NO_FUNCTION.search(statement):
                continue
            length = closing_line(f.code, i) - start + 1
            if length > FUNCTION_MAX:
                yield f.path, start + 1, f"a function of {length} lines, at most {FUNCTION_MAX}"


def owned(code, line):
    """Whether the `new` on this line goes straight into a unique_ptr (private constructors)."""
    return "unique_ptr<" in " ".join(code[max(0, line - 1):line + 1])


def rule_banned(files, root):
    for f in files:
        for what, pattern, allowed in BANNED:
            exempt = f.is_test and what not in ("TODO or FIXME", "a sleep")
            if exempt or f.name.startswith(allowed or ("\0",)):
                continue
            found = re.compile(pattern)
            source = f.lines if what == "TODO or FIXME" else f.code
            for i, line in enumerate(source, 1):
                if found.search(line) and not (what.startswith("delete")
                                               and owned(source, i - 1)):
                    yield f.path, i, f"{what}: {line.strip()[:80]}"


def rule_layers(files, root):
    for f in files:
        parts = f.name.split("/")
        if len(parts) < 2:
            continue
        folder = parts[0]
        for i, line in enumerate(f.lines, 1):
            found = INCLUDE.match(line)
            if not found or "/" not in found.group(1):
                continue
            target = found.group(1).split("/")
            if target[0] == folder:
                if folder == "connectors" and len(parts) > 2 and len(target) > 2 \
                        and target[1] != parts[1]:
                    yield f.path, i, f"one connector includes another: {found.group(1)}"
                continue
            if target[0] in ("sim", "testing") and TEST.search(f.name):
                continue  # the simulated disk, and what tests stand on
            if target[0] not in ALLOWED.get(folder, set()):
                yield f.path, i, f"{folder}/ may not include {found.group(1)}"


def rule_header_opening(files, root):
    for f in files:
        if not f.name.endswith(".h"):
            continue
        if not f.lines or not f.lines[0].startswith("// "):
            yield f.path, 1, "a header opens with what it is, who owns it, which threads call it"
        if "#pragma once" not in f.lines:
            yield f.path, 1, "a header without #pragma once"


def rule_readmes(files, root):
    folders = {f.path.parent for f in files}
    for top in ("src", "tools", "bench", "docs", "examples", "tests"):
        if (root / top).is_dir():
            folders.add(root / top)
    for folder in sorted(folders):
        if folder.name.endswith("_corpus"):
            continue
        if not (folder / "README.md").exists():
            yield folder, 1, "a folder without a README.md"


def rule_connector_readmes(files, root):
    headings = ["What it does", "Delivery and order", "Permissions", "Limits", "Errors", "Example"]
    for readme in sorted((root / "src/connectors").glob("*/README.md")):
        text = readme.read_text(encoding="utf-8")
        for heading in headings:
            if not re.search(rf"^#+ {heading}\s*$", text, re.M):
                yield readme, 1, f"a connector's README without the heading {heading!r}"


def rule_nothing_left_to_write(files, root):
    """What tools/new_connector left to its user."""
    for path in sorted((root / "src/connectors").glob("*/*")):
        if path.suffix in (".md", ".cpp", ".h"):
            for i, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
                if "To be written" in line:
                    yield path, i, f"is still to be written: {line.strip()[:80]}"


def rule_engine_size(files, root):
    """The state machine, in lines of code; what builds, runs and shows it is beside it, and probes
    are the simulator's."""
    machine = [f for f in files if f.name.startswith("engine/") and not f.is_test
               and not f.name.startswith(BESIDE_THE_MACHINE)]
    lines = sum(1 for f in machine for line in f.code
                if line.strip() and not line.strip().startswith("PROBE("))
    if lines > ENGINE_MAX:
        yield root / "src/engine", 1, f"the state machine has {lines} lines, at most {ENGINE_MAX}"


def rule_fuzz_corpus(files, root):
    for f in files:
        if f.name.endswith("_fuzz.cpp"):
            stem = f.path.name.removesuffix("_fuzz.cpp")
            folders = [f.path.with_name(stem + "_corpus"), f.path.with_name(stem + "_fuzz_corpus")]
            if not any(d.is_dir() and any(d.iterdir()) for d in folders):
                yield f.path, 1, f"a fuzz target without a corpus in {stem}_corpus/"


def rule_text_files(files, root):
    """Scripts and pages: no TODO, nothing of the machine they were written on."""
    found = re.compile(r"\bTODO\b|\bFIXME\b|/home/\w+/|/root/\w+")
    for top in ("tools", "bench", "docs", "tests", "examples"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in (".py", ".sh", ".md", ".cpp", ".c", ".yaml", ".txt"):
                continue
            if path.name in ("tidy.py", "tidy_test.py", "STYLE.md"):
                continue
            for i, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
                if found.search(line):
                    yield path, i, f"does not belong here: {line.strip()[:80]}"


RULES = [value for name, value in list(globals().items()) if name.startswith("rule_")]


def check(root):
    """Runs every rule; gives [(rule's name, [(path, line, text)])]."""
    src = root / "src"
    files = [Source(p, src) for p in sorted(src.rglob("*")) if p.suffix in (".h", ".cpp")]
    return [(rule.__name__[5:], list(rule(files, root))) for rule in RULES]


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    root = root if root.is_dir() else root.parents[1]
    results = check(root)
    for name, violations in results:
        for path, line, text in violations:
            print(f"{path.relative_to(root)}:{line}: [{name}] {text}")
    failed = sum(1 for _, violations in results if violations)
    print(f"{len(results) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Shows what mutants.py makes of entries, and that it refuses those that do not apply."""
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mutants

ENTRY = """# A comment.
sync_forgotten  lake/writer.cpp
  An object is durable before
  it has its name.
- TRY(sync());
-   rename();
+ if (!MUTANT) { TRY(sync()); }
+ rename();
"""
OTHER = "other  lake/writer.cpp\n  Why.\n- {}\n+ MUTANT\n"
SOURCE = "void f() {\n  TRY(sync());\n  rename();\n  last();\n}\n"


def fails(action):
    try:
        action()
    except mutants.Broken as problem:
        return str(problem)
    return None


def copy(text, source=SOURCE):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "src/lake/writer.cpp"
        path.parent.mkdir(parents=True)
        path.write_text(source)
        return mutants.copy_of(mutants.parse(text), "lake/writer.cpp", pathlib.Path(folder))


def cases():
    """(what is expected, whether it is so)"""
    entry = mutants.parse(ENTRY)[0]
    yield "an entry is read", entry == mutants.Mutant(
        "sync_forgotten", "lake/writer.cpp", " An object is durable before it has its name.".strip(),
        "TRY(sync());\n  rename();", "if (!MUTANT) { TRY(sync()); }\nrename();")
    made = copy(ENTRY).splitlines()
    yield "the switch is declared first", made[0] == '#include "sim/mutated.h"'
    yield "the text is replaced, with its name in the switch", made[3] == (
        '  if (!::penstock::sim::is_mutant("sync_forgotten")) { TRY(sync()); } rename();')
    yield "the lines behind it keep their numbers", made[5] == "  last();"
    yield "a text that is not there is refused by name", "sync_forgotten" in str(
        fails(lambda: copy(ENTRY, "void f() {}\n")))
    yield "a text that is there twice is refused", "2 times" in str(
        fails(lambda: copy(ENTRY, SOURCE + SOURCE)))
    yield "texts that overlap are refused", "overlaps" in str(
        fails(lambda: copy(ENTRY + "\n" + OTHER.format("rename();"))))
    yield "texts side by side are not", fails(
        lambda: copy(ENTRY + "\n" + OTHER.format("last()"))) is None
    yield "a file that is gone is refused", "no src/" in str(
        fails(lambda: mutants.copy_of(mutants.parse(ENTRY), "lake/writer.cpp",
                                      pathlib.Path("/nowhere"))))
    yield "a replacement without its switch is refused", fails(
        lambda: mutants.parse(ENTRY.replace("MUTANT", "false")))
    yield "a name that stands there twice is refused", fails(
        lambda: mutants.parse(ENTRY + "\n" + ENTRY))
    yield "an entry without a rule is refused", fails(
        lambda: mutants.parse("a  b/c.cpp\n- x\n+ MUTANT\n"))
    problems = mutants.check(mutants.load())
    yield f"every entry of src/sim/mutants.txt applies {problems}", not problems


def main():
    results = list(cases())
    failures = [what for what, holds in results if not holds]
    for what in failures:
        print(f"not so: {what}")
    print(f"{len(results) - len(failures)} passed, {len(failures)} failed, 0 skipped")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Deliberate faults (src/sim/mutants.txt), put into copies of the sources that they break.

    tools/mutants.py check                   each entry applies; names those that do not
    tools/mutants.py files                   the files below src/ that have entries, one a line
    tools/mutants.py copy FILE TO            writes the copy of src/FILE with all of its faults

All faults of a file are in its copy at once, each behind a switch (sim/mutated.h), so that one
build serves them all. tools/testing/mutations.py runs them.
"""
import dataclasses
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
ENTRIES = ROOT / "src/sim/mutants.txt"
HEADING = re.compile(r"([a-z0-9_]+)  ([a-z0-9_/]+\.cpp)")


class Broken(Exception):
    """An entry that cannot be read or does not apply."""


@dataclasses.dataclass(frozen=True)
class Mutant:
    name: str
    file: str         # below src/
    why: str          # the rule that it breaks
    text: str         # occurs once in the file
    replacement: str  # with MUTANT where the switch stands


def parse(text):
    """The entries of mutants.txt: blocks between empty lines."""
    mutants = []
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if not lines:
            continue
        heading = HEADING.fullmatch(lines[0])
        if not heading:
            raise Broken(f"no `name  folder/file.cpp`: {lines[0]}")
        name, file = heading.groups()
        marks = "".join(line[0] for line in lines[1:])
        if not re.fullmatch(r" +-+\++", marks):
            raise Broken(f"{name}: wanted are lines with the rule (indented), then with the text"
                         " (- ), then with its replacement (+ )")

        def part(mark):
            return "\n".join(line[2:] for line in lines[1:] if line[0] == mark)
        mutants.append(Mutant(name, file, part(" ").replace("\n", " "), part("-"), part("+")))
        if "MUTANT" not in mutants[-1].replacement or "//" in mutants[-1].replacement:
            raise Broken(f"{name}: the replacement needs MUTANT, and no comment")
    names = [mutant.name for mutant in mutants]
    for name in names:
        if names.count(name) > 1:
            raise Broken(f"{name}: stands there twice")
    return mutants


def load():
    return parse(ENTRIES.read_text(encoding="utf-8"))


def place(mutant, source):
    """Where in the source the text is, as (begin, end)."""
    count = source.count(mutant.text)
    if count != 1:
        raise Broken(f"{mutant.name}: its text is {count} times in src/{mutant.file}, not once:"
                     f" {mutant.text}")
    begin = source.index(mutant.text)
    return begin, begin + len(mutant.text)


def apply(mutants, file, source, path):
    """The source of one file with all of its faults. Lines keep their numbers: a replacement is
    joined to one line and takes as many as the text did."""
    places = sorted((place(mutant, source), mutant) for mutant in mutants if mutant.file == file)
    out = [f'#include "sim/mutated.h"\n#line 1 "{path}"\n']
    done, before = 0, None
    for (begin, end), mutant in places:
        if begin < done:
            raise Broken(f"{mutant.name}: its text overlaps that of {before}")
        joined = " ".join(line.strip() for line in mutant.replacement.split("\n"))
        switch = f'::penstock::sim::is_mutant("{mutant.name}")'
        out += [source[done:begin], re.sub(r"\bMUTANT\b", switch, joined),
                "\n" * mutant.text.count("\n")]
        done, before = end, mutant.name
    return "".join(out) + source[done:]


def copy_of(mutants, file, root=ROOT):
    path = root / "src" / file
    if not path.exists():
        names = ", ".join(mutant.name for mutant in mutants if mutant.file == file)
        raise Broken(f"{names}: there is no src/{file}")
    return apply(mutants, file, path.read_text(encoding="utf-8"), path)


def check(mutants, root=ROOT):
    """What does not apply, file by file."""
    problems = []
    for file in dict.fromkeys(mutant.file for mutant in mutants):
        try:
            copy_of(mutants, file, root)
        except Broken as problem:
            problems.append(str(problem))
    return problems


def main(arguments):
    try:
        mutants = load()
        if arguments == ["check"]:
            problems = check(mutants)
            for problem in problems:
                print(f"src/sim/mutants.txt: {problem}", file=sys.stderr)
            return 1 if problems else 0
        if arguments == ["files"]:
            print("\n".join(sorted({mutant.file for mutant in mutants})))
            return 0
        if len(arguments) == 3 and arguments[0] == "copy":
            to = pathlib.Path(arguments[2])
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_text(copy_of(mutants, arguments[1]), encoding="utf-8")
            return 0
    except Broken as problem:
        print(f"src/sim/mutants.txt: {problem}", file=sys.stderr)
        return 1
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""What several runs say of a figure: the median run, the spread, new against old."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "integration")]
sys.dont_write_bytecode = True
import harness
from figures import Figure, middle, slope, spread, summed, table


def run(value, name="f"):
    return [Figure(name, "≤ 2", f"{value} s", value <= 2, value)]


VOID = [Figure("f", "", "void: no output", None, None)]


def main():
    results = {
        "the middle run stands with its own words": middle(
            [f for v in (3, 1, 2) for f in run(v)]) == run(2)[0],
        "of two the lower one": middle(run(2) + run(1)) == run(1)[0],
        "a void run voids the figure": middle(run(1) + VOID) == VOID[0],
        "A/A is the largest against the smallest": abs(spread([1.1, 1.0, 1.05]) - 0.1) < 1e-9,
        "figures of a row stay apart": [s.figure.name for s in summed(
            [run(1, "a") + run(9, "b"), run(2, "a") + run(8, "b")])] == ["a", "b"],
        "one run has no spread": summed([run(1)])[0].spread is None,
        "the other program's median": summed([run(1)], [run(1), run(4), run(2)])[0].old == 2,
        "no ratio to a void run": summed([run(1)], [VOID])[0].old is None,
        "new/old": "| f | ≤ 2 | 1 s | – | reached | 0.500 | – |"
                   in table(summed([run(1)], [run(2)]), True),
        "a miss is seen": "| 3 s | 50.0 % | **missed** |" in table(
            summed([run(3), run(3), run(2)]), False),
        "a slope": abs(slope([(0, 5), (1, 7), (2, 9)]) - 2) < 1e-9,
        "one point has none": slope([(1, 5)]) == 0,
    }
    checks = harness.Checks()
    for name, passed in results.items():
        checks.that(passed, name)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())

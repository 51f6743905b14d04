"""Figures, and what several runs of one program, or of two, say of them. No I/O."""
import collections
import statistics

# `value` is the number that is compared; None where the row is void.
Figure = collections.namedtuple("Figure", "name must measured good value")
# Of all runs of one figure: the median run, and what the others of the same program say.
Summed = collections.namedtuple("Summed", "figure spread old old_spread")


def spread(values):
    """A/A: by how much the largest is above the smallest, of runs of the same program."""
    return max(values) / min(values) - 1 if min(values) > 0 else 0.0


def middle(figures):
    """The run whose value is the median; of two the lower one. A void run voids the figure."""
    void = [f for f in figures if f.value is None]
    return void[0] if void else sorted(figures, key=lambda f: f.value)[(len(figures) - 1) // 2]


def summed(new, old=()):
    """One Summed for each figure of a row, from its runs: lists of the same figures."""
    found = []
    for name in dict.fromkeys(f.name for figures in new for f in figures):
        runs = [f for figures in new for f in figures if f.name == name]
        others = [f.value for figures in old for f in figures if f.name == name]
        values = [f.value for f in runs]
        known, others_known = None not in values, bool(others) and None not in others
        found.append(Summed(middle(runs), spread(values) if known and len(values) > 1 else None,
                            statistics.median(others) if others_known else None,
                            spread(others) if others_known and len(others) > 1 else None))
    return found


def per_cent(share):
    return "–" if share is None else f"{share * 100:.1f} %"


def table(rows, against):
    columns = ["figure", "must reach", "measured", "A/A", "verdict"]
    columns += ["new/old", "A/A old"] if against else []
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    for f, own, old, old_spread in rows:
        verdict = {True: "reached", False: "**missed**", None: "void"}[f.good]
        verdict = "–" if f.value is not None and not f.must else verdict
        cells = [f.name, f.must, f.measured, per_cent(own), verdict]
        if against:
            known = old and f.value is not None
            cells += [f"{f.value / old:.3f}" if known else "–", per_cent(old_spread)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def slope(points):
    """By least squares: by how much y grows for each x, of (x, y)."""
    if len(points) < 2:
        return 0.0
    mean_x, mean_y = (statistics.mean(p[i] for p in points) for i in (0, 1))
    across = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / across if across else 0.0

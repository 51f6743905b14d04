#!/usr/bin/env python3
"""Runs the groups of tests that ./test names and sums them in one closing line."""
import argparse
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import groups
from groups import Count


def chosen(args):
    """The groups to run, in order; an unknown name ends the program."""
    known = {g.name: g for g in groups.GROUPS}
    for name in args.names:
        if name not in known:
            sys.exit(f"./test: no group {name!r}; known: {', '.join(known)}")
    if args.names:
        return [known[name] for name in args.names]
    return [g for g in groups.GROUPS if g.fast or not args.fast]


def run_group(group, fast):
    start = time.monotonic()
    print(f"== {group.name}: {group.says}", flush=True)
    try:
        count = (group.run_fast or group.run)() if fast else group.run()
    except groups.Missing as missing:
        in_ci = os.environ.get("CI") == "true"
        print(f"   {'FAILED' if in_ci else 'skipped'}: {missing}", flush=True)
        count = Count(failed=1) if in_ci else Count(skipped=1)
    except groups.Broken as broken:
        print(f"   FAILED: {broken}", flush=True)
        count = Count(failed=1)
    seconds = time.monotonic() - start
    print(f"   {count.passed} passed, {count.failed} failed, {count.skipped} skipped"
          f" in {seconds:.0f} s", flush=True)
    return count


def main():
    parser = argparse.ArgumentParser(prog="./test")
    parser.add_argument("names", nargs="*", metavar="GROUP")
    parser.add_argument("--fast", action="store_true", help="only the groups marked fast, and of some less")
    parser.add_argument("--list", action="store_true", help="name the groups")
    args = parser.parse_args()
    if args.list:
        for group in groups.GROUPS:
            print(f"{group.name:<14} {'fast' if group.fast else '    '}  {group.says}")
        return 0
    os.chdir(groups.ROOT)
    total = Count()
    failed = []
    for group in chosen(args):
        count = run_group(group, args.fast and not args.names)
        total = total + count
        if count.failed:
            failed.append(group.name)
    if failed:
        print(f"failed groups: {', '.join(failed)}; logs are in build/test-logs/")
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped", flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())

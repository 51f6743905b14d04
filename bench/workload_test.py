#!/usr/bin/env python3
"""The workload's bytes are fixed: the figures of different days are of the same work."""
import json
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "integration")]
import harness
import workload

UNIQUE = "6f0fb4c422f129935bf75a73297d405909f8ef0deec34aa120938f2ad23fbc0d"
KEYED = "e113a9b823e99a6411e9d8d890b5d9721def1956f25931be5d0dd8866b2e72e4"


def follows_its_key(records):
    """Inserts only of absent keys, changes of live ones only, each from the state before it."""
    live = {}
    for record in records:
        change = json.loads(record)
        key = change["dynamodb"]["Keys"]["device"]["S"]
        before = change["dynamodb"].get("OldImage")
        if live.get(key) != before or (change["eventName"] == "INSERT") != (before is None):
            return False
        live[key] = change["dynamodb"].get("NewImage")
    return True


def main():
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        results = {
            "unique keys, seed 42": workload.write(out, 10_000) == UNIQUE,
            "100 keys, seed 7": workload.write(out, 5_000, 7, 100) == KEYED,
            "keys follow their history": follows_its_key(workload.lines(3_000, 1, 50)),
        }
    checks = harness.Checks()
    for name, passed in results.items():
        checks.that(passed, name)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())

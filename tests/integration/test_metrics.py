#!/usr/bin/env python3
"""What components count for themselves, as /metrics and /api/status of a running program show it:
inbox, http sink, dead letters; also of a sink that was made anew with a changed secret."""
import collections
import json
import pathlib
import re
import sys
import urllib.request

import harness
from harness import free_port, wait_until

INGEST = """name: ingest
source:
  firehose: {{listen: "127.0.0.1:{port}", inbox: "inbox", inbox_bytes_max: 8MiB}}
sinks:
  - http: {{url: "http://127.0.0.1:{to}/in", headers: {{Authorization: "${{file:token}}"}}}}
    lanes: 1
dead_letter: {{files: {{path: "letters"}}}}
"""
FANS = ("""name: {name}
source:
  generate: {{count: 20000, seed: {seed}}}
sinks:
  - event_store: {{path: "{path}"}}
checkpoint: {{sqlite: {{path: "checkpoints.db"}}}}
""")
SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')


def get(admin, page):
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}{page}", timeout=10) as answer:
        return answer.read().decode()


def series(text, checks):
    """{series: value} of a page, which must be what Prometheus takes: each family once and whole."""
    values, types, current = {}, collections.Counter(), ""
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            current = line.split()[2]
            types[current] += 1
        elif not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups()
            if re.sub(r"_(bucket|sum|count)$", "", name) != re.sub(r"_(sum|count)$", "", current):
                checks.that(False, "a sample stands under its family", line)
            key = f"{name}{{{labels or ''}}}"
            if key in values:
                checks.that(False, "a series is there once", line)
            values[key] = float(value)
    checks.equal([name for name, count in types.items() if count > 1], [], "a family is there once")
    return values


def answers(shown):
    label = 'pipeline="ingest",component="http",class="'
    return {kind: shown.get(f'penstock_http_answers_total{{{label}{kind}"}}')
            for kind in ("2xx", "3xx", "4xx", "5xx", "other", "none")}


def test_components(folder, checks):
    port, admin = free_port(), free_port()
    (folder / "token").write_text("first")
    with harness.Receiver() as receiver:
        receiver.authorization = "first"
        receiver.refuse = lambda path, body: b"bad" in body
        (folder / "ingest.yaml").write_text(INGEST.format(port=port, to=receiver.port))
        running = harness.Penstock(folder, "run", "--admin", f"127.0.0.1:{admin}", "ingest.yaml")
        running.wait_for_port(port)
        running.wait_for_port(admin)

        def shown():
            return series(get(admin, "/metrics"), checks)

        def seen(expected):
            return wait_until(lambda: answers(shown()) == expected or None, 20, f"{expected}")
        firehose = harness.Firehose(port)
        checks.that(firehose.put_batch("orders", [b'{"n":1}', b'"bad"', b'{"n":2}']), "taken")
        none = dict.fromkeys(("3xx", "5xx", "other", "none"), 0)
        seen({**none, "2xx": 2, "4xx": 1})
        of_inbox, of_letters = ('{pipeline="ingest",component="firehose"}',
                                '{pipeline="ingest",component="dead_letter"}')
        now = shown()
        checks.that(0 < now["penstock_inbox_bytes" + of_inbox] < 10_000, "bytes of the inbox", now)
        checks.equal(now["penstock_inbox_bytes_limit" + of_inbox], 8 << 20, "their limit")
        checks.equal(now["penstock_inbox_refused_requests_total" + of_inbox], 0, "none refused")
        wait_until(lambda: shown()["penstock_dead_letters_waiting" + of_letters] == 1, 20,
                   "one letter waits")

        # The sink is made anew with another token and goes on with its counters.
        receiver.authorization = "second"
        (folder / "token").write_text("second")
        checks.that(firehose.put_batch("orders", [b'{"n":3}']), "taken after the change")
        seen({**none, "2xx": 3, "4xx": 2})
        status = json.loads(get(admin, "/api/status"))["pipelines"][0]["metrics"]
        found = [one["value"] for one in status if one["labels"].get("class") == "2xx"]
        checks.equal(found, [3], "the status shows the same")
        checks.equal(running.stop(), 0, "the drain")

        # What waits for a replay is known after a restart; what was counted begins anew.
        running = harness.Penstock(folder, "run", "--admin", f"127.0.0.1:{admin}", "ingest.yaml")
        running.wait_for_port(port)
        wait_until(lambda: shown()["penstock_dead_letters_waiting" + of_letters] == 1, 20,
                   "one letter still waits")
        seen({**none, "2xx": 0, "4xx": 0})
        checks.equal(running.stop(), 0, "the second drain")


# They take turns at the store and at the checkpoints, so that none fails because of another.
def test_writers_of_one_file(folder, checks):
    admin, count = free_port(), 4
    pathlib.Path(folder / "fans").mkdir()
    for i in range(count):
        (folder / f"fans/fan{i}.yaml").write_text(
            FANS.format(name=f"fan{i}", seed=i, path="./store.db" if i % 2 else "store.db"))
    running = harness.Penstock(folder, "run", "--admin", f"127.0.0.1:{admin}", "fans")
    running.wait_for_port(admin)
    page = ""
    while running.running():
        try:
            page = get(admin, "/metrics")
        except OSError:
            break
    checks.equal(running.process.wait(60), 0, "all are done")
    checks.equal(harness.store_count(folder / "store.db"), count * 20000, "all is stored")
    shown = series(page, checks)
    for i in range(count):
        labels = f'{{pipeline="fan{i}",sink="event_store"}}'
        checks.equal(shown["penstock_retried_events_total" + labels], 0, f"fan{i} tried once")


def main():
    checks = harness.Checks()
    for test in (test_components, test_writers_of_one_file):
        with harness.workspace() as folder:
            test(folder, checks)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""The order in which dead letters go back, where decoding or a transform rejected some changes of a
key and sinks rejected others: that of the key's changes, whatever place rejected them first."""
import contextlib
import json
import sqlite3
import sys
import threading

import harness

SOURCE = """  files: {path: "in/*.ndjson"}
  format: event
"""


def change(number, key, **after):
    """`bad` is what a transform rejects while it is not mended."""
    return {"id": f"{key or 'none'}{number}", "op": "update", "stream": "orders",
            **({"key": {"_id": key}} if key else {}), "after": {"n": number, "x": 1, **after}}


def bad(number, key):
    event = change(number, key)
    del event["after"]["x"]
    return event


class Folder:
    """A folder with a pipeline that reads files in it."""

    def __init__(self, folder):
        self.folder = folder

    def append(self, *events, file="a"):
        (self.folder / "in").mkdir(exist_ok=True)
        with open(self.folder / f"in/{file}.ndjson", "a") as lines:
            lines.writelines(json.dumps(e) + "\n" for e in events)

    def run(self, given=b""):
        ran = harness.penstock(self.folder, "run", "--once", "--admin", "off", "orders.yaml",
                               given=given)
        assert ran.returncode == 0, ran.stderr

    def letters(self, command, *arguments):
        return harness.penstock(self.folder, "dead-letter", command, "orders.yaml", *arguments)

    def waiting(self):
        listed = self.letters("list").stdout.decode().split("\n")
        return [line.split("  id ")[1].split()[0] for line in listed if "  id " in line]


class Pipeline(Folder):
    """With a transform that rejects, and http sinks in quarantine; and what the receiver got."""

    def __init__(self, folder, receiver, sinks=("one",), source=SOURCE):
        super().__init__(folder)
        self.receiver, self.sinks, self.source = receiver, sinks, source
        self.write("{after.x}")

    def write(self, value):
        (self.folder / "orders.yaml").write_text(f"""name: orders
source:
{self.source}  on_reject: quarantine
checkpoint: {{sqlite: {{path: "state.db"}}}}
dead_letter: {{files: {{path: "letters"}}}}
transforms:
  - set: {{meta.x: "{value}"}}
sinks:
""" + "".join(f"""  - http: {{url: "http://127.0.0.1:{self.receiver.port}/{sink}"}}
    name: {sink}
    format: event
    on_reject: quarantine
    lanes: 4
    retry: {{initial: 1ms, max: 10ms}}
""" for sink in self.sinks))

    def mend(self):
        self.write("mended")
        self.receiver.refuse = None

    def got(self, sink="one", key="k"):
        """The numbers of a key's changes, as they arrived at a sink."""
        events = [json.loads(body) for path, body in self.receiver.taken() if path == "/" + sink]
        return [e["after"]["n"] for e in events if e.get("key", {}).get("_id") == key]


@contextlib.contextmanager
def pipeline(**options):
    with harness.workspace() as folder, harness.Receiver() as receiver:
        yield Pipeline(folder, receiver, **options)


def refuse_first(path, body):
    return path == "/one" and json.loads(body)["after"]["n"] == 1


def reject_in_both_places(p, key="k", file="a"):
    """Sink one rejects 1, the transform rejects 3 and 5; 2, 4 and 6 follow."""
    p.receiver.refuse = refuse_first
    p.append(change(1, key), change(2, key), bad(3, key), change(4, key), bad(5, key),
             change(6, key), file=file)


def test_all(checks):
    with pipeline(sinks=("one", "two")) as p:
        reject_in_both_places(p)
        p.run()
        checks.equal(p.waiting()[0], "k3", "what the transform rejects is in the log first")
        checks.equal((p.got("one"), p.got("two")), ([], [1, 2]), "before the replay")
        p.mend()
        replay = p.letters("replay")
        checks.equal(replay.returncode, 0, "a replay of both places needs no --force")
        checks.equal(p.got("one"), [1, 2, 3, 4, 5, 6], "the key's order at the sink that rejected")
        checks.equal(p.got("two"), [1, 2, 3, 4, 5, 6], "and at the other")
        checks.equal(p.waiting(), [], "nothing waits")
        checks.that(b"2 keys left the quarantine" in replay.stdout, "it ends", replay.stdout)
        p.append(change(7, "k"))
        p.run()
        checks.equal(p.got("two")[-1], 7, "and the key goes on")


def test_parts(checks):
    with pipeline() as p:
        for part in "abc":
            reject_in_both_places(p, key=part, file=part)
        p.append(bad(1, "d"), change(2, "d"))
        p.append(change(1, None), bad(2, None), change(3, None))
        p.run()
        p.mend()
        checks.equal(p.letters("replay").returncode, 0, "a replay of several parts")
        for part in "abc":
            checks.equal(p.got(key=part), [1, 2, 3, 4, 5, 6], f"the order of part {part}")
        checks.equal(p.got(key="d"), [1, 2], "a key that only the transform rejected")
        checks.equal(sorted(p.got(key=None)), [1, 2, 3], "events without a key arrive once")
        checks.equal(p.waiting(), [], "nothing waits")


def test_rejected_again_by_the_sink(checks):
    with pipeline(sinks=("one", "two")) as p:
        reject_in_both_places(p)
        p.append(bad(8, "other"), change(9, "other"))
        p.run()
        p.write("mended")
        replay = p.letters("replay")
        checks.equal(replay.returncode, 1, "the sink rejects the first change again")
        checks.that(b"422" in replay.stderr and b"4 dead letters of one wait" in replay.stderr,
                    "what waits is told", replay.stderr)
        checks.equal((p.got("one"), p.got("two")), ([], [1, 2]), "nothing of its key overtakes it")
        checks.equal(p.got("two", "other"), [8, 9], "other keys go back")
        p.receiver.refuse = None
        checks.equal(p.letters("replay").returncode, 0, "the next replay")
        for sink in ("one", "two"):
            checks.equal(p.got(sink), [1, 2, 3, 4, 5, 6], f"in order at {sink}, each once")
            checks.equal(p.got(sink, "other"), [8, 9], f"and the other key at {sink}")


def test_rejected_again_by_the_transform(checks):
    with pipeline(sinks=("one", "two")) as p:
        reject_in_both_places(p)
        p.run()
        p.receiver.refuse = None
        checks.equal(p.letters("replay").returncode, 1, "the transform rejects again")
        checks.equal((p.got("one"), p.got("two")), ([1, 2], [1, 2]), "what is before it goes back")
        checks.equal(sorted(set(p.waiting())), ["k3", "k4", "k5", "k6"], "what is behind it waits")
        p.mend()
        checks.equal(p.letters("replay").returncode, 0, "mended")
        for sink in ("one", "two"):
            checks.equal(p.got(sink), [1, 2, 3, 4, 5, 6], f"in order at {sink}, each once")


def test_one_place(checks):
    with pipeline() as p:
        reject_in_both_places(p)
        p.run()
        p.mend()
        early = p.letters("replay", "--sink", "")
        checks.equal((early.returncode, p.got()), (1, []), "what was transformed waits for the sink")
        checks.that(b"--force" in early.stderr and b"number" in early.stderr, "and it is told",
                    early.stderr)
        numbers = {id: str(i + 1) for i, id in enumerate(p.waiting())}
        chosen = p.letters("replay", numbers["k2"])
        checks.equal((chosen.returncode, p.got()), (1, []), "so does a number that is chosen")
        sink = p.letters("replay", "--sink", "one")
        checks.equal((sink.returncode, p.got()), (1, [1, 2]), "the sink's go up to the transform's")
        p.letters("replay", numbers["k3"])
        checks.equal(p.got(), [1, 2, 3], "a number that is the next one goes")
        checks.equal(p.letters("replay", "--sink", "", "--force").returncode, 0, "with --force")
        checks.equal(p.got(), [1, 2, 3, 5], "it goes")
        checks.equal(p.letters("replay").returncode, 0, "the rest")
        checks.equal(p.got(), [1, 2, 3, 5, 4, 6], "goes too")


def test_killed(checks):
    with pipeline() as p:
        keys = [f"key{i}" for i in range(20)]
        p.append(*[make(n, key) for n, make in
                   ((1, change), (2, change), (3, bad), (4, change), (5, bad), (6, change))
                   for key in keys])
        p.receiver.refuse = refuse_first
        p.run()
        p.mend()
        p.receiver.server.handle_error = lambda *_: None  # connections that a kill cuts
        idle = threading.active_count()
        for limit in (7, 40, 75, 100):
            replay = harness.Penstock(p.folder, "dead-letter", "replay", "orders.yaml")
            harness.wait_until(lambda: len(p.receiver.taken()) >= limit or not replay.running(), 20,
                               "some letters went back")
            checks.that(replay.running(), f"killed behind {limit}")
            replay.kill()
            harness.wait_until(lambda: threading.active_count() <= idle, 20,
                               "all that it had sent was taken")
        checks.equal(p.letters("replay").returncode, 0, "the last replay")
        checks.equal(p.waiting(), [], "nothing waits")
        for key in keys:
            got = p.got(key=key)
            checks.equal(sorted(set(got)), [1, 2, 3, 4, 5, 6], f"{key}: all arrived")
            checks.that(all(b == a + 1 or b <= a for a, b in zip(got, got[1:])),
                        f"{key}: a repeat begins earlier, without a gap", got)
            checks.that(len(got) <= 6 + 2 * 4, f"{key}: and repeats little", got)


def test_without_a_durable_order(checks):
    with pipeline(source="  stdin: {}\n  format: event\n") as p:
        p.receiver.refuse = refuse_first
        p.run(b"".join(json.dumps(e).encode() + b"\n" for e in
                       (change(1, "k"), change(2, "k"), bad(3, "k"), change(4, "k"))))
        rejected = [int(i[1:]) for i in p.waiting()]
        p.mend()
        checks.equal(p.letters("replay").returncode, 0, "without a durable order")
        checks.equal(p.got(), rejected, "they go back as they were rejected")


# It takes several changes of a key in one write.
def test_sink_that_writes_in_order(checks):
    with harness.workspace() as folder:
        (folder / "orders.yaml").write_text("""name: orders
source:
  files: {path: "in/*.ndjson"}
  format: event
checkpoint: {sqlite: {path: "state.db"}}
dead_letter: {files: {path: "letters"}}
sinks:
  - event_store: {path: "events.db"}
    on_reject: quarantine
""")
        p = Folder(folder)
        repeated = {**change(2, "k"), "id": "k1"}  # an id with other bytes is rejected
        p.append(change(1, "k"), repeated, change(3, "k"), change(4, "k"))
        p.run()

        def stored():
            return [json.loads(data)["n"] for *_, data in harness.store_rows(folder / "events.db")]
        checks.equal(stored(), [1], "later changes of its key are held back")
        checks.equal(p.letters("replay").returncode, 1, "it is rejected again")
        checks.equal((stored(), len(p.waiting())), ([1], 3), "and they do not overtake it")
        with contextlib.closing(sqlite3.connect(folder / "events.db")) as store, store:
            store.execute("delete from events")
        checks.equal(p.letters("replay").returncode, 0, "the next replay")
        checks.equal((stored(), p.waiting()), ([2, 3, 4], []), "in order")


def main():
    checks = harness.Checks()
    for test in (test_all, test_parts, test_rejected_again_by_the_sink,
                 test_rejected_again_by_the_transform, test_one_place, test_killed,
                 test_without_a_durable_order, test_sink_that_writes_in_order):
        test(checks)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())

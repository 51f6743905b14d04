#!/usr/bin/env python3
"""Dead letters from end to end: rejected, kept, replayed once and in order; the quarantine; what a
replay that stops in the middle has noted."""
import json
import sys

import harness

HEAD = """name: orders
source:
  files: {path: "in/*.ndjson"}
  format: event
checkpoint: {sqlite: {path: "state.db"}}
dead_letter: {files: {path: "letters"}}
sinks:
"""


def http_sink(receiver, name="http", more=""):
    return f"""  - http: {{url: "http://127.0.0.1:{receiver.port}/{name}"}}
    name: {name}
    format: event
    retry: {{initial: 1ms, max: 10ms}}
{more}"""


def event(number, key=None, version=0):
    return {"id": f"e{number}", "op": "update", "stream": "orders",
            **({"key": {"_id": key}} if key else {}), "after": {"version": version}}


def append(folder, *events):
    (folder / "in").mkdir(exist_ok=True)
    with open(folder / "in/a.ndjson", "a") as lines:
        lines.writelines(json.dumps(e) + "\n" for e in events)


def setup(folder, sinks):
    (folder / "orders.yaml").write_text(HEAD + sinks)


def run(folder):
    return harness.penstock(folder, "run", "--once", "--admin", "off", "orders.yaml")


def letters(folder, command, *arguments):
    return harness.penstock(folder, "dead-letter", command, "orders.yaml", *arguments)


def ids(received):
    return [json.loads(body)["id"] for _, body in received]


def test_replay_once(folder, checks):
    with harness.Receiver() as receiver:
        setup(folder, http_sink(receiver))
        receiver.refuse = lambda path, body: b"e2" in body or b"e3" in body
        append(folder, event(1), event(2), event(3))
        checks.equal(run(folder).returncode, 0, "rejected events do not stop the pipeline")
        checks.equal(sorted(ids(receiver.taken())), ["e1"], "the rest is delivered")
        shown = letters(folder, "show", "1").stdout.decode()
        checks.that("422" in shown and "state     kept" in shown, "a letter says why", shown)
        for sink, advice in ([], b"replay them alone with `--sink http`"), (
                ["--sink", "http"], b"replay them again"):
            refused = letters(folder, "replay", *sink)
            checks.that(refused.returncode == 1 and advice in refused.stderr,
                        "what is rejected again says what to do, and not what was just done",
                        refused.stderr)
        receiver.refuse = None
        replay = letters(folder, "replay")
        checks.equal(replay.returncode, 0, "a replay that ends well")
        checks.that(b"http: 2 dead letters went back\n" in replay.stderr, "and says so",
                    replay.stdout)
        checks.equal(sorted(ids(receiver.taken())), ["e1", "e2", "e3"], "what was rejected arrived")
        checks.equal(letters(folder, "list").stdout, b"0 dead letters\n", "nothing is left")
        ledger = letters(folder, "list", "--replayed").stdout.decode()
        checks.equal(ledger.count("  replayed\n"), 2, "the ledger says replayed")
        again = letters(folder, "replay")
        checks.equal((again.returncode, again.stdout),
                     (0, b"nothing to replay: no such dead letter waits\n"), "a second replay")
        checks.equal(len(receiver.taken()), 3, "sends nothing")


def test_replay_to_a_named_sink(folder, checks):
    with harness.Receiver() as receiver:
        setup(folder, http_sink(receiver, "one") + http_sink(receiver, "two"))
        receiver.refuse = lambda path, body: True
        append(folder, event(1))
        run(folder)
        receiver.refuse = None
        for command in ("list", "replay"):
            unknown = letters(folder, command, "--sink", "tow")
            checks.equal(unknown.returncode, 2, f"{command} of a sink that is not there")
            checks.that(b"no enabled sink `tow`, and no dead letter of it, did you mean `two`?" in
                        unknown.stderr, "names it", unknown.stderr)
        missing = letters(folder, "replay", "77")
        checks.equal(missing.returncode, 1, "replay of a number that is not there")
        checks.that(b"no dead letter number 77" in missing.stderr, "names it", missing.stderr)
        checks.equal(receiver.taken(), [], "nothing was sent")
        checks.equal(letters(folder, "replay", "--sink", "two").returncode, 0, "replay --sink")
        checks.equal([path for path, _ in receiver.taken()], ["/two"], "goes to that sink only")
        listed = letters(folder, "list").stdout.decode()
        checks.that("  one  " in listed and "  two  " not in listed, "the other's waits", listed)
        letters(folder, "replay")
        checks.equal([path for path, _ in receiver.taken()], ["/two", "/one"], "then the other")


# e1 is answered, with a refusal, only once both others arrived, so that these are behind it for sure.
def test_replay_that_stops(folder, checks):
    with harness.Receiver() as receiver:
        setup(folder, http_sink(receiver, more="    lanes: 64\n"))
        receiver.refuse = lambda path, body: True
        append(folder, event(1, "a"), event(2, "b"), event(3, "c"))  # each in a lane of its own
        run(folder)

        def refuse_first(path, body):
            if b"e1" not in body:
                return False
            harness.wait_until(lambda: len(receiver.taken()) == 2, 20, "e2 and e3 taken")
            return True
        receiver.refuse = refuse_first
        stopped = letters(folder, "replay", "--force")
        checks.equal(stopped.returncode, 1, "a new rejection stops the replay")
        checks.that(b"e1" in stopped.stderr and b"422" in stopped.stderr, "and is named",
                    stopped.stderr)
        checks.that(b"http: 2 dead letters went back, 1 wait\n" in stopped.stderr,
                    "what went back is told", stopped.stderr)
        receiver.refuse = None
        checks.equal(letters(folder, "replay", "--force").returncode, 0, "the next one ends well")
        checks.equal(sorted(ids(receiver.taken())), ["e1", "e2", "e3"],
                     "and sends only what is left")


def test_replay_of_the_other_sinks(folder, checks):
    with harness.Receiver() as receiver:
        setup(folder, "".join(http_sink(receiver, name) for name in ("one", "two", "three")))
        receiver.refuse = lambda path, body: True
        append(folder, event(1))
        run(folder)
        receiver.refuse = lambda path, body: path == "/one"
        stopped = letters(folder, "replay")
        checks.equal(stopped.returncode, 1, "a new rejection at one sink")
        checks.equal(sorted(path for path, _ in receiver.taken()), ["/three", "/two"],
                     "does not hold back the letters of others")
        checks.that(b"1 dead letters of one wait" in stopped.stderr and
                    b"`--sink one`" in stopped.stderr, "what stays is told", stopped.stderr)
        listed = letters(folder, "list").stdout
        checks.that(listed.endswith(b"\n1 dead letters\n"), "it waits", listed)


def test_force(folder, checks):
    with harness.Receiver() as receiver:
        setup(folder, http_sink(receiver))
        receiver.refuse = lambda path, body: b"e1" in body
        append(folder, event(1, key="k", version=1), event(2, key="k", version=2))
        run(folder)
        receiver.refuse = None
        refused = letters(folder, "replay")
        checks.equal(refused.returncode, 1, "a letter that was overtaken")
        checks.that(b"--force" in refused.stderr and b"number 1" in refused.stderr,
                    "is not sent without --force", refused.stderr)
        checks.equal(ids(receiver.taken()), ["e2"], "nothing was sent")
        checks.equal(letters(folder, "replay", "--force").returncode, 0, "with --force")
        checks.equal(ids(receiver.taken()), ["e2", "e1"], "it is")


def test_quarantine(folder, checks):
    with harness.Receiver() as receiver:
        setup(folder, http_sink(receiver, more="    on_reject: quarantine\n"))
        receiver.refuse = lambda path, body: b'"version":1' in body
        append(folder, event(1, "k", 1), event(2, "other", 7), event(3, "k", 2))
        checks.equal(run(folder).returncode, 0, "run with a quarantine")
        append(folder, event(4, "k", 3))
        run(folder)
        checks.equal(ids(receiver.taken()), ["e2"], "later changes of the key are held back")
        shown = harness.penstock(folder, "checkpoint", "show", "orders.yaml").stdout.decode()
        checks.that('quarantined  {"_id":"k"} at sink http' in shown, "checkpoint show names it",
                    shown)
        receiver.refuse = None
        replay = letters(folder, "replay")
        checks.equal(replay.returncode, 0, "a replay of a quarantine needs no --force")
        checks.that(b"1 keys left the quarantine" in replay.stdout, "and ends it", replay.stdout)
        append(folder, event(5, "k", 4))
        run(folder)
        checks.equal(ids(receiver.taken()), ["e2", "e1", "e3", "e4", "e5"], "in the key's order")


def test_quarantine_reset(folder, checks):
    with harness.Receiver() as receiver:
        setup(folder, http_sink(receiver, more="    on_reject: quarantine\n"))
        receiver.refuse = lambda path, body: b'"version":1' in body
        append(folder, event(1, "k", 1), event(2, "k", 2))
        run(folder)
        both = harness.penstock(folder, "checkpoint", "reset", "orders.yaml", "--quarantine",
                                "--part", "x")
        checks.equal(both.returncode, 2, "--quarantine or --part")
        reset = harness.penstock(folder, "checkpoint", "reset", "orders.yaml", "--quarantine")
        checks.equal(reset.returncode, 0, "checkpoint reset --quarantine")
        checks.that(b"1 keys left the quarantine" in reset.stdout, "and says so", reset.stdout)
        append(folder, event(3, "k", 3))
        run(folder)
        checks.equal(ids(receiver.taken()), ["e3"], "positions stay, the key goes on")
        checks.that(b"2 dead letters" in letters(folder, "list").stdout, "its letters stay")
        receiver.refuse = None
        refused = letters(folder, "replay")
        checks.that(refused.returncode == 1 and b"--force" in refused.stderr,
                    "and need --force now, as later changes were delivered", refused.stderr)
        checks.equal(ids(receiver.taken()), ["e3"], "nothing was sent")


# A lake writes in the order of its folders; what is in quarantine is the event's own key.
def test_quarantine_at_a_lake(folder, checks):
    lake = """  - files: {path: "lake/{after.folder}"}
    format: document
    on_reject: quarantine
"""
    setup(folder, lake)

    def change(number, key, **after):
        return {"id": f"e{number}", "op": "update", "stream": "orders",
                **({"key": {"_id": key}} if key else {}), "after": {"n": number, **after}}

    def quarantined():
        shown = harness.penstock(folder, "checkpoint", "show", "orders.yaml").stdout.decode()
        return shown.count("quarantined")

    def waiting():
        return int(letters(folder, "list").stdout.split(b"\n")[-2].split()[0])

    def lines():
        return sorted(json.loads(line)["n"] for line in harness.lake_lines(folder / "lake"))
    append(folder, change(1, "k"), change(2, "k", folder="a"), change(3, "m", folder="a"),
           change(4, None), change(5, None, folder="a"))
    run(folder)
    checks.equal(quarantined(), 1, "one key is in quarantine, and no event without a key")
    checks.equal((waiting(), lines()), (3, [3, 5]), "its later change follows it, others do not")
    shown = letters(folder, "show", "1", "2", "3").stdout.decode().split("\n\n")
    in_quarantine = {letter.split("\nid        ")[1].split()[0]: "its key went into quarantine" in letter
                     for letter in shown if letter.strip()}
    checks.equal(in_quarantine, {"e1": True, "e2": True, "e4": False},
                 "letters of a key in quarantine say so, others do not")
    checks.equal(letters(folder, "list").stdout.count(b"  quarantined"), 2, "the list does too")
    append(folder, change(6, "k", folder="a"), change(7, "m", folder="a"))
    run(folder)
    checks.equal((waiting(), lines()), (4, [3, 5, 7]), "another process knows the key")
    (folder / "orders.yaml").write_text((HEAD + lake).replace("{after.folder}", "{stream}"))
    checks.equal(letters(folder, "replay", "1").returncode, 0, "one of the letters goes back")
    checks.equal((waiting(), quarantined()), (3, 1), "the others keep the quarantine")
    checks.equal(letters(folder, "replay").returncode, 0, "all go back")
    checks.equal((waiting(), quarantined()), (0, 0), "the quarantine ends")
    checks.equal(lines(), [1, 2, 3, 4, 5, 6, 7], "nothing is lost")


TRANSFORMED = """name: orders
source:
  files: {{path: "in/*.ndjson"}}
  format: {format}
  on_reject: {on_reject}
checkpoint: {{sqlite: {{path: "state.db"}}}}
dead_letter: {{files: {{path: "letters"}}}}
transforms:
  - parse: {{format: json}}
  - set: {{key.id: "{{after.k}}", stream: "app.{{stream}}"}}
  - set: {{meta.x: "{value}"}}
sinks:
"""
DYNAMODB = {"awsRegion": "eu-west-1", "eventID": "e1", "eventName": "INSERT", "tableName": "orders",
            "dynamodb": {"ApproximateCreationDateTime": 1, "Keys": {"pk": {"S": "p"}},
                         "NewImage": {"k": {"S": "a"}}}}


# What a transform rejected goes through decoding and transforms once more.
def test_replay_through_the_transforms(folder, checks, name, record, key):
    with harness.Receiver() as receiver:
        def write(value):
            (folder / "orders.yaml").write_text(
                TRANSFORMED.format(format=name, on_reject="dead_letter", value=value) +
                http_sink(receiver))
        write("{after.missing}")
        append(folder, record)
        checks.equal(run(folder).returncode, 0, f"{name}: a run with a transform that rejects")
        shown = letters(folder, "show", "1").stdout.decode()
        checks.that(json.dumps(key, separators=(",", ":")) in shown,
                    f"{name}: the letter has the key that an earlier transform set", shown)
        write("mended")
        checks.equal(letters(folder, "replay").returncode, 1, f"{name}: a key may be overtaken")
        replay = letters(folder, "replay", "--force")
        checks.equal(replay.returncode, 0, f"{name}: replay through the mended transform "
                     + replay.stderr.decode())
        sent = [json.loads(body) for _, body in receiver.taken()]
        stream = "app.in/a.ndjson" if name == "raw" else "app.orders"
        checks.equal([(e["key"], e["stream"], e["after"], e["meta"]["x"]) for e in sent],
                     [(key, stream, {"k": "a"}, "mended")], f"{name}: the event as it should be")
        checks.equal(letters(folder, "list").stdout, b"0 dead letters\n", f"{name}: nothing waits")


def test_quarantine_by_a_key_that_a_transform_set(folder, checks):
    with harness.Receiver() as receiver:
        (folder / "orders.yaml").write_text(
            TRANSFORMED.format(format="raw", on_reject="quarantine", value="{after.x}") +
            http_sink(receiver))
        append(folder, {"k": "a", "n": 1}, {"k": "b", "n": 2, "x": 1}, {"k": "a", "n": 3, "x": 1})
        run(folder)
        checks.equal([json.loads(body)["after"]["n"] for _, body in receiver.taken()], [2],
                     "later changes of the key of a rejected event are held back")
        shown = harness.penstock(folder, "checkpoint", "show", "orders.yaml").stdout.decode()
        checks.that('quarantined  {"id":"a"} at sink http' in shown, "its key is known", shown)


def main():
    checks = harness.Checks()
    for test in (test_replay_once, test_replay_to_a_named_sink, test_replay_that_stops,
                 test_replay_of_the_other_sinks, test_force, test_quarantine, test_quarantine_reset,
                 test_quarantine_at_a_lake,
                 test_quarantine_by_a_key_that_a_transform_set):
        with harness.workspace() as folder:
            test(folder, checks)
    data = {"k": "a"}
    for name, record, key in (
            ("raw", data, {"id": "a"}),
            ("dynamodb", DYNAMODB, {"pk": "p", "id": "a"}),
            ("event", {"id": "e1", "op": "update", "stream": "orders", "after": data},
             {"id": "a"}),
            ("cloudevents", {"specversion": "1.0", "id": "e1", "source": "/penstock/orders",
                             "type": "t", "data": data}, {"id": "a"})):
        with harness.workspace() as folder:
            test_replay_through_the_transforms(folder, checks, name, record, key)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())

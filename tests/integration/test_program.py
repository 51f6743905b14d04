#!/usr/bin/env python3
"""The program from outside: exit codes, texts of errors, signals, what goes to which stream."""
import http.client
import json
import signal
import socket
import subprocess
import sys
import urllib.request

import harness
from harness import FOLLOW, penstock

URL = "http://127.0.0.1:1"
LINES = """name: lines
source: {stdin: {}}
sinks:
  - stdout: {}
    format: raw
"""


def test_command_line(folder, checks):
    cases = [("without a command", [], 2, "give a command; known: run, check"),
             ("an unknown command", ["bogus"], 2, "unknown command `bogus`; known: run, check"),
             ("a mistyped command", ["chek", "x"], 2,
              "unknown command `chek`, did you mean `check`?"),
             ("an unknown command of a group", ["checkpoint", "sho"], 2, "did you mean `show`?"),
             ("a group that is mistyped", ["dead-letters", "list", "lines.yaml"], 2,
              "unknown command `dead-letters`, did you mean `dead-letter`?"),
             ("an unknown word before a command", ["bogus", "list"], 2,
              "unknown command `bogus`; known: run, check"),
             ("an unknown word in a group", ["dead-letter", "bogus", "list", "lines.yaml"], 2,
              "unknown command `bogus`; known: list, show, replay"),
             ("another program's word for check", ["validate", "lines.yaml"], 2,
              "unknown command `validate`, did you mean `check`?"),
             ("another word for the schema", ["schema"], 2, "did you mean `explain --schema`?"),
             ("one word too many", ["version", "more"], 2, "`more` is one argument too many"),
             ("without a pipeline", ["run"], 2, "give a FILE"),
             ("a file that is not there", ["run", "no.yaml"], 2, "no.yaml: there is no such file"),
             ("an unknown preset", ["run", "--preset", "x"], 2,
              "there is no preset `x`; known: none"),
             ("an unknown name", ["explain", "stdou"], 2, "did you mean `stdout`"),
             ("admin beyond loopback", ["run", "lines.yaml", "--admin", "10.0.0.1:1"], 2, "--admin"),
             ("an unknown option", ["run", "--onse", "lines.yaml"], 2,
              "unknown option `--onse`, did you mean `--once`?"),
             ("a count below zero", ["generate", "--firehose", URL, "--count", "-1"], 2,
              "--count: takes a whole number from 0 to 18446744073709551615, not `-1`"),
             ("a count too large", ["generate", "--firehose", URL, "--count", "9" * 20], 2,
              "--count: takes a whole number from 0"),
             ("a count that is none", ["generate", "--firehose", URL, "--count", "x"], 2,
              "--count: takes a whole number"),
             ("a seed below zero", ["generate", "--firehose", URL, "--seed", "-1"], 2, "--seed: takes"),
             ("a letter below zero", ["dead-letter", "show", "lines.yaml", "-1"], 2, "`-1`"),
             ("another protocol", ["generate", "--firehose", "ftp://127.0.0.1"], 2,
              "--firehose: url"),
             ("no protocol", ["generate", "--firehose", "127.0.0.1:8687"], 2, "--firehose: url"),
             ("a wrong file", ["check", "wrong.yaml"], 2, "wrong.yaml:3:9: unknown sink `stdot`"),
             ("two of one name", ["check", "lines.yaml", "lines.yaml"], 2, "names must differ")]
    (folder / "wrong.yaml").write_text("name: wrong\nsource: {stdin: {}}\nsinks: [stdot: {}]\n")
    for name, arguments, code, text in cases:
        ended = penstock(folder, *arguments)
        checks.equal(ended.returncode, code, f"exit code of {name}")
        checks.that(text in ended.stderr.decode(), f"the error of {name}", ended.stderr)
        checks.equal(ended.stdout, b"", f"nothing on standard output by {name}")
    for arguments in (["--help"], ["help"], ["help", "run"], ["run", "--help"], ["version"], ["--version"], ["list"], ["explain", "stdout"],
                      ["explain", "--schema"], ["check", "lines.yaml"]):
        ended = penstock(folder, *arguments)
        checks.that(ended.returncode == 0 and ended.stdout, f"{arguments} answers", ended.stderr)


REFUSED = [  # source, sink, what stands beside the sink, place and reason
    ('stdin: {}', 'files: {path: "lake/{bogus}"}', "", ":3:10: sink files: ", "bogus"),
    ('stdin: {}', 'http: {url: "nonsense"}', "", ":3:10: sink http: ", "must start with http"),
    ('stdin: {}', 'http: {url: "https://h/"}', ", tls: {ca: /nope}", ":3:10: sink http: ",
     "tls.ca /nope"),
    ('stdin: {}', 'http: {url: "https://h/"}', ", tls: {cert: /nope}", ":3:", "go together"),
    ('stdin: {}', 'stdout: {}', ", lanes: 9", ":3:10: sink stdout: ", "`lanes` of 9"),
    ('generate: {rate: -1}', 'stdout: {}', "", ":2:10: source generate: ", "rate"),
]
TRANSFORMS = ['set: {"nonsense.path": 1}', 'set: {after.x: "{bogus}"}', 'remove: [id]',
              'filter: {bogus: [1]}']


def test_check_refuses_what_run_refuses(folder, checks):
    cases = [(f"name: p\nsource: {{{source}}}\nsinks: [{{{sink}{more}}}]\n", (place, reason))
             for source, sink, more, place, reason in REFUSED]
    cases += [(f"name: p\nsource: {{stdin: {{}}}}\nsinks: [{{stdout: {{}}}}]\n"
               f"transforms: [{{{one}}}]\n", (":4:15: transform ",)) for one in TRANSFORMS]
    for text, expected in cases:
        (folder / "refused.yaml").write_text(text)
        said = []
        for command in (["check"], ["run", "--once", "--admin", "off"]):
            ended = penstock(folder, *command, "refused.yaml")
            checks.equal((ended.returncode, ended.stdout), (2, b""), f"{command[0]} of {text}")
            said.append(ended.stderr.decode())
        checks.that(all(part in said[0] for part in expected), f"the reason of {text}", said[0])
        checks.equal(said[1], said[0], f"run says the same of {text}")


def test_check_warns_of_a_filter_that_raw_events_cannot_meet(folder, checks):
    warning = "the filter asks for `after`"
    for source, transforms, warns in [
            ("stdin: {}", "filter: {after: {a: [1]}}", True),
            ("stdin: {}, format: raw", "filter: {before: [{exists: false}], after: {a: [1]}}", True),
            ("stdin: {}, format: event", "filter: {after: {a: [1]}}", False),
            ("stdin: {}", "filter: {stream: [a]}", False),
            ("stdin: {}", "parse: {format: json}}, {filter: {after: {a: [1]}}", False)]:
        (folder / "raw.yaml").write_text(f"name: p\nsource: {{{source}}}\nsinks: [{{stdout: {{}}}}]\n"
                                         f"transforms: [{{{transforms}}}]\n")
        ended = penstock(folder, "check", "raw.yaml")
        checks.equal((ended.returncode, warning in ended.stderr.decode()), (0, warns),
                     f"{source}, {transforms}")


def test_a_format_is_named_once(folder, checks):
    (folder / "format.yaml").write_text("name: p\nsource: {stdin: {}, format: none_such}\n"
                                        "sinks: [{stdout: {}}]\n")
    said = penstock(folder, "check", "format.yaml").stderr.decode()
    checks.equal(said.count("raw"), 1, said)


def test_a_stop_says_what_to_do(folder, checks):
    (folder / "strict.yaml").write_text("name: strict\nsource: {stdin: {}, format: event}\n"
                                        "sinks: [{stdout: {}}]\n")
    ended = penstock(folder, "run", "--admin", "off", "strict.yaml", given=b"{bad\n")
    said = ended.stderr.decode()
    checks.equal(ended.returncode, 1, "what cannot be decoded stops it")
    checks.that("`on_reject: dead_letter`" in said, "the error says what to do", said)
    checks.that("ERROR strict: failed: 0 delivered" in said, "the last line is an error", said)


def test_an_abort_says_that_standard_input_is_lost(folder, checks):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (folder / "down.yaml").write_text(
            "name: down\nsource: {stdin: {}}\n"
            f'sinks: [{{http: {{url: "http://127.0.0.1:{silent.getsockname()[1]}/"}}}}]\n')
        running = subprocess.Popen([harness.PENSTOCK, "run", "--admin", "off", "down.yaml"],
                                   cwd=folder, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        running.stdin.write(b"one\n")
        running.stdin.flush()
        connection, _ = silent.accept()  # it writes, and gets no answer
        with connection:
            running.send_signal(signal.SIGINT)
            said = running.stderr.readline()
            while b"draining" not in said:
                said = running.stderr.readline()
            running.send_signal(signal.SIGINT)
            said = running.communicate(timeout=20)[1]
    checks.equal(running.returncode, 3, "it was aborted")
    checks.that(b"is lost: this source gives nothing again" in said.splitlines()[-1], "and says so",
                said)


def test_secret_is_read_again(folder, checks):
    with harness.Receiver() as receiver:
        (folder / "token").write_text("old")
        receiver.authorization = "Bearer old"
        (folder / "secret.yaml").write_text(f"""name: secret
source: {{stdin: {{}}}}
sinks:
  - http:
      url: "http://127.0.0.1:{receiver.port}/"
      headers: {{Authorization: "Bearer ${{file:token}}"}}
    format: raw
""")
        running = subprocess.Popen([harness.PENSTOCK, "run", "--admin", "off", "secret.yaml"],
                                   cwd=folder, stdin=subprocess.PIPE, stderr=subprocess.PIPE)

        def send(line):
            running.stdin.write(line + b"\n")
            running.stdin.flush()
        send(b"one")
        harness.wait_until(lambda: len(receiver.taken()) == 1, 20, "the first event")
        (folder / "token").write_text("new")
        receiver.authorization = "Bearer new"
        send(b"two")
        harness.wait_until(lambda: len(receiver.taken()) == 2, 20, "the event after the rotation")
        receiver.authorization = "Bearer newer"  # and the file has the same as before
        send(b"three")
        said = running.communicate(timeout=20)[1]
        checks.equal(running.returncode, 1, "a secret that is refused though read again is fatal")
        checks.that(b"401" in said and b"Bearer" not in said, "and says so without it", said)


def test_closed_streams(folder, checks):
    (folder / "closed.yaml").write_text("""name: closed
source: {files: {path: closed.in}}
sinks: [{stdout: {}, format: raw, retry: {attempts: 2}}, {files: {path: closed.out}}]
checkpoint: {sqlite: {path: closed.db}}
""")
    (folder / "closed.in").write_text("one\n")
    ended = subprocess.run(["bash", "-c", '"$0" run --once --admin off closed.yaml <&- >&-',
                            harness.PENSTOCK], cwd=folder, capture_output=True, timeout=60)
    checks.that(ended.returncode != 0, "a closed standard output is no success", ended.stderr)
    checks.that(b"Bad file descriptor" in ended.stderr, "and says so", ended.stderr)
    found = [path.name for path in folder.iterdir() if path.is_file() and "in" not in path.name
             and path.read_bytes().startswith(b"one")]
    checks.equal(found, [], "no other file is written to")


def test_check_has_no_effect(folder, checks):
    (folder / "whole.yaml").write_text(f"""name: whole
source: {{firehose: {{listen: "127.0.0.1:{harness.free_port()}", inbox: inbox}}}}
sinks:
  - files: {{path: lake}}
  - event_store: {{path: events.db}}
  - http: {{url: "http://127.0.0.1:1"}}
checkpoint: {{sqlite: {{path: state.db}}}}
dead_letter: {{files: {{path: letters}}}}
""")
    before = sorted(folder.rglob("*"))
    checks.equal(penstock(folder, "check", "whole.yaml").returncode, 0, "check of a whole file")
    checks.equal(sorted(folder.rglob("*")), before, "check makes no file")


def test_check_tells_all(folder, checks):
    (folder / "many").mkdir()
    (folder / "many/a.yaml").write_text("name: [\n")
    (folder / "many/b.yaml").write_text(
        "name: b\nsource: {mongodb: {uri: '${UNSET_B}'}}\nsinks: [{stdot: {}}]\n")
    (folder / "many/c.yaml").write_text("name: c\nsource: {stdin: {}}\nsinks:\n"
                                        "  - http: {url: '${aws-ssm:/x}'}\n  - kafka: {}\n")
    (folder / "many/d.yaml").write_text("name: d\nsource: {stdin: {}}\nsinks: [{stdout: {}}]\n")
    for command in (["check"], ["run", "--admin", "off"]):
        ended = penstock(folder, *command, "many")
        said = ended.stderr.decode()
        checks.equal(ended.returncode, 2, f"{command[0]} of a folder")
        for text in ("a.yaml:", "`UNSET_B` is not set", "no source `mongodb`", "unknown sink `stdot`",
                     "`${aws-ssm:…}` is not in this build", "no sink `kafka`"):
            checks.that(text in said, f"{command[0]} tells {text}", said)
    checks.equal(penstock(folder, "check", "many").stdout, b"many/d.yaml: pipeline d is fine\n",
                 "what is fine is told too")


def test_check_and_secrets(folder, checks):
    (folder / "secret.yaml").write_text("name: s\nsource: {stdin: {}}\nsinks:\n"
                                        "  - http: {url: '${file:url.txt}'}\n")
    checks.equal(penstock(folder, "check", "secret.yaml").returncode, 0, "check reads no secret")
    ended = penstock(folder, "check", "--secrets", "secret.yaml")
    checks.that(ended.returncode == 2 and b"url.txt" in ended.stderr, "unless it is asked to",
                ended.stderr)
    (folder / "url.txt").write_text("nonsense")
    ended = penstock(folder, "check", "--secrets", "secret.yaml")
    checks.that(ended.returncode == 2 and b"must start with http" in ended.stderr,
                "and then checks them", ended.stderr)


def test_streams(folder, checks):
    ended = penstock(folder, "run", "--admin", "off", "--log", "json", "lines.yaml",
                     given=b"one\ntwo\n")
    checks.equal(ended.returncode, 0, "the end of the source ends the run")
    checks.equal(ended.stdout, b"one\ntwo\n", "standard output carries events only")
    logged = [json.loads(line) for line in ended.stderr.splitlines()]
    checks.that(logged and all("level" in line for line in logged), "each log line is JSON", logged)


def test_once_and_drain(folder, checks):
    (folder / "in").mkdir()
    (folder / "in/a.ndjson").write_text('{"n":1}\n{"n":2}\n')
    for round_ in (1, 2):
        ended = penstock(folder, "run", "--once", "--admin", "off", "follow.yaml")
        checks.equal(ended.returncode, 0, f"--once ends, round {round_}")
    checks.equal(len(harness.lake_lines(folder / "lake")), 2, "a second run repeats nothing")
    shown = penstock(folder, "checkpoint", "show", "follow.yaml").stdout.decode()
    checks.that("pipeline  follow" in shown and "position" in shown, "checkpoint show", shown)
    port = harness.free_port()
    running = harness.Penstock(folder, "run", "--admin", f"127.0.0.1:{port}", "follow.yaml")
    running.wait_for_port(port)
    harness.wait_until(lambda: "running" in running.tail(), 20, "running")
    reset = penstock(folder, "checkpoint", "reset", "follow.yaml")
    checks.equal(reset.returncode, 1, "no reset while it runs")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status", timeout=10) as answer:
        state = json.load(answer)["pipelines"][0]["state"]
    checks.equal(state, "running", "/api/status shows it")
    for body in (None, b"x"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("POST", "/metrics", body)
        checks.equal(connection.getresponse().status, 405, f"POST of {body} to /metrics")
        connection.close()
    checks.equal(running.stop(), 0, "SIGTERM drains and ends with 0")
    checks.equal(penstock(folder, "checkpoint", "reset", "follow.yaml").returncode, 0, "then reset")


def test_port_in_use(folder, checks):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = penstock(folder, "run", "--admin", address, "lines.yaml", given=b"one\n")
    checks.equal((ended.returncode, ended.stdout), (0, b"one\n"), "it goes on without admin")
    said = ended.stderr.decode()
    checks.that(address in said and said.count("choose another") == 1, "and says so, once", said)


def test_interrupt(folder, checks):
    running = subprocess.Popen([harness.PENSTOCK, "run", "--admin", "off", "lines.yaml"],
                               cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    running.stdin.write(b"one\n")
    running.stdin.flush()
    checks.equal(running.stdout.readline(), b"one\n", "an event passes at once")
    running.send_signal(signal.SIGINT)
    checks.equal(running.wait(20), 0, "Ctrl-C drains while input stays open")
    running.communicate()


def main():
    checks = harness.Checks()
    with harness.workspace() as folder:
        (folder / "lines.yaml").write_text(LINES)
        (folder / "follow.yaml").write_text(FOLLOW)
        for test in (test_command_line, test_check_refuses_what_run_refuses,
                     test_check_warns_of_a_filter_that_raw_events_cannot_meet,
                     test_a_format_is_named_once, test_a_stop_says_what_to_do,
                     test_an_abort_says_that_standard_input_is_lost,
                     test_check_has_no_effect, test_check_tells_all, test_check_and_secrets,
                     test_secret_is_read_again, test_closed_streams, test_streams,
                     test_once_and_drain, test_port_in_use, test_interrupt):
            test(folder, checks)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())

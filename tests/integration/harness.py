"""What the integration tests and tools/campaign share: starting Penstock, a small Firehose client,
reading back the lake, the event store and the emitted events."""
import base64
import contextlib
import gzip
import http.client
import http.server
import json
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PENSTOCK = pathlib.Path(os.environ.get("PENSTOCK", ROOT / "build" / "release" / "penstock"))
LISTEN = "127.0.0.1:8687"
FOLLOW = """name: follow
source:
  files: {path: "in/*.ndjson"}
sinks:
  - files: {path: "lake"}
    format: raw
checkpoint: {sqlite: {path: "follow.db"}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, seconds, what):
    """Polls until the condition gives something true; gives that."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(0.02)


def penstock(folder, *arguments, given=b"", before=None, program=PENSTOCK):
    """One run to its end; `before` is called in the new process."""
    return subprocess.run([program, *map(str, arguments)], cwd=folder, input=given,
                          capture_output=True, timeout=60, check=False, preexec_fn=before)


class Receiver:
    """A web server that keeps what is posted to it, and answers 422 where refuse(path, body); with
    a TLS context it speaks https."""

    def __init__(self, tls=None):
        self.refuse = None
        self.authorization = None  # what a request must bring, else 401
        self.kept = []  # (path, body)
        self.lock = threading.Lock()  # guards kept
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = 200
                if outer.authorization not in (None, self.headers["Authorization"]):
                    status = 401
                elif outer.refuse and outer.refuse(self.path, body):
                    status = 422
                else:
                    with outer.lock:
                        outer.kept.append((self.path, body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
            self.server.handle_error = lambda *_: None  # a refused handshake is what is tested
        self.port = self.server.server_address[1]

    def taken(self):
        with self.lock:
            return list(self.kept)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Penstock:
    """One run of the program in a folder; stdout and stderr go to files there."""

    def __init__(self, folder, *arguments, out="stdout", environment=None):
        self.folder = pathlib.Path(folder)
        self.out = self.folder / out
        self.log = self.folder / (out + ".log")
        env = {k: v for k, v in os.environ.items() if k != "RESPONDER"}
        with open(self.out, "ab") as stdout, open(self.log, "ab") as stderr:
            self.process = subprocess.Popen([PENSTOCK, *map(str, arguments)], cwd=self.folder,
                                            stdout=stdout, stderr=stderr,
                                            stdin=subprocess.DEVNULL,
                                            env={**env, **(environment or {})})

        Penstock.started.append(self)

    started = []  # for workspace(), so that none outlives a test that failed

    def running(self):
        return self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=60):
        """SIGTERM, and the exit code of the drain."""
        if self.running():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return 124

    def wait_for_port(self, port, seconds=20):
        def open_or_dead():
            if not self.running():
                raise AssertionError(f"penstock ended with {self.process.returncode}: {self.tail()}")
            with contextlib.suppress(OSError), \
                    socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
            return False
        wait_until(open_or_dead, seconds, f"port {port} open")

    def tail(self, size=2000):
        return self.log.read_text(errors="replace")[-size:]


def quickstart_files(folder, port, changes=()):
    """Writes the two quickstart pipelines with another port; gives their paths."""
    paths = []
    for name in ("quickstart-ingest.yaml", "quickstart-emit.yaml"):
        text = (ROOT / "examples" / name).read_text()
        for old, new in [(LISTEN, f"127.0.0.1:{port}"), *changes]:
            text = text.replace(old, new)
        path = pathlib.Path(folder) / name
        path.write_text(text)
        paths.append(path)
    return paths


class Firehose:
    """PutRecordBatch over one kept connection, as Amazon's SDKs put it on the wire."""

    def __init__(self, port, timeout=30):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def call(self, operation, body):
        headers = {"X-Amz-Target": "Firehose_20150804." + operation,
                   "Content-Type": "application/x-amz-json-1.1",
                   "X-Amz-Date": "20260101T000000Z",
                   "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/firehose/"
                                    "aws4_request, SignedHeaders=host, Signature=00"}
        self.connection.request("POST", "/", json.dumps(body), headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")

    def put_batch(self, stream, records):
        """True where every record was taken; raises where there is no answer."""
        status, answer = self.call("PutRecordBatch", {
            "DeliveryStreamName": stream,
            "Records": [{"Data": base64.b64encode(r).decode()} for r in records]})
        return status == 200 and answer.get("FailedPutCount") == 0


def lake_lines(folder):
    """The lines of all objects below a folder, in the order of the objects' names."""
    lines = []
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            data = path.read_bytes()
            data = gzip.decompress(data) if path.suffix == ".gz" else data
            assert data.endswith(b"\n"), f"{path} does not end with a line break"
            lines += data[:-1].split(b"\n")
    return lines


def store_rows(path, columns="stream, sequence, id, data"):
    """The rows of an event store in the order of its sequence."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(f"select {columns} from events order by sequence").fetchall()


def store_count(path):
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute("select count(*) from events").fetchone()[0]
    except sqlite3.Error:
        return 0


def whole_lines(path):
    """The lines of a file; a last one that was cut by a crash is left out."""
    data = pathlib.Path(path).read_bytes()
    return data[:data.rfind(b"\n") + 1].split(b"\n")[:-1]


@contextlib.contextmanager
def workspace(keep=False):
    folder = tempfile.mkdtemp(prefix="penstock-")
    try:
        yield pathlib.Path(folder)
    finally:
        while Penstock.started:
            Penstock.started.pop().kill()
        if keep:
            print(f"kept: {folder}")
        else:
            subprocess.run(["rm", "-rf", folder], check=False)


class Checks:
    """Named checks, printed as they fail, summed at the end."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def that(self, condition, name, detail=""):
        if condition:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {name}{': ' + str(detail) if detail != '' else ''}", flush=True)
        return bool(condition)

    def equal(self, actual, expected, name):
        return self.that(actual == expected, name, f"{actual!r} instead of {expected!r}")

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)
        return 1 if self.failed or not self.passed else 0

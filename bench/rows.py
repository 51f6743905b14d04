"""The rows of `bench/run`: each a function (options) -> [Figure]."""
import base64
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import threading
import time

import harness
import measure
from figures import Figure
from measure import Void

FILES_TO_FILES = """
name: bench
source:
  files: {{path: "{folder}/in.ndjson"}}
  format: {source}
sinks:
  - files: {{path: "{folder}/out"}}
    format: {sink}
checkpoint: {{sqlite: {{path: "{folder}/checkpoint.db"}}}}
"""
FILES_TO_DISCARD = """
name: bench
source:
  files: {{path: "{folder}/in.ndjson"}}
  format: dynamodb
sinks:
  - discard: {{}}
checkpoint: {{sqlite: {{path: "{folder}/checkpoint.db"}}}}
"""
STDIN_TO_STDOUT = """
name: bench
source:
  stdin: {{}}
  format: {source}
sinks:
  - stdout: {{}}
    format: {sink}
"""


def files_to_files(folder, source, sink, count, **more):
    """One run on a fresh output; void unless every record came out."""
    shutil.rmtree(f"{folder}/out", ignore_errors=True)
    for old in pathlib.Path(folder).glob("checkpoint.db*"):
        old.unlink()
    ended = measure.run(folder, FILES_TO_FILES.format(folder=folder, source=source, sink=sink),
                        **more)
    lines = measure.count_lines(f"{folder}/out")
    if lines != count:
        raise Void(f"{lines} lines came out of {count}")
    return ended


def discard(folder, count):
    for old in pathlib.Path(folder).glob("checkpoint.db*"):
        old.unlink()
    ended = measure.run(folder, FILES_TO_DISCARD.format(folder=folder))
    return count / ended.cpu


def share(options, source, sink):
    """Events per CPU second of files to files, and as a share of the yardstick around it."""
    with measure.ram_folder() as folder:
        path = measure.records_in(folder, options.records, options.seed)
        before = measure.yardstick(path)
        ended = files_to_files(folder, source, sink, options.records)
        after = measure.yardstick(path)
    rate = options.records / ended.cpu
    return rate, rate / ((before + after) / 2), ended.memory_peak


def row_transform(options):
    """files -> dynamodb -> files, format event, on a RAM disk"""
    rate, of_yardstick, _ = share(options, "dynamodb", "event")
    return [Figure("files → dynamodb → files (event), share of the yardstick", "≥ 0.8",
                   f"{of_yardstick:.2f} ({rate:,.0f} events per CPU second)", of_yardstick >= 0.8,
                   of_yardstick)]


def row_keys(options):
    """the same into discard, hot keys against unique keys"""
    rates = {}
    for keys in (0, options.keys, 0, options.keys):
        with measure.ram_folder() as folder:
            measure.records_in(folder, options.records, options.seed, keys)
            rates[keys] = max(rates.get(keys, 0), discard(folder, options.records))
    ratio = rates[options.keys] / rates[0]
    return [Figure(f"into discard, --keys {options.keys} against unique keys", "≥ 0.7",
                   f"{ratio:.2f} ({rates[options.keys]:,.0f} against {rates[0]:,.0f})",
                   ratio >= 0.7, ratio),
            Figure(f"into discard, --keys {options.keys}: events per CPU second", "",
                   f"{rates[options.keys]:,.0f}", None, rates[options.keys])]


def row_instructions(options):
    """instructions an event, hot keys into discard"""
    counts = []
    for count in (5_000, 25_000):
        with measure.ram_folder() as folder:
            measure.records_in(folder, count, options.seed, options.keys)
            counts.append(measure.instructions(folder, FILES_TO_DISCARD.format(folder=folder)))
    each = (counts[1] - counts[0]) / 20_000
    return [Figure(f"into discard, --keys {options.keys}: instructions an event", "",
                   f"{each:,.0f}", None, each)]


def row_raw(options):
    """pass-through of lines"""
    rate, of_yardstick, _ = share(options, "raw", "raw")
    return [Figure("pass-through of lines (raw), share of the yardstick", "≥ 2.0",
                   f"{of_yardstick:.2f} ({rate:,.0f} events per CPU second)", of_yardstick >= 2.0,
                   of_yardstick)]


def row_latency(options):
    """stdin to stdout at 1,000 events a second"""
    seconds = 10 if options.quick else 60
    lines = measure.records(10_000, options.seed).read_bytes().splitlines(keepends=True)
    figures = []
    for source, sink in (("raw", "raw"), ("dynamodb", "event")):
        with measure.ram_folder() as folder:
            path = pathlib.Path(folder) / "pipeline.yaml"
            path.write_text(STDIN_TO_STDOUT.format(source=source, sink=sink))
            found = measure.latencies([harness.PENSTOCK, "run", str(path)], lines, 1000, seconds,
                                      folder)
        p99 = measure.percentile(found, 0.99) * 1000
        p50 = measure.percentile(found, 0.50) * 1000
        figures.append(Figure(f"stdin → stdout, 1,000/s for {seconds} s, {source} → {sink}: p99",
                              "≤ 2 ms", f"{p99:.2f} ms (p50 {p50:.2f}, max {max(found) * 1000:.1f})",
                              p99 <= 2, p99))
    return figures


def row_start(options):
    """start to first event"""
    line = next(iter(measure.workload.lines(1)))
    taken = []
    with measure.ram_folder() as folder:
        path = pathlib.Path(folder) / "pipeline.yaml"
        path.write_text(STDIN_TO_STDOUT.format(source="raw", sink="raw"))
        for _ in range(30):
            start = time.perf_counter()
            process = subprocess.Popen([harness.PENSTOCK, "run", str(path)], cwd=folder,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, bufsize=0)
            process.stdin.write(line)
            if not os.read(process.stdout.fileno(), 1):
                raise Void("no event came out")
            taken.append((time.perf_counter() - start) * 1000)
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()
    median = statistics.median(taken)
    return [Figure("start to first event, median of 30", "≤ 20 ms",
                   f"{median:.1f} ms (max {max(taken):.1f})", median <= 20, median)]


def row_memory(options):
    """VmHWM idle and under load"""
    with measure.ram_folder() as folder:
        path = pathlib.Path(folder) / "pipeline.yaml"
        path.write_text(STDIN_TO_STDOUT.format(source="raw", sink="raw"))
        process = subprocess.Popen([harness.PENSTOCK, "run", str(path)], cwd=folder,
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(3)
        idle = measure.memory(process.pid, "VmHWM")
        process.kill()
        process.wait()
    _, _, load = share(options, "dynamodb", "event")
    return [Figure("VmHWM idle", "≤ 20 MiB", f"{idle:.1f} MiB", 0 < idle <= 20, idle),
            Figure("VmHWM under load (in-flight limit 64 MiB)", "≤ 104 MiB", f"{load:.1f} MiB",
                   0 < load <= 104, load)]


def firehose_bodies(options, requests):
    """Whole HTTP requests of 500 records each, made before the clock runs."""
    made = []
    lines = measure.records(500 * requests, options.seed).read_bytes().splitlines(keepends=True)
    for start in range(0, len(lines), 500):
        data = [{"Data": base64.b64encode(line).decode()} for line in lines[start:start + 500]]
        made.append(json.dumps({"DeliveryStreamName": "bench", "Records": data}).encode())
    return made


class Client:
    """Sends ready bodies over one kept connection."""

    def __init__(self, port):
        self.firehose = harness.Firehose(port)
        self.headers = {"X-Amz-Target": "Firehose_20150804.PutRecordBatch",
                        "Content-Type": "application/x-amz-json-1.1"}

    def put(self, body):
        self.firehose.connection.request("POST", "/", body, self.headers)
        answer = self.firehose.connection.getresponse()
        text = answer.read()
        if answer.status != 200 or b'"FailedPutCount":0' not in text.replace(b" ", b""):
            raise Void(f"PutRecordBatch: {answer.status} {text[:200]!r}")


def ingest(folder):
    """The quickstart's ingest pipeline on a free port."""
    port = harness.free_port()
    pipeline = harness.quickstart_files(folder, port)[0]
    penstock = harness.Penstock(folder, "run", pipeline)
    penstock.wait_for_port(port)
    return penstock, port


def lake_count(folder):
    return len(harness.lake_lines(pathlib.Path(folder) / "data/lake"))


def row_ingest(options):
    """Firehose ingest through inbox into lake and event store"""
    requests = 100 if options.quick else 400
    bodies = firehose_bodies(options, requests)
    with harness.workspace() as folder:
        penstock, port = ingest(folder)
        failures = []

        def send(part):
            try:
                client = Client(port)
                for body in part:
                    client.put(body)
            except (Void, OSError) as problem:
                failures.append(problem)
        start = time.monotonic()
        threads = [threading.Thread(target=send, args=(bodies[i::4],)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        answered = time.monotonic() - start
        total = requests * 500
        harness.wait_until(lambda: failures or harness.store_count(folder / "data/events.db")
                           >= total, 120, "all in the event store")
        cpu = wait_for_drain(penstock)
        in_lake, in_store = lake_count(folder), harness.store_count(folder / "data/events.db")
        if failures or (in_lake, in_store) != (total, total):
            raise Void(f"lake {in_lake}, store {in_store} of {total}; {failures[:1]}")
    rate = total / cpu
    return [Figure("Firehose ingest to lake and event store: records per CPU second", "≥ 30,000",
                   f"{rate:,.0f} ({total / answered:,.0f} records/s answered)", rate >= 30_000,
                   rate)]


def wait_for_drain(penstock):
    """SIGTERM, the end, and the CPU seconds of the whole run."""
    penstock.process.terminate()
    _, status, used = os.wait4(penstock.process.pid, 0)
    penstock.process.returncode = os.waitstatus_to_exitcode(status)
    if penstock.process.returncode:
        raise Void(f"penstock ended with {penstock.process.returncode}: {penstock.tail(400)}")
    return used.ru_utime + used.ru_stime


def row_answers(options):
    """time to answer at 20 requests a second, against fsync"""
    seconds = 10 if options.quick else 60
    bodies = firehose_bodies(options, 20)
    answers, syncs = [], []
    with harness.workspace() as folder:
        penstock, port = ingest(folder)
        client = Client(port)
        client.put(bodies[0])
        with open(folder / "fsync", "wb", 0) as probe:
            start = time.perf_counter()
            for i in range(20 * seconds):
                time.sleep(max(0.0, start + i / 20 - time.perf_counter()))
                sent = time.perf_counter()
                client.put(bodies[i % len(bodies)])
                answered = time.perf_counter()
                probe.write(b"x" * 4096)
                os.fsync(probe.fileno())
                answers.append(answered - sent)
                syncs.append(time.perf_counter() - answered)
        wait_for_drain(penstock)
    answer, sync = (measure.percentile(v, 0.99) * 1000 for v in (answers, syncs))
    return [Figure("Firehose ingest, 20 requests/s of 500 × 1 KB: p99 of the answer",
                   f"≤ {sync:.1f} + 10 ms (fsync p99 + 10)",
                   f"{answer:.1f} ms (p50 {measure.percentile(answers, 0.5) * 1000:.1f})",
                   answer <= sync + 10, answer)]


def row_allocations(options):
    """allocations per event on the pass-through path"""
    counter, counts = measure.malloc_counter(), {}
    for count in (options.records // 10, options.records):
        with measure.ram_folder() as folder:
            measure.records_in(folder, count, options.seed)
            result = f"{folder}/allocations"
            files_to_files(folder, "raw", "raw", count, environment={
                "LD_PRELOAD": str(counter), "MALLOC_COUNT_FILE": result})
            counts[count] = int(pathlib.Path(result).read_text())
    small, large = counts.values()
    each = large / options.records
    more = (large - small) / (options.records - options.records // 10)
    return [Figure("allocations per event, pass-through", "< 0.1",
                   f"{each:.4f} ({more:.4f} for each more)", each < 0.1, each)]


def row_growth(options):
    """cost as work grows"""
    work = [(options.records // 10, 0), (options.records, 0)]
    some = options.records // 5
    work += [(some, 1), (some, 1000), (some, 1_000_000)]
    rounds = 1 if options.quick else 5
    cpus, sizes, empties = {one: [] for one in work}, {}, []
    for _ in range(rounds):  # each round all of them, so that a slow minute meets them all
        with measure.ram_folder() as folder:
            (pathlib.Path(folder) / "in.ndjson").touch()
            empties.append(files_to_files(folder, "dynamodb", "event", 0).cpu)
        for count, keys in work:
            with measure.ram_folder() as folder:
                path = measure.records_in(folder, count, options.seed, keys)
                sizes[count, keys] = path.stat().st_size / count
                cpus[count, keys].append(files_to_files(folder, "dynamodb", "event", count).cpu)
    empty = min(empties)
    costs = {one: (min(cpus[one]) - empty) / one[0] * 1e6 for one in work}
    print(f"\n  cost as work grows, the least of {rounds} (an empty run: {empty * 1000:.0f} ms of CPU)\n"
          "  | events | keys | bytes an event | µs of CPU an event | µs a KB |\n"
          "  |---|---|---|---|---|")
    for one, micros in costs.items():
        print(f"  | {one[0]:,} | {one[1] or 'unique':} | {sizes[one]:.0f} | {micros:.2f} "
              f"| {micros / sizes[one] * 1000:.2f} |")
    # Records of few keys are larger (more of them have an old image), so keys compare by the KB.
    kilobytes = {one: micros / sizes[one] * 1000 for one, micros in costs.items()}
    figures = []
    for name, values in (("an event as events grow", [costs[one] for one in work[:2]]),
                         ("a KB as keys grow", [kilobytes[one] for one in work[2:]])):
        spread = max(values) / min(values) - 1
        figures.append(Figure(f"cost of {name}, in µs of CPU", "within 20 %",
                              f"{spread * 100:.0f} % ({', '.join(f'{v:.2f}' for v in values)})",
                              spread <= 0.2, 1 + spread))
    return figures


ROWS = {name[4:]: value for name, value in list(globals().items()) if name.startswith("row_")}

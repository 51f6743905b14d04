"""Running Penstock and reading what it cost: CPU seconds, memory, latency. One thread."""
import collections
import contextlib
import json
import os
import pathlib
import re
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(ROOT / "tests" / "integration"))
import harness
import workload

BUILD = ROOT / "build" / "bench"

Run = collections.namedtuple("Run", "cpu seconds memory_peak")


class Void(Exception):
    """A row that cannot be trusted: outputs missing, the program failed."""


def use(program):
    """What the rows run from now on."""
    harness.PENSTOCK = pathlib.Path(program).resolve()


def raise_descriptors():
    """Many files are read at once; a program that does not raise its own limit inherits this."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def memory(pid, what):
    """VmHWM or VmRSS in MiB; 0 where the process is gone."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(what + ":"):
                return int(line.split()[1]) / 1024
    return 0.0


def cpu_so_far(pid):
    """CPU seconds of a running process, by the clock of clock_getcpuclockid(3)."""
    return time.clock_gettime(~pid << 3 | 2)


def bytes_read(pid):
    """By all of its reads, also those that a cache answers."""
    text = pathlib.Path(f"/proc/{pid}/io").read_text()
    return int(re.search(r"^rchar: (\d+)", text, re.M)[1])


@contextlib.contextmanager
def running(folder, pipeline):
    """A pipeline that goes on: (its process, its port for metric())."""
    path, port = pathlib.Path(folder) / "pipeline.yaml", harness.free_port()
    path.write_text(pipeline)
    penstock = harness.Penstock(folder, "run", "--admin", f"127.0.0.1:{port}", path)
    try:
        penstock.wait_for_port(port)
        yield penstock.process, port
    finally:
        penstock.kill()


def metric(port, name, label=""):
    """The sum of a metric, over all that have this text among their labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        text = answer.read().decode()
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines()
               if line.startswith(name + "{") and label in line)


def run(folder, pipeline, *, under=(), environment=None, limit=900):
    """Runs a pipeline to its end, under another program or not; raises Void where it fails."""
    path = pathlib.Path(folder) / "pipeline.yaml"
    path.write_text(pipeline)
    log = open(pathlib.Path(folder) / "log", "wb")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    process = subprocess.Popen([*under, harness.PENSTOCK, "run", "--once", str(path)], cwd=folder,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                               env={**os.environ, **(environment or {})})
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, memory(process.pid, "VmHWM"))
        if time.monotonic() - start > limit:
            process.kill()
            process.wait()
            raise Void(f"no end after {limit} s")
        time.sleep(0.02)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        text = (pathlib.Path(folder) / "log").read_text(errors="replace")
        raise Void(f"penstock ended with {process.returncode}: {text[-400:].strip()}")
    cpu = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return Run(cpu, time.monotonic() - start, peak)


def instructions(folder, pipeline):
    """Of a whole run, by callgrind: the same on a busy machine."""
    if not shutil.which("valgrind"):
        raise Void("valgrind is not installed")
    run(folder, pipeline, under=["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"])
    log = (pathlib.Path(folder) / "log").read_text(errors="replace")
    return int(re.search(r"Collected : (\d+)", log)[1])


def count_lines(folder):
    """Line breaks in all files below a folder."""
    total = 0
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file():
            with open(path, "rb") as f:
                while block := f.read(1 << 20):
                    total += block.count(b"\n")
    return total


def ram_folder():
    """A temporary folder on a RAM disk."""
    return tempfile.TemporaryDirectory(prefix="penstock-bench-", dir="/dev/shm")


def records(count, seed, keys=0):
    """The workload's file, made once and kept in build/bench."""
    BUILD.mkdir(parents=True, exist_ok=True)
    path = BUILD / f"records-{count}-{seed}-{keys}.ndjson"
    if not path.exists():
        print(f"  making {path.name} ...", file=sys.stderr, flush=True)
        workload.write(str(path) + ".part", count, seed, keys)
        os.replace(str(path) + ".part", path)
    return path


def records_in(folder, count, seed, keys=0):
    """A copy of the workload's file in a folder (on the RAM disk)."""
    copy = pathlib.Path(folder) / "in.ndjson"
    shutil.copyfile(records(count, seed, keys), copy)
    return copy


def compiled(source, out, command):
    """Compiles a helper of this folder where its source is newer."""
    BUILD.mkdir(parents=True, exist_ok=True)
    source, out = ROOT / "bench" / source, BUILD / out
    if not out.exists() or out.stat().st_mtime < source.stat().st_mtime:
        subprocess.run([*command, "-o", out, source, "-lsimdjson" if source.suffix == ".cpp"
                        else "-ldl"], check=True)
    return out


def yardstick(path):
    """Records per CPU second of the yardstick, now."""
    program = compiled("yardstick.cpp", "yardstick",
                       ["g++", "-O3", "-march=native", "-std=c++20"])
    ended = subprocess.run([program, path], check=True, capture_output=True, text=True)
    return json.loads(ended.stdout)["per_cpu_second"]


def malloc_counter():
    return compiled("malloc_count.c", "malloc_count.so", ["gcc", "-O2", "-shared", "-fPIC"])


def percentile(values, share):
    """The value that this share of all are at or below."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def latencies(command, lines, rate, seconds, folder):
    """Sends lines at a rate to a program's stdin; gives the seconds until each came out, in order.
    One thread, so that the client does not wait for itself."""
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, bufsize=0)
    sent, came = [], []
    total, poll = int(rate * seconds), select.poll()
    poll.register(process.stdout, select.POLLIN)
    process.stdin.write(lines[0])
    if not poll.poll(20_000):
        process.kill()
        raise Void("nothing came out within 20 s")
    os.read(process.stdout.fileno(), 1 << 20)
    start = time.perf_counter()
    last = start + seconds + 5
    while len(came) < total and time.perf_counter() < last:
        now = time.perf_counter()
        due = start + len(sent) / rate
        if len(sent) < total and now >= due:
            sent.append(now)
            process.stdin.write(lines[len(sent) % len(lines)])
            continue
        wait = max(0.0, due - now) * 1000 if len(sent) < total else 100
        if poll.poll(wait):
            block = os.read(process.stdout.fileno(), 1 << 20)
            now = time.perf_counter()
            came += [now] * block.count(b"\n")
    process.stdin.close()
    process.kill()
    process.wait()
    if len(came) != total:
        raise Void(f"{len(came)} of {total} events came out")
    return [b - a for a, b in zip(sent, came)]

"""The rows of `bench/run` with many parts and many folders."""
import contextlib
import pathlib
import socket
import statistics
import time

import figures
import harness
import measure
from figures import Figure
from measure import Void

IDLE_PARTS = 5_000
PARTS = 2_000
FOLDERS = 1_000
BURSTS = 5  # of each pipeline, in turns
RATE = PARTS  # events a second: one of each part
BACKLOG = 100  # lines that each part begins with: more than any in-flight limit of the row
OVER_LIMIT = 64  # MiB
HOUR = 3600

INTO_LAKE = """
name: parts
source:
  files: {{path: "{folder}/in/*.ndjson"}}
  format: event
sinks:
  - files: {{path: "{folder}/lake/{{after.folder}}"}}
    batch: {{wait: 200ms}}
checkpoint: {{sqlite: {{path: "{folder}/checkpoint.db"}}}}
"""
INTO_DISCARD = """
name: parts
source:
  files: {{path: "{folder}/in/*.ndjson"}}
sinks:
  - discard: {{}}
checkpoint: {{sqlite: {{path: "{folder}/checkpoint.db"}}}}
"""
DEAD_SINK = """
name: bounds
limits: {{in_flight_bytes: {limit}MiB, in_flight_events: 10000000}}
source:
  files: {{path: "{source}/*.ndjson"}}
  format: event
sinks:
  - files: {{path: "{folder}/lake/{{after.folder}}"}}
    batch: {{wait: 10s}}
  - http: {{url: "http://127.0.0.1:{port}/", body: lines}}
    {when}
checkpoint: {{sqlite: {{path: "{folder}/checkpoint.db"}}}}
"""


def line(number, folder, stuck=False):
    """An event of about 300 bytes, with a key of its own."""
    return (f'{{"id":"{number}","op":"insert","stream":"bench","key":{{"id":{number}}},"after":'
            f'{{"folder":"f{folder:04}","stuck":{str(stuck).lower()},"text":"{"x" * 190}"}}}}\n')


class Busy:
    """A running pipeline with one part that gets work in bursts, and idle parts beside it."""

    def __init__(self, stack, pipeline, idle):
        self.folder = pathlib.Path(stack.enter_context(measure.ram_folder()))
        (self.folder / "in").mkdir()
        for i in range(idle):
            (self.folder / f"in/idle-{i:05}.ndjson").write_text(line(i, i % FOLDERS))
        self.file = stack.enter_context(open(self.folder / "in/busy.ndjson", "wb", 0))
        self.sent, self.looks = idle, 0
        self.process, self.port = stack.enter_context(
            measure.running(self.folder, pipeline.format(folder=self.folder)))
        self.burst(10 * FOLDERS)  # all folders are known from here on

    def cpu(self):
        return measure.cpu_so_far(self.process.pid)

    def is_done(self):
        self.looks += 1
        return measure.metric(self.port, "penstock_written_events_total") == self.sent

    def rest(self, seconds=5):
        """What goes on while nothing comes: the share of a core, the CPU seconds of a look."""
        begin = self.cpu()
        time.sleep(seconds)
        middle = self.cpu()
        for _ in range(10):
            self.is_done()
        return (middle - begin) / seconds, (self.cpu() - middle) / 10

    def burst(self, events):
        """(CPU seconds, seconds, events, looks): from when some are read, so that the time until the
        part is looked at again is not in it, until all are delivered."""
        text = "".join(line(self.sent + i, i % FOLDERS) for i in range(events)).encode()
        first = measure.bytes_read(self.process.pid)
        self.file.write(text)
        self.sent += events

        def share_read():
            return (measure.bytes_read(self.process.pid) - first) / len(text)
        harness.wait_until(lambda: share_read() > 0.02, 60, "the busy part is read")
        before, cpu, start, self.looks = share_read(), self.cpu(), time.monotonic(), 0
        harness.wait_until(lambda: share_read() > 0.99, 60, "the busy part is read to its end")
        while not self.is_done():
            time.sleep(0.3)  # a look costs as well
            if time.monotonic() - start > 60:
                raise Void("not all was delivered in 60 s")
        return self.cpu() - cpu, time.monotonic() - start, (1 - before) * events, self.looks


def cost(busy, bursts):
    """Microseconds an event, without what goes on anyway; and the share of a core that this is."""
    share, look = busy.rest()
    each = [(cpu - share * seconds - look * looks) / events * 1e6
            for cpu, seconds, events, looks in bursts]
    return statistics.median(each), share


def row_parts(options):
    """one busy part among 5,000 idle parts, against the same part alone"""
    found = []
    for name, pipeline, least in ((f"{FOLDERS:,} folders", INTO_LAKE, 100_000),
                                  ("discard", INTO_DISCARD, 300_000)):
        events = max(least, options.records // BURSTS)
        with contextlib.ExitStack() as stack:
            pipelines = [Busy(stack, pipeline, idle) for idle in (0, IDLE_PARTS, 0)]
            time.sleep(5)  # idle parts are looked at ever less often
            bursts = list(zip(*([b.burst(events) for b in pipelines] for _ in range(BURSTS))))
            (alone, share), (among, more), (again, _) = map(cost, pipelines, bursts)
        ratio = among / alone
        found += [Figure(f"one busy part among {IDLE_PARTS:,} idle ones, into {name}: CPU an event"
                         " against alone", "≤ 1.05", f"{ratio:.3f} ({among:.2f} against {alone:.2f}"
                         f" µs; alone against alone {again / alone:.3f})", ratio <= 1.05, ratio),
                  Figure(f"{IDLE_PARTS:,} idle parts, into {name}: share of a core", "≤ 0.05",
                         f"{more - share:.3f}", more - share <= 0.05, more - share)]
    return found


class Feed:
    """Many files that grow by an event a second each."""

    def __init__(self, stack, folder):
        self.files = [stack.enter_context(open(f"{folder}/{i:05}.ndjson", "wb", 0))
                      for i in range(PARTS)]
        self.sent = 0
        self.send(BACKLOG * PARTS)

    def send(self, count):
        """To each file in turn. Its first event, and one in 997, says that it is stuck."""
        for _ in range(count):
            part = self.sent % PARTS
            stuck = self.sent < PARTS or self.sent % 997 == 0
            folder = (part + self.sent // (10 * RATE)) % FOLDERS  # another one every ten seconds
            self.files[part].write(line(self.sent, folder, stuck).encode())
            self.sent += 1


class Bounded:
    """A pipeline with a sink that is dead, and how its memory grows."""

    def __init__(self, stack, source, limit, takes_all):
        self.limit, self.takes_all = limit, takes_all
        self.name = (f"{'every event' if takes_all else 'one event in 997'} for the dead sink,"
                     f" in-flight limit {limit} MiB")
        self.folder = pathlib.Path(stack.enter_context(measure.ram_folder()))
        refused = stack.enter_context(socket.socket())  # bound and not listening
        refused.bind(("127.0.0.1", 0))
        when = "" if takes_all else "when: {after: {stuck: [true]}}"
        self.process, self.port = stack.enter_context(measure.running(self.folder, DEAD_SINK.format(
            folder=self.folder, source=source, limit=limit, port=refused.getsockname()[1],
            when=when)))
        self.points = []  # minutes, MiB

    def look(self, minutes):
        self.points.append((minutes, measure.memory(self.process.pid, "VmRSS")))
        for path in self.folder.glob("lake/*/[!.]*"):  # the lake itself is not what is measured
            path.unlink()

    def figures(self, sent):
        """Void where the bound was not reached."""
        held = measure.metric(self.port, "penstock_in_flight_bytes") / 2**20
        if self.takes_all and held < 0.5 * self.limit:  # each part has but its share
            raise Void(f"{self.name}: only {held:.1f} MiB are in flight")
        peak = measure.memory(self.process.pid, "VmHWM")
        minutes, last = self.points[-1]
        growth = figures.slope(self.points[len(self.points) // 2:])
        later = max(peak, last + max(0, growth) * (HOUR / 60 - minutes))
        found = [Figure(f"resident with {self.name}", f"≤ {self.limit} + {OVER_LIMIT} MiB",
                        f"{later:.1f} MiB after an hour (VmHWM {peak:.1f} MiB, {growth:+.2f} MiB a"
                        f" minute at the end; {held:.1f} MiB in flight)",
                        later <= self.limit + OVER_LIMIT, later)]
        if not self.takes_all:
            lake = measure.metric(self.port, "penstock_written_events_total", 'sink="files"')
            share = min(1, lake / (sent - 20 * RATE))  # what waits for its batch is not late
            found.append(Figure(f"the lake beside it, {self.name}: share of what was sent", "≥ 0.9",
                                f"{share:.2f}", share >= 0.9, share))
        return found


def row_bounds(options):
    """resident memory with every bound at its limit: 2,000 parts, 1,000 folders, a dead sink"""
    seconds = options.dead_sink_seconds or (60 if options.quick else 300)
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(measure.ram_folder())
        feed = Feed(stack, source)
        cases = [Bounded(stack, source, limit, takes_all)
                 for takes_all in (True, False) for limit in (8, 64)]
        start, looks = time.monotonic(), 0
        slices = 20  # of a second
        for i in range(seconds * slices):
            time.sleep(max(0.0, start + i / slices - time.monotonic()))
            feed.send(RATE // slices)
            if i / slices >= looks * seconds / 20:
                looks += 1
                for case in cases:
                    case.look(i / slices / 60)
        for case in cases:
            case.look(seconds / 60)
        print("\n  | VmRSS in MiB after | " + " | ".join(c.name for c in cases) + " |\n  "
              + "|---" * (len(cases) + 1) + "|")
        for points in list(zip(*(c.points for c in cases)))[::2]:
            cells = [f"{points[0][0]:.1f} min", *(f"{mib:.1f}" for _, mib in points)]
            print("  | " + " | ".join(cells) + " |", flush=True)
        return [f for case in cases for f in case.figures(feed.sent)]


ROWS = {name[4:]: value for name, value in list(globals().items()) if name.startswith("row_")}

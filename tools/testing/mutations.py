"""Runs the deliberate faults (src/sim/mutants.txt): each must be found by the simulator or a test.

    tools/testing/mutations.py BUILD [NAME...]    the folder of a build with target `mutants`

Prints for each who found it, and a score; the last line is `N passed, N failed, N skipped`. Exit
code 1 below SCORE or FAULTS, or where a program fails without any fault.
"""
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import mutants

SCORE = 0.95   # of the faults that are found
FAULTS = 40    # at least
SEEDS = 400    # of the simulator, for a fault
AT_ONCE = 2
CPU_SECONDS = 20   # of one run; a fault may be a loop without an end
WALL_SECONDS = 120
SIMULATOR = "penstock-sim-mutants"


@dataclasses.dataclass(frozen=True)
class Program:
    path: pathlib.Path
    folders: tuple  # whose faults it has

    @property
    def is_simulator(self):
        return self.path.name == SIMULATOR


@dataclasses.dataclass(frozen=True)
class Verdict:
    mutant: mutants.Mutant
    found_by: str  # empty: nobody
    seconds: float


def programs_of(build):
    """What CMake linked with which folders; the simulator first."""
    lines = (build / "mutants/programs.txt").read_text().splitlines()
    found = [Program(build / "mutants" / words[0], tuple(words[1:]))
             for words in (line.split() for line in lines if line)]
    return sorted(found, key=lambda program: not program.is_simulator)


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(program, name):
    """How the program failed with this fault on ("": without any); None where all is well."""
    if program.is_simulator:
        command = [program.path, "--seeds", str(SEEDS), "--from", "1"]
    else:
        command = [program.path, "--gtest_brief=1", "--gtest_fail_fast"]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PENSTOCK_MUTANT": name, "TEST_TMPDIR": folder}
        try:
            ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL, env=environment, preexec_fn=limit,
                                   timeout=WALL_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return "does not end"
    if ended.returncode == 0:
        return None
    text = ended.stdout.decode(errors="replace")
    seed = re.search(r"^seed \d+: .*", text, re.M)
    test = re.search(r"^\[  FAILED  \] ([\w/.]+)", text, re.M)
    if seed:
        return seed.group(0)[:150]
    if test:
        return f"{program.path.name.removesuffix('_mutants')} {test.group(1)}"
    last = (text.strip().splitlines() or [""])[-1]
    return f"{program.path.name}: exit code {ended.returncode}: {last}"[:150]


def try_one(mutant, programs):
    start = time.monotonic()
    folder = mutant.file.rsplit("/", 1)[0]
    # The tests of its own folder before those that only use it.
    suited = sorted((p for p in programs if folder in p.folders),
                    key=lambda p: (not p.is_simulator, p.folders[0] != folder))
    for program in suited:
        how = run(program, mutant.name)
        if how is not None:
            return Verdict(mutant, how, time.monotonic() - start)
    return Verdict(mutant, "", time.monotonic() - start)


def judge(verdicts, least):
    """The closing lines; the exit code says whether that is enough."""
    found = sum(1 for verdict in verdicts if verdict.found_by)
    score = found / len(verdicts) if verdicts else 0.0
    enough = len(verdicts) >= least and score >= SCORE
    print(f"score: {found} of {len(verdicts)} faults found ({score:.1%}); wanted are {SCORE:.0%} of"
          f" at least {least}")
    failed = 0 if enough else max(1, len(verdicts) - found)
    print(f"{found} passed, {failed} failed, 0 skipped")
    return 0 if enough else 1


def main(arguments):
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    programs = programs_of(pathlib.Path(arguments[0]).resolve())
    chosen = [m for m in mutants.load() if not arguments[1:] or m.name in arguments[1:]]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for program, how in zip(programs, pool.map(lambda p: run(p, ""), programs)):
            if how is not None:
                print(f"{program.path.name} fails without any fault: {how}")
                print("0 passed, 1 failed, 0 skipped")
                return 1
        verdicts = []
        for verdict in pool.map(lambda m: try_one(m, programs), chosen):
            verdicts.append(verdict)
            how = verdict.found_by or f"NOT FOUND: {verdict.mutant.why}"
            print(f"{verdict.mutant.name:40} {verdict.seconds:5.1f} s  {how}", flush=True)
    return judge(verdicts, 1 if arguments[1:] else FAULTS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

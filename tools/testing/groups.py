"""The groups of tests: each a function that runs programs and counts what passed."""
import concurrent.futures
import dataclasses
import datetime
import glob
import os
import pathlib
import re
import shutil
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOGS = ROOT / "build" / "test-logs"
PYTHON = "/usr/bin/python3"
SANITIZED_SEEDS = 100
SEEDS = 1000
OTHER_SEEDS = 20_000  # of the day
MUTATION_SECONDS = 240
FUZZ_SECONDS = 3
CAMPAIGN_ROUNDS = 5
DOCUMENTS = 20_000


class Missing(Exception):
    """A tool or a program is not there: skipped, or failed in CI."""


class Broken(Exception):
    """The group could not run at all."""


@dataclasses.dataclass(frozen=True)
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Count(self.passed + other.passed, self.failed + other.failed,
                     self.skipped + other.skipped)


@dataclasses.dataclass(frozen=True)
class Group:
    name: str
    says: str
    run: object
    fast: bool = False
    run_fast: object = None  # what --fast runs of it, where that is less


@dataclasses.dataclass(frozen=True)
class Ended:
    code: int
    text: str
    seconds: float


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Missing(f"{program} is not installed (tools/packages/test.txt)")


def run(name, command, timeout, environment=None):
    """Runs one program with its output in a log; a time-out is an exit code of 124."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    start = time.monotonic()
    env = {**os.environ, **(environment or {})}
    with open(log, "wb") as out:
        try:
            code = subprocess.run([str(c) for c in command], cwd=ROOT, stdout=out,
                                  stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                  timeout=timeout, env=env).returncode
        except subprocess.TimeoutExpired:
            out.write(f"\nended after {timeout} s without a result\n".encode())
            code = 124
    return Ended(code, log.read_text(errors="replace"), time.monotonic() - start)


def show_tail(name, ended, lines=40):
    print(f"   {name}: exit code {ended.code}; the end of build/test-logs/{name}.log:")
    for line in ended.text.splitlines()[-lines:]:
        print(f"   | {line}")


def build(preset, *targets, options=()):
    """Configures and builds a preset; what does not build breaks the group."""
    tail = ["--", *targets] if targets else []
    script = '. tools/lib.sh; build "$@"'
    ended = run(f"build-{preset}", ["bash", "-c", f'root=$PWD; {script}', "build", preset,
                                    *options, *tail], timeout=1800)
    if ended.code != 0:
        show_tail(f"build-{preset}", ended, 80)
        raise Broken(f"preset {preset} does not build")
    print(f"   built {preset} in {ended.seconds:.0f} s", flush=True)


def count_gtest(name, ended):
    """Counts the cases of one GoogleTest program; one that died without a sum counts as failed."""
    def number(pattern):
        found = re.search(pattern, ended.text)
        return int(found.group(1)) if found else 0
    passed = number(r"\[  PASSED  \] (\d+) test")
    failed = number(r"\[  FAILED  \] (\d+) tests?, listed below")
    skipped = number(r"\[  SKIPPED \] (\d+) tests?, listed below")
    if ended.code != 0:
        failed = max(failed, 1)
        show_tail(name, ended)
    return Count(passed, failed, skipped)


def run_gtests(preset, environment=None):
    programs = sorted(p for p in glob.glob(str(ROOT / "build" / preset / "**" / "*_test"),
                                           recursive=True) if os.access(p, os.X_OK))
    if not programs:
        raise Broken(f"preset {preset} has built no *_test program")
    total = Count()
    for program in programs:
        name = f"{preset}-{os.path.basename(program)}"
        total += count_gtest(name, run(name, [program, "--gtest_brief=1"], 300, environment))
    return total


def simulator(preset):
    program = ROOT / "build" / preset / "penstock-sim"
    if not program.exists():
        raise Missing(f"build/{preset}/penstock-sim is not built")
    return program


def run_seeds(preset, seeds, environment=None):
    """Each seed is one test; a violation names its seed."""
    return run_sim(f"{preset}-seeds", preset, ["--seeds", seeds, "--from", 1], environment)


def run_seeds_of_the_day():
    """Seeds that no other day runs, as two processes at once."""
    first = datetime.datetime.now(datetime.timezone.utc).toordinal() * OTHER_SEEDS
    half = OTHER_SEEDS // 2
    print(f"   seeds of the day: {first} to {first + OTHER_SEEDS - 1}", flush=True)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        counts = pool.map(lambda begin: run_sim(f"seeds-from-{begin}", "release",
                                                ["--seeds", half, "--from", begin]),
                          (first, first + half))
        return sum(counts, Count())


def run_sim(name, preset, arguments, environment=None):
    return count_summed(name, run(name, [simulator(preset), *arguments], 900, environment))


def count_summed(name, ended):
    """Reads the closing line `N passed, N failed, N skipped` of a program."""
    found = re.search(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", ended.text, re.M)
    count = Count(*map(int, found.groups())) if found else Count()
    if not count.failed and (ended.code != 0 or not count.passed + count.skipped):
        count += Count(failed=1)
    if count.failed:
        show_tail(name, ended)
    return count


def run_script(name, path, *arguments, timeout=600):
    """A python program whose last line is `N passed, N failed, N skipped`."""
    if not (ROOT / path).exists():
        raise Broken(f"{path} does not exist")
    ended = run(name, [PYTHON, path, *arguments], timeout)
    return count_summed(name, ended)


def group_build():
    build("release", options=["-DPENSTOCK_TESTS=ON"])
    for program in ("penstock", "penstock-sim"):
        if not (ROOT / "build/release" / program).exists():
            raise Broken(f"build/release/{program} was not built")
    return Count(passed=1)


def group_rules():
    return run_script("rules-test", "tools/tidy_test.py") + run_script("rules", "tools/tidy.py")


def group_tools():
    return (run_script("workload-test", "bench/workload_test.py") +
            run_script("figures-test", "bench/figures_test.py") +
            run_script("mutants-test", "tools/mutants_test.py"))


def group_unit():
    return run_gtests("release")


def group_fixed_seeds():
    """The kept seeds and a fixed thousand, which reach every rare branch."""
    return run_sim("seeds", "release", ["--probes", "--seeds", SEEDS, "--from", 1])


def group_simulator():
    return group_fixed_seeds() + run_seeds_of_the_day()


def group_mutations():
    """Nearly every deliberate fault is found; see tools/testing/mutations.py."""
    build("release", "mutants")
    start = time.monotonic()
    count = run_script("mutations", "tools/testing/mutations.py", "build/release", timeout=900)
    text = (LOGS / "mutations.log").read_text(errors="replace")
    for line in text.splitlines():
        if "NOT FOUND" in line or line.startswith("score: "):
            print(f"   {line}")
    seconds = time.monotonic() - start
    if seconds > MUTATION_SECONDS:
        print(f"   it took {seconds:.0f} s, at most {MUTATION_SECONDS} are wanted: fewer seeds, or"
              " fewer faults of one kind")
    return count


def group_docs():
    """The reference page is what the program prints now."""
    page = ROOT / "docs/REFERENCE.md"
    ended = run("docs", [ROOT / "build/release/penstock", "explain", "--all", "--markdown"], 30)
    if ended.code != 0:
        show_tail("docs", ended)
        return Count(failed=1)
    if not page.exists() or page.read_text() != ended.text:
        print("   docs/REFERENCE.md is not current: write it anew with"
              " `build/release/penstock explain --all --markdown > docs/REFERENCE.md`")
        return Count(failed=1)
    return Count(passed=1)


def group_install():
    """cmake --install gives a program that runs from where it was put."""
    place = ROOT / "build/install-test"
    shutil.rmtree(place, ignore_errors=True)
    ended = run("install", ["cmake", "--install", "build/release", "--prefix", place], 60)
    if ended.code == 0:
        ended = run("install-version", [place / "bin/penstock", "version"], 10)
    if ended.code != 0:
        show_tail("install", ended)
    return Count(passed=1) if ended.code == 0 else Count(failed=1)


def group_new_connector():
    """What tools/new_connector makes, built in a copy of the tree."""
    return run_script("new-connector", "tools/new_connector_test.py", timeout=1500)


def group_oracle():
    """tests/doc_oracle.py ends at the first difference; its exit code says whether there was one."""
    programs = list((ROOT / "build/release").rglob("doc_oracle"))
    programs = [p for p in programs if p.is_file() and os.access(p, os.X_OK)]
    if not programs:
        raise Broken("build/release has no program doc_oracle")
    ended = run("oracle", [PYTHON, "tests/doc_oracle.py", programs[0], DOCUMENTS], 900)
    if ended.code != 0:
        show_tail("oracle", ended)
    return Count(passed=1) if ended.code == 0 else Count(failed=1)


def group_integration():
    total = Count()
    scripts = sorted(glob.glob(str(ROOT / "tests/integration/test_*.py")))
    for script in scripts:
        path = os.path.relpath(script, ROOT)
        total += run_script(os.path.basename(script)[:-3], path, timeout=600)
    return total


def group_campaign():
    return run_script("campaign", "tools/campaign", "--rounds", str(CAMPAIGN_ROUNDS), timeout=600)


def sanitized(preset, environment):
    build(preset)
    return run_gtests(preset, environment) + run_seeds(preset, SANITIZED_SEEDS, environment)


def group_asan():
    need("clang++-19")
    return sanitized("asan", {"ASAN_OPTIONS": "detect_stack_use_after_return=1",
                              "UBSAN_OPTIONS": "print_stacktrace=1"})


def group_tsan():
    return sanitized("tsan", {"TSAN_OPTIONS": "halt_on_error=1"})


def group_fuzz():
    need("clang++-19")
    build("asan")
    sources = {p.stem: p for p in (ROOT / "src").rglob("*_fuzz.cpp")}
    total = Count()
    for name, source in sorted(sources.items()):
        programs = list((ROOT / "build/asan").rglob(name))
        corpus = source.with_name(name.removesuffix("_fuzz") + "_corpus")
        if not corpus.exists():
            corpus = source.with_name(name + "_corpus")
        if len(programs) != 1 or not corpus.exists():
            print(f"   {name}: no program or no corpus beside {source.relative_to(ROOT)}")
            total += Count(failed=1)
            continue
        found = ROOT / "build/fuzz-found" / name
        found.mkdir(parents=True, exist_ok=True)
        ended = run(f"fuzz-{name}", [programs[0], found, corpus, "-timeout=10",
                                     f"-max_total_time={FUZZ_SECONDS}", "-verbosity=0",
                                     f"-artifact_prefix={found}/"], 120)
        if ended.code != 0:
            show_tail(f"fuzz-{name}", ended)
        total += Count(passed=1) if ended.code == 0 else Count(failed=1)
    return total


def group_format():
    need("clang-format-19")
    files = [str(p.relative_to(ROOT)) for p in sorted((ROOT / "src").rglob("*"))
             if p.suffix in (".h", ".cpp")]
    ended = run("format", ["clang-format-19", "--dry-run", "--Werror", *files], 120)
    if ended.code != 0:
        show_tail("format", ended)
    return Count(passed=1) if ended.code == 0 else Count(failed=1)


def group_tidy():
    need("clang-tidy-19")
    return run_script("clang-tidy", "tools/clang_tidy.py", timeout=1200)


GROUPS = [
    Group("build", "the release build, warnings as errors", group_build, fast=True),
    Group("rules", "the repository's rules (tools/tidy.py)", group_rules, fast=True),
    Group("format", "clang-format", group_format, fast=True),
    Group("tools", "the tools' own tests", group_tools, fast=True),
    Group("unit", "unit and contract tests", group_unit, fast=True),
    Group("simulator", f"{SEEDS} simulated runs with crashes, and {OTHER_SEEDS} others each day",
          group_simulator, fast=True, run_fast=group_fixed_seeds),
    Group("mutations", "deliberate faults are found by the simulator or a test", group_mutations),
    Group("docs", "the reference page is current", group_docs, fast=True),
    Group("install", "cmake --install", group_install, fast=True),
    Group("new-connector", "what tools/new_connector makes", group_new_connector),
    Group("oracle", f"{DOCUMENTS} random documents against decimal and pymongo", group_oracle),
    Group("integration", "the program against real clients", group_integration),
    Group("campaign", f"{CAMPAIGN_ROUNDS} rounds of SIGKILL under load", group_campaign),
    Group("asan", f"AddressSanitizer and UBSan, with {SANITIZED_SEEDS} seeds", group_asan),
    Group("tsan", f"ThreadSanitizer, with {SANITIZED_SEEDS} seeds", group_tsan),
    Group("fuzz", f"every fuzz target for {FUZZ_SECONDS} s", group_fuzz),
    Group("clang-tidy", "clang-tidy with the pinned checks", group_tidy),
]

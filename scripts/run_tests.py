"""Builds and runs all phases of scripts/test, and prints the counts.

Each phase adds to the counts. Every case of a gtest or pytest run counts as one. A step that passes
or fails as a whole (a build, the format, lint, a fuzzer) also counts as one. A skipped test counts
as failed, so that nothing is left out silently.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "scripts"
PROGRAM_TESTS = [ROOT / "tests" / "schema", ROOT / "tests" / "integration"]
# The scripts and the console are the same in every build: one run suffices.
ONCE = [ROOT / "tests" / "lint", ROOT / "tests" / "console"]
CHART_TESTS = [ROOT / "tests" / "helm", ROOT / "tests" / "container" / "test_compose.py"]
# In one process, since each would build the image.
IMAGE_TESTS = [ROOT / "tests" / "container" / "test_image.py"]
# They compile everything twice, and take as long as all that CI has time for.
PACKAGE_TESTS = [ROOT / "tests" / "packages"]
FAULT_MATRIX = [ROOT / "tests" / "faults"]
LIBRARY_TESTS = [ROOT / "tests" / "library"]
# Most of these tests spend most of their time waiting, for a server to start or for time to pass.
# Therefore there are more workers than cores, but only a few more, or they wait for each other. A
# worker without tests takes half of those of another worker.
WORKERS = ["-n", "3", "--dist", "worksteal"]


@dataclass
class Tally:
    """The counts of all phases so far."""

    passed: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, what: str, ok: bool) -> bool:
        if ok:
            self.passed += 1
        else:
            self.fail(what)
        return ok

    def fail(self, what: str) -> None:
        self.failed += 1
        self.failures.append(what)

    def add_junit(self, phase: str, report: Path) -> int:
        """Counts the cases of a JUnit report; returns how many failed."""
        before = self.failed
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            name = f"{phase}: {case.get('classname')}.{case.get('name')}"
            bad = case.find("failure") is not None or case.find("error") is not None
            skipped = case.find("skipped") is not None or case.get("result") == "skipped"
            self.add(f"{name} (skipped)" if skipped else name, not bad and not skipped)
        return self.failed - before


class Run:
    def __init__(self):
        self.tally = Tally()
        self.started = time.monotonic()
        self.phases: list[tuple[str, float]] = []

    def header(self, title: str) -> None:
        now = time.monotonic()
        self._close(now)
        self.phases.append((title, now))
        minutes, seconds = divmod(int(now - self.started), 60)
        print(f"\n== [{minutes:02}:{seconds:02}] {title}", flush=True)

    def _close(self, now: float) -> None:
        if self.phases and isinstance(self.phases[-1][1], float):
            title, since = self.phases[-1]
            self.phases[-1] = (title, now - since)

    def call(self, *command, env=None) -> bool:
        """Runs a command that prints to this program's output. Returns true if it succeeds."""
        done = subprocess.run(
            [str(part) for part in command], cwd=ROOT, env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        return done.returncode == 0

    def build(self, preset: str) -> bool:
        self.header(f"{preset}: build")
        targets = ["all", "all_verify_interface_header_sets"] if preset == "dev" else []
        return self.tally.add(f"{preset}: build", self.call(SCRIPTS / "build", preset, *targets))

    def unit_tests(self, preset: str, env: dict[str, str]) -> None:
        """Runs ctest, and counts the cases of each program instead of programs."""
        self.header(f"{preset}: unit tests")
        build = ROOT / "build" / preset
        reports = build / "reports" / "unit"
        fresh(reports)
        ctest_report = build / "reports" / "ctest.xml"
        ctest_report.unlink(missing_ok=True)
        env = {**env, "GTEST_OUTPUT": f"xml:{reports}/"}
        ok = self.call(
            "ctest", "--test-dir", build, "--output-on-failure", "--no-tests=error",
            "--timeout", "600", "--output-junit", ctest_report, env=env,
        )  # fmt: skip
        failed = {
            report.stem.removesuffix("_test"): self.tally.add_junit(preset, report)
            for report in sorted(reports.glob("*.xml"))
        }
        if not ctest_report.exists():
            self.tally.add(f"{preset}: ctest", ok)
            return
        for case in ElementTree.parse(ctest_report).getroot().iter("testcase"):
            name, ran_well = case.get("name"), case.get("status") == "run"
            # A program counts by its cases, unless it crashed or a sanitizer ended it.
            if name not in failed or (not ran_well and failed[name] == 0):
                self.tally.add(f"{preset}: {name} as a whole", ran_well)

    def python_tests(self, preset: str, env: dict[str, str]) -> None:
        self.header(f"{preset}: tests with real etcd and OpenSearch")
        tests = PROGRAM_TESTS + (ONCE if preset == "dev" else [])
        self.pytest(preset, tests, "pytest.xml", env)

    def library_tests(self, preset: str) -> None:
        self.header(f"{preset}: the library, installed")
        self.pytest(preset, LIBRARY_TESTS, "library.xml", {}, workers=[])

    def deployment_tests(self, preset: str) -> None:
        self.header(f"{preset}: Helm chart and compose file")
        self.pytest(preset, CHART_TESTS, "chart.xml", {})
        self.header(f"{preset}: container image")
        self.pytest(preset, IMAGE_TESTS, "image.xml", {}, workers=[])

    def package_tests(self) -> None:
        self.header("Debian packages")
        self.pytest("dev", PACKAGE_TESTS, "packages.xml", {}, workers=[])

    def fault_matrix(self, preset: str) -> None:
        self.header(f"{preset}: fault matrix")
        self.pytest(preset, FAULT_MATRIX, "faults.xml", {})

    def pytest(self, preset: str, tests: list[Path], report_name: str, env: dict[str, str],
               workers: list[str] = WORKERS) -> None:  # fmt: skip
        report = ROOT / "build" / preset / "reports" / report_name
        report.unlink(missing_ok=True)
        report.parent.mkdir(parents=True, exist_ok=True)
        env = {**env, "OSPROXY_BIN_DIR": str(ROOT / "build" / preset / "bin")}
        ok = self.call(
            sys.executable, "-m", "pytest", *workers, *tests,
            f"--junitxml={report}", env=env,
        )  # fmt: skip
        failed = self.tally.add_junit(preset, report) if report.exists() else 0
        if not ok and failed == 0:
            self.tally.fail(f"{preset}: pytest, {report_name}")

    def sanitized(self, preset: str) -> None:
        if not self.build(preset):
            return
        reports = ROOT / "build" / preset / "reports" / "sanitizer"
        fresh(reports)
        env = sanitizer_settings(preset, reports)
        self.unit_tests(preset, env)
        self.python_tests(preset, env)
        found = sorted(reports.iterdir())
        for path in found:
            print(f"-- {path}\n{path.read_text(errors='replace')[:8000]}")
        self.tally.add(f"{preset}: sanitizer reports in {reports}", not found)

    def as_a_whole(self, title: str, *command) -> None:
        self.header(title)
        self.tally.add(title, self.call(*command))

    def summary(self) -> int:
        self._close(time.monotonic())
        print("\n== Summary")
        for title, seconds in self.phases:
            print(f"{seconds:7.0f} s  {title}")
        for failure in self.tally.failures:
            print(f"FAILED  {failure}")
        print(f"{self.tally.passed} passed, {self.tally.failed} failed", flush=True)
        return 1 if self.tally.failed or not self.tally.passed else 0


def fresh(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)


def sanitizer_settings(preset: str, reports: Path) -> dict[str, str]:
    """The environment variables of a sanitizer build's tests."""
    common = f"halt_on_error=1:log_path={reports}/report"
    if preset == "asan":
        return {
            "ASAN_OPTIONS": f"{common}:detect_stack_use_after_return=1:strict_string_checks=1",
            "UBSAN_OPTIONS": f"{common}:print_stacktrace=1",
            "LSAN_OPTIONS": f"suppressions={ROOT / 'tests' / 'lsan.supp'}:print_suppressions=0",
        }
    suppressions = ROOT / "tests" / "tsan.supp"
    return {"TSAN_OPTIONS": f"{common}:second_deadlock_stack=1:suppressions={suppressions}"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/test")
    parser.add_argument("--quick", action="store_true", help="the preset dev only")
    parser.add_argument("--release", action="store_true", help="also the packages, made twice")
    options = parser.parse_args()
    quick = options.quick

    run = Run()
    run.as_a_whole("format", SCRIPTS / "format", "--check")
    if run.build("dev"):
        run.unit_tests("dev", {})
        run.python_tests("dev", {})
        run.library_tests("dev")
        run.as_a_whole("the demo", SCRIPTS / "demo")
        run.deployment_tests("dev")
        run.fault_matrix("dev")
        if not quick:
            run.as_a_whole("the simulator finds planted bugs", SCRIPTS / "check_mutations")
            run.as_a_whole("lint", sys.executable, SCRIPTS / "lint")
            run.as_a_whole("the docs as a site", SCRIPTS / "docs_site")
    if options.release:
        run.package_tests()
    if not quick:
        run.sanitized("asan")
        run.sanitized("tsan")
        run.as_a_whole("fuzzers, 30 s each", SCRIPTS / "fuzz", "30")
    return run.summary()


if __name__ == "__main__":
    sys.exit(main())

"""Shows the logs of the servers that a failed test used."""

import pytest

from parts import Process


@pytest.fixture(autouse=True)
def _forget_stopped_processes():
    yield
    Process.started[:] = [p for p in Process.started if p.alive()]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for process in Process.started:
            report.sections.append(
                (f"log of {process.name} ({process.log_path})", process.log_tail())
            )
    return report

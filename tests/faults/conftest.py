"""The fault matrix: faults of etcd and of the link to it, and what users see of them.

Each test is a row, named by its docstring, and runs with each etcd release. It reports in one line
what happened and how long it took; the lines appear in the output at once, and as a table at its
end. After each row an oracle (oracle.py) checks everything that both clients reported.
"""

import pytest
from relay import Relay
from row import Row

from parts import CURRENT_ETCD, DEBIAN_ETCD, Etcd


@pytest.fixture(scope="session", params=[DEBIAN_ETCD, CURRENT_ETCD], ids=lambda r: r.name)
def release(request):
    return request.param


@pytest.fixture(scope="session")
def etcd(release, tmp_path_factory):
    """For rows without a fault of etcd itself."""
    with Etcd(tmp_path_factory.mktemp("shared"), release=release) as part:
        yield part


@pytest.fixture
def own_etcd(release, tmp_path):
    """For rows with one."""
    with Etcd(tmp_path, "own-etcd", release=release) as part:
        yield part


@pytest.fixture
def roomy_etcd(release, tmp_path):
    """Accepts values of 8 MiB; etcd's default limit is 1.5 MiB."""
    limit = ["--max-request-bytes", str(8 << 20)]
    with Etcd(tmp_path, "roomy-etcd", release=release, arguments=limit) as part:
        yield part


@pytest.fixture
def relay():
    """Creates relays, which end with the test."""
    relays = []

    def make(etcd, **options) -> Relay:
        relays.append(Relay(etcd.endpoint.removeprefix("https://"), **options))
        return relays[-1]

    yield make
    for one in relays:
        one.close()


@pytest.fixture
def row(request, release, tmp_path):
    row = Row(request.function.__doc__.rstrip("."), tmp_path)
    yield row
    for client in row.clients:
        client.kill()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    """Finishes the row as part of the test, so that a complaint of the oracle fails the test."""
    result = yield
    if row := pyfuncitem.funcargs.get("row"):
        row.finish()
        release = f"etcd {pyfuncitem.funcargs['release'].name}"
        # Reaches the main process if this is one of several workers, and the JUnit report.
        pyfuncitem.user_properties.append(("row", (release, row.title, row.summary)))
    return result


class _Table:
    """The lines of all rows, in the terminal."""

    def __init__(self, config):
        self._config = config
        self._lines: list[tuple[str, str, str]] = []

    def pytest_runtest_logreport(self, report):
        line = dict(report.user_properties).get("row")
        if line and report.when == "call":
            self._lines.append(tuple(line))
            release, title, summary = line
            self._print(f"{title}: {summary} [{release}]")

    def _print(self, text: str) -> None:
        """Prints at once, past pytest's capture, on a separate line."""
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        capture = self._config.pluginmanager.get_plugin("capturemanager")
        with capture.global_and_fixture_disabled():
            terminal.ensure_newline()
            terminal.write_line(text)

    def pytest_terminal_summary(self, terminalreporter):
        if not self._lines:
            return
        terminalreporter.section("fault matrix")
        width = max(len(title) for _, title, _ in self._lines)
        for release, title, summary in sorted(self._lines, key=lambda line: (line[1], line[0])):
            terminalreporter.write_line(f"{release}  {title:{width}}  {summary}")


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Table(config))

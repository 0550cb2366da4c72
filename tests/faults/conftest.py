"""The fault matrix: what is done to etcd and to the way there, and what users see of it.

Each test is a row, named by its docstring, and runs with each etcd. It tells in one line what was
seen and how long it took; the lines stand at once in the output, and as a table at its end. After
each row an oracle (oracle.py) goes over everything that both clients said.
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
    """For rows that do nothing to etcd itself."""
    with Etcd(tmp_path_factory.mktemp("shared"), release=release) as part:
        yield part


@pytest.fixture
def own_etcd(release, tmp_path):
    """For rows that do."""
    with Etcd(tmp_path, "own-etcd", release=release) as part:
        yield part


@pytest.fixture
def roomy_etcd(release, tmp_path):
    """Takes values of 8 MiB; etcd's own limit is 1.5 MiB."""
    limit = ["--max-request-bytes", str(8 << 20)]
    with Etcd(tmp_path, "roomy-etcd", release=release, arguments=limit) as part:
        yield part


@pytest.fixture
def relay():
    """Makes relays, which end with the test."""
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
    """The end of a row belongs to the test: what is wrong then is the row's failure."""
    result = yield
    if row := pyfuncitem.funcargs.get("row"):
        row.finish()
        release = f"etcd {pyfuncitem.funcargs['release'].name}"
        # The way to the main process, if this is one of several workers; and into the JUnit report.
        pyfuncitem.user_properties.append(("row", (release, row.title, row.told)))
    return result


class _Table:
    """The lines of all rows, where pytest writes to its user."""

    def __init__(self, config):
        self._config = config
        self._lines: list[tuple[str, str, str]] = []

    def pytest_runtest_logreport(self, report):
        line = dict(report.user_properties).get("row")
        if line and report.when == "call":
            self._lines.append(tuple(line))
            release, title, told = line
            self._print(f"{title}: {told} [{release}]")

    def _print(self, text: str) -> None:
        """At once, past pytest's capture, on a line of its own."""
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
        for release, title, told in sorted(self._lines, key=lambda line: (line[1], line[0])):
            terminalreporter.write_line(f"{release}  {title:{width}}  {told}")


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Table(config))

"""An etcd and an upstream for the run; for each test two osproxy, and a browser without faults."""

import shutil
import tempfile
from pathlib import Path

import pytest
from browser import Browser
from console_site import Site, Upstream

from parts import Etcd, Proxy


@pytest.fixture(scope="session")
def console_etcd():
    path = Path(tempfile.mkdtemp(prefix="osproxy-console-"))
    with Etcd(path) as part:
        yield part
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def console_upstream():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture
def make_site(tmp_path, console_etcd, console_upstream):
    sites = []

    def make(*arguments: str) -> Site:
        site = Site(tmp_path, console_etcd, console_upstream, arguments)
        sites.append(site)
        return site.__enter__()

    yield make
    for site in sites:
        site.__exit__()


@pytest.fixture
def site(make_site) -> Site:
    return make_site()


@pytest.fixture
def start_alone(tmp_path, console_upstream):
    """Starts a proxy without etcd."""
    proxies = []

    def start() -> Proxy:
        proxies.append(Proxy(tmp_path, "proxy-alone", upstream=console_upstream.url))
        return proxies[-1].start()

    yield start
    for proxy in proxies:
        proxy.stop()


@pytest.fixture
def browser():
    with Browser() as one:
        yield one


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Shows the page that a failed test saw."""
    report = yield
    browser = getattr(item, "funcargs", {}).get("browser")
    if report.when == "call" and report.failed and browser is not None:
        report.sections.append(("the page", browser.driver.page_source[:20_000]))
    return report

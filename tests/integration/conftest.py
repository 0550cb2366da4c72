"""The fixtures of this folder: a real etcd, a real OpenSearch, and two osproxy between them.

Servers that take seconds to start live as long as the run. Each test has its own two proxies and its
own key, so that no test sees the documents of another. If several workers share the tests
(pytest-xdist), each worker has an etcd, and all share the OpenSearch nodes.
"""

import json
import shutil
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from explain_schema import EXPLAIN_SCHEMA
from opensearchpy import OpenSearch as Client

from parts import (
    BorrowedOpenSearch,
    Ctl,
    CurrentOpenSearch,
    Etcd,
    OpenSearch,
    Proxy,
    SecureOpenSearch,
    eventually,
)

# A sanitizer, an assertion or the runtime writes one of these before it ends a program.
_CRASH_MARKS = ("Sanitizer", "runtime error:", "Assertion", "terminate called")


@dataclass
class Fleet:
    """Two proxies on one key, in front of one OpenSearch."""

    a: Proxy
    b: Proxy
    etcd: Etcd
    key: str
    ctl: Ctl

    def __iter__(self):
        return iter((self.a, self.b))

    def put(self, *directives: dict) -> int:
        """Puts a document by etcdctl and waits until both proxies have applied it."""
        return self.put_raw(json.dumps({"directives": directives}))

    def put_raw(self, document: str) -> int:
        revision = self.etcd.put(self.key, document)
        self.wait_for(revision)
        return revision

    def wait_for(self, revision: int) -> None:
        """Waits until both proxies have applied or rejected this revision or a later one."""
        for proxy in self:
            eventually(
                lambda proxy=proxy: _known_revision(proxy.status()["store"]) >= revision,
                what=f"{proxy.name} knows revision {revision}",
            )


def _known_revision(store: dict) -> int:
    rejected = store["rejected"]
    return max(store["revision"], rejected["revision"] if rejected else 0)


_FOR_ALL_WORKERS = pytest.StashKey[Path]()


def pytest_configure_node(node):
    """Runs in the main process for each worker: tells it where the shared nodes are."""
    if _FOR_ALL_WORKERS not in node.config.stash:
        node.config.stash[_FOR_ALL_WORKERS] = _launch_nodes(node.config)
    node.workerinput["opensearch"] = str(node.config.stash[_FOR_ALL_WORKERS])


def _launch_nodes(config) -> Path:
    """Their folder. The nodes start together with the workers; a test that needs one waits for it."""
    run_dir = Path(tempfile.mkdtemp(prefix="osproxy-test-"))
    config.add_cleanup(lambda: shutil.rmtree(run_dir, ignore_errors=True))
    for kind in (OpenSearch, CurrentOpenSearch, SecureOpenSearch):
        part = kind(run_dir)
        part.launch()
        config.add_cleanup(part.stop)  # cleanups run last to first
    return run_dir


@pytest.fixture(scope="session")
def session_dir():
    path = Path(tempfile.mkdtemp(prefix="osproxy-test-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def _node(kind: type[OpenSearch], request, session_dir) -> OpenSearch:
    """A node of this run: the one for all workers, or its own if there are none."""
    worker = getattr(request.config, "workerinput", None)
    return BorrowedOpenSearch(worker["opensearch"], kind) if worker else kind(session_dir)


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "each_opensearch: runs once in front of each supported release of OpenSearch"
    )


def pytest_generate_tests(metafunc):
    marked = metafunc.definition.get_closest_marker("each_opensearch")
    if marked and "opensearch" in metafunc.fixturenames:
        releases = {"2.19": OpenSearch, "3.8": CurrentOpenSearch}
        metafunc.parametrize(
            "opensearch", releases.values(), ids=releases, indirect=True, scope="session"
        )


@pytest.fixture(scope="session")
def opensearch(request, session_dir):
    """Of release 2.19, unless the test is marked each_opensearch."""
    with _node(getattr(request, "param", OpenSearch), request, session_dir) as part:
        yield part


@pytest.fixture(scope="session")
def current_opensearch(request, session_dir):
    with _node(CurrentOpenSearch, request, session_dir) as part:
        yield part


@pytest.fixture(scope="session")
def secure_opensearch(request, session_dir):
    with _node(SecureOpenSearch, request, session_dir) as part:
        yield part


@pytest.fixture(scope="session")
def etcd(session_dir):
    with Etcd(session_dir) as part:
        yield part


@pytest.fixture
def own_etcd(tmp_path):
    """An etcd that the test may kill."""
    with Etcd(tmp_path, "own-etcd") as part:
        yield part


@pytest.fixture
def start_proxy(tmp_path):
    """Starts proxies; at the end stops each, and requires a clean exit."""
    proxies = []

    def start(name: str = "osproxy", **options) -> Proxy:
        proxy = Proxy(tmp_path, name, **options)
        proxies.append(proxy)
        return proxy.start()

    yield start
    unclean = [p for p in proxies if p.alive() and p.stop() != 0]
    crashed = [p for p in proxies if any(mark in p.log() for mark in _CRASH_MARKS)]
    for proxy in {*unclean, *crashed}:
        pytest.fail(f"{proxy.name} ended with {proxy.process.returncode}:\n{proxy.log_tail()}")


@pytest.fixture
def make_fleet(start_proxy, opensearch):
    def make(etcd: Etcd) -> Fleet:
        key = f"test/{uuid.uuid4().hex}/directives"
        pair = (
            start_proxy(name, upstream=opensearch.url, etcd=etcd, key=key)
            for name in ("proxy-a", "proxy-b")
        )
        return Fleet(*pair, etcd=etcd, key=key, ctl=Ctl.of_etcd(etcd, key))

    return make


@pytest.fixture
def fleet(make_fleet, etcd) -> Fleet:
    return make_fleet(etcd)


@pytest.fixture
def index(opensearch):
    """The name of a new index with three documents, deleted after the test."""
    name = f"orders-{uuid.uuid4().hex[:12]}"
    client = Client(opensearch.url)
    for number in range(3):
        client.index(index=name, id=str(number), body={"number": number}, refresh=True)
    yield name
    client.indices.delete(index=name, ignore=404)


class Traffic:
    """Sends requests, and finds their records by request id."""

    @staticmethod
    def send(proxy: Proxy, method: str, path: str, *, tenant: str | None = None, headers=None,
             **options) -> str:  # fmt: skip
        """Sends one request through the proxy; returns its request id."""
        request_id = f"test-{uuid.uuid4().hex}"
        headers = {"X-Request-Id": request_id, **(headers or {})}
        if tenant is not None:
            headers["X-Tenant-Id"] = tenant
        reply = proxy.request(method, path, headers=headers, **options)
        assert reply.headers["X-Request-Id"] == request_id
        return request_id

    def search(self, proxy: Proxy, index: str, tenant: str | None = None) -> str:
        return self.send(proxy, "POST", f"/{index}/_search", tenant=tenant,
                         json_body={"query": {"match_all": {}}})  # fmt: skip

    @staticmethod
    def recorded(proxy: Proxy, request_id: str) -> dict:
        """Returns the record of a request, which must exist and match the schema."""
        record = eventually(lambda: proxy.explain(request_id), what=f"a record of {request_id}")
        EXPLAIN_SCHEMA.validate(record)
        return record

    @staticmethod
    def not_recorded(proxy: Proxy, request_id: str) -> None:
        """Asserts that a request whose response has arrived has no record."""
        proxy.settle()
        assert proxy.explain(request_id) is None, f"{request_id} was recorded"


@pytest.fixture
def traffic() -> Traffic:
    return Traffic()

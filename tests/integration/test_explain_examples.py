"""docs/explain-examples.md: a run gives the documents of the page, field by field."""

import json
import re
from pathlib import Path

import pytest
from opensearchpy import OpenSearch as Client

_PAGE = Path(__file__).parents[2] / "docs" / "explain-examples.md"
_INDEX = "orders-2026"

#: Fields whose values differ from run to run.
_OF_THE_RUN = {
    "request_id", "started", "upstream", "connection_reused", "response_bytes", "took_ms", "hits",
    "head_bytes_in", "head_bytes_out", "times", "agent",
}  # fmt: skip


def _documents() -> tuple[str, str, dict[str, dict]]:
    """The search and the bulk that were sent, and the records by their headings."""
    page = _PAGE.read_text()
    search, bulk = re.findall(r"^```json\n(.*?)^```", page.partition("\n## ")[0], re.M | re.S)
    found = re.findall(r"^## (.+?)\n+```json\n(.*?)^```", page, re.M | re.S)
    return search.rstrip("\n"), bulk, {title: json.loads(text) for title, text in found}


def _without_the_run(value):
    """The same document, with only the type of each value that differs from run to run."""
    if isinstance(value, dict):
        return [(key, sorted(inner) if key == "times" else type(inner).__name__)
                if key in _OF_THE_RUN else (key, _without_the_run(inner))
                for key, inner in value.items()]  # fmt: skip
    return [_without_the_run(inner) for inner in value] if isinstance(value, list) else value


@pytest.fixture
def orders(opensearch):
    client = Client(opensearch.url)
    for number, customer in enumerate(("c1", "c7", "c22"), start=3):
        client.index(index=_INDEX, id=str(number), refresh=True,
                     body={"status": "open", "total": 5, "customer": {"id": customer}})  # fmt: skip
    yield
    client.indices.delete(index=_INDEX, ignore=404)


@pytest.mark.parametrize("level", ["Shape", "ShapeTiming", "ShapeRewriteDiff"])
def test_a_run_gives_the_documents_of_the_page(fleet, traffic, orders, level):
    search, bulk, expected = _documents()
    fleet.put({"id": "acme-orders", "level": level, "tenant": "acme", "ttl_secs": 600})
    requests = {
        "a search": ("_search", search, {"Content-Type": "application/json"}),
        "a bulk": ("_bulk", bulk, {"Content-Type": "application/x-ndjson"}),
    }
    for what, (api, body, headers) in requests.items():
        for _ in range(3):
            request_id = traffic.send(fleet.a, "POST", f"/{_INDEX}/{api}", tenant="acme",
                                      body=body, headers=headers)  # fmt: skip
        record = traffic.recorded(fleet.a, request_id)
        assert _without_the_run(record) == _without_the_run(expected[f"{level}: {what}"])


def test_the_page_has_a_search_and_a_bulk_at_each_level():
    assert set(_documents()[2]) == {
        f"{level}: {what}"
        for level in ("Shape", "ShapeTiming", "ShapeRewriteDiff")
        for what in ("a search", "a bulk")
    }

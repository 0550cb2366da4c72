"""scripts/docs_hooks.py: how the docs differ as a site."""

from types import SimpleNamespace

import pytest


@pytest.fixture
def rewrite(load_script, tmp_path):
    """Returns a page of docs/adr/ as the site has it."""
    (tmp_path / "docs" / "adr").mkdir(parents=True)
    for name in ("README.md", "docs/http.md", "docs/adr/0001-one.md"):
        (tmp_path / name).touch()
    hooks = load_script("docs_hooks.py")
    file = SimpleNamespace(abs_src_path=str(tmp_path / "docs" / "adr" / "0001-one.md"))
    config = SimpleNamespace(docs_dir=str(tmp_path / "docs"))
    return lambda text: hooks.on_page_markdown(text, SimpleNamespace(file=file), config)


@pytest.mark.parametrize(
    ("markdown", "site"),
    [
        ("see [HTTP](../http.md#heads)", "see [HTTP](../http.md#heads)"),
        ("see [RFC](https://example.com/rfc)", "see [RFC](https://example.com/rfc)"),
        ("see [the README](../../README.md#test)", "see the README (`README.md`)"),
        ("see [README.md](../../README.md)", "see README.md"),
        ("see [nothing](../nothing.md)", "see [nothing](../nothing.md)"),
        ("```\n[x](../../README.md)\n```", "```\n[x](../../README.md)\n```"),
    ],
)
def test_links_that_leave_the_docs_become_text(rewrite, markdown, site):
    assert rewrite(markdown) == site


def test_all_decisions_are_listed(load_script, tmp_path):
    (tmp_path / "adr").mkdir()
    for name in ("README.md", "0002-two.md", "0001-one.md"):
        (tmp_path / "adr" / name).touch()
    config = SimpleNamespace(docs_dir=str(tmp_path), nav=[{"Start": []}, {"Decisions": "adr/"}])
    pages = load_script("docs_hooks.py").on_config(config).nav[1]["Decisions"]
    assert pages == ["adr/README.md", "adr/0001-one.md", "adr/0002-two.md"]

"""The files of the console: vendored ones are unchanged, our own use nothing that the policy forbids
or that would take text for markup."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASSETS = sorted((ROOT / "src" / "osproxy" / "console" / "assets").iterdir())
VENDORED = ROOT / "third_party" / "console"
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write"
    r"|\beval\b|new Function|setTimeout\(['\"]|\sstyle=|<style|<script(?! type=\"module\" src=)"
    r"|javascript:|localStorage|sessionStorage|document\.cookie|\son[a-z]+=\"|https?://(?!www\.w3\.org)"
)


def test_vendored_files_have_the_hash_of_their_readme():
    readme = (VENDORED / "README.md").read_text()
    table = dict(re.findall(r"^\| `(\S+)` .*`([0-9a-f]{64})` \|$", readme, re.MULTILINE))
    files = {path.name: path for path in VENDORED.glob("*.js")}
    assert table.keys() == files.keys()
    for name, path in files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == table[name], name


@pytest.mark.parametrize("path", ASSETS, ids=lambda path: path.name)
def test_our_files_show_text_as_text_only(path):
    found = [
        f"{number}: {line.strip()[:100]}"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if FORBIDDEN.search(line)
    ]
    assert not found


def test_all_templates_are_made_by_the_tag_that_cleans_text():
    """An import of the vendored tag would show text from outside raw."""
    makers = [
        path.name
        for path in ASSETS
        if re.search(r"import \{[^}]*\bh(tml)?\b[^}]*\} from \"./htm-preact.js\"", path.read_text())
    ]
    assert makers == ["html.js"]


@pytest.mark.parametrize(
    "line",
    ["x.innerHTML = name", "eval(text)", "new Function(text)", '<p style="color: red">', "<script>",
     'fetch("https://example.com")', "localStorage.token = token", '<a onclick="x()">'],
)  # fmt: skip
def test_the_rule_finds_what_it_forbids(line):
    assert FORBIDDEN.search(line)


def test_the_embedded_source_is_the_same_in_every_build(tmp_path):
    sources = []
    for year in (2001, 2025):
        folder = tmp_path / str(year)
        folder.mkdir()
        copies = [Path(shutil.copy(path, folder)) for path in ASSETS]
        for copy in copies:
            os.utime(copy, (year * 30_000_000, year * 30_000_000))
        source = folder / "files.cc"
        subprocess.run(
            ["cmake", f"-DOUT={source}", f"-DFILES={','.join(map(str, copies))}", "-DGZIP=gzip",
             "-P", ROOT / "cmake" / "embed_files.cmake"],
            check=True,
        )  # fmt: skip
        sources.append(source.read_bytes())
    assert sources[0] == sources[1]
    assert b'.name = "app.js"' in sources[0]

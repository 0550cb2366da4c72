"""The packages as files: what is in them, and the SBOM."""

import json
import re
import subprocess

import pytest
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from builds import one_of
from machine import call

MAN = "/usr/share/man/man1"
LICENCES_OF_PARTS = {"libssl3": "Apache-2.0", "htm": "Apache-2.0", "preact": "MIT"}


@pytest.fixture(scope="session")
def tree(deb, tmp_path_factory):
    folder = tmp_path_factory.mktemp("osproxy")
    call("dpkg-deb", "--raw-extract", deb, folder)
    return folder


def listing(deb) -> list[list[str]]:
    """Of each file: mode, owner, size, date, time, name."""
    return [line.split() for line in call("dpkg-deb", "--contents", deb).stdout.splitlines()]


def test_lintian_finds_nothing(packages):
    debs = sorted(packages.glob("*.deb"))
    checked = call("lintian", "--allow-root", "--fail-on=error,warning", *debs, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_checksums_are_those_of_the_files(packages):
    assert call("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=packages).returncode == 0
    named = (packages / "SHA256SUMS").read_text()
    assert [deb.name for deb in packages.glob("*.deb") if deb.name not in named] == []


def test_no_file_names_the_folder_of_the_build(tree):
    files = [path for path in tree.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > 50
    assert [path for path in files if b"package-work" in path.read_bytes()] == []


def test_all_belongs_to_root_and_only_root_may_write(deb, library_deb):
    files = listing(deb) + listing(library_deb)
    assert [f for f in files if f[1] != "root/root" or "w" in f[0][4:].replace("l", "")] == []


def test_only_two_files_are_configuration(tree):
    files = (tree / "DEBIAN" / "conffiles").read_text().split()
    assert sorted(files) == ["/etc/logrotate.d/osproxy", "/etc/osproxy/osproxy.toml"]


def test_each_command_has_a_manual_page(tree):
    said = subprocess.run([tree / "usr/bin/osproxyctl", "--help"], capture_output=True, text=True)
    commands = re.findall(r"^  ([a-z]+) {2,}", said.stdout.split("Subcommands:")[1], re.M)
    assert len(commands) > 15
    pages = {page.name for page in (tree / MAN.lstrip("/")).iterdir()}
    wanted = {f"osproxyctl-{name}.1.gz" for name in commands if name != "help"}
    assert (wanted | {"osproxy.1.gz", "osproxyctl.1.gz"}) - pages == set()


@pytest.mark.parametrize(
    "file",
    ["bash-completion/completions/osproxyctl", "zsh/vendor-completions/_osproxyctl",
     "fish/vendor_completions.d/osproxyctl.fish", "doc/osproxy/examples/osproxy.json",
     "doc/osproxy/examples/osproxy.rules.yml", "doc/osproxy/service.md"],
)  # fmt: skip
def test_it_has_completions_examples_and_docs(tree, file):
    assert (tree / "usr/share" / file).stat().st_size > 300


def test_the_sbom_is_valid_spdx(packages):
    assert validate_full_spdx_document(parse_file(str(one_of(packages, "*.spdx.json")))) == []


def test_the_sbom_lists_what_is_linked_and_vendored(packages, tree):
    sbom = json.loads(one_of(packages, "*.spdx.json").read_text())
    parts = {part["name"]: part for part in sbom["packages"]}
    depends = re.search(r"^Depends: (.*)$", (tree / "DEBIAN/control").read_text(), re.M)[1]
    needed = {name.split()[0] for name in depends.split(", ")} - {"adduser", "procps"}
    # A package may depend on what another one provides, such as libspdlog1.10-fmt9.
    needed = {name.removesuffix("-fmt9") for name in needed}
    linked = {
        one["relatedSpdxElement"].removeprefix("SPDXRef-Package-").replace("-plus", "+")
        for one in sbom["relationships"]
        if one["relationshipType"] == "DYNAMIC_LINK"
    }
    assert len(needed) > 10
    assert needed - linked == set()
    assert {"libboost1.81-dev", "libcli11-dev"} <= parts.keys()
    assert {n: parts[n]["licenseDeclared"] for n in LICENCES_OF_PARTS} == LICENCES_OF_PARTS
    assert len(parts["htm"]["checksums"][0]["checksumValue"]) == 64

"""Every command that the README and docs/ show, as a reader would type it.

A command of osproxyctl runs against two proxies: its flags and words exist, and only the commands
that are shown to fail do so for a reason of theirs. A flag of osproxy is one that it has. A script
exists. Commands that other tests run, or that change a machine, are listed with the reason.
"""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from parts.process import parts_dir
from parts.proxy import bin_dir, program

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
USAGE = 2  # osproxyctl's exit code for a flag or an argument that is wrong
MISSING = 127  # the shell's, for an unknown command

# The first words of commands that are not run here.
ELSEWHERE = {
    "cmake": "tests/library",
    "c++": "tests/library",
    "build/examples/keep_fresh": "tests/library",
    "etcdctl role": "test_etcd_auth.py",
    "etcdctl user": "test_etcd_auth.py",
    "etcdctl auth": "test_etcd_auth.py",
    "for i": "test_etcd_auth.py",
    "curl -N": "test_tail.py",
    ".parts/venv/bin/pytest": "this program",
    "build/dev/bin/watch_sim": "the unit tests",
    "build/dev/bin/flight_test": "the unit tests",
    "build/dev/bin/etcd_test": "the unit tests",
    "TOKEN=$(openssl": "test_records.py",
    "echo": "test_records.py",
    "source <(osproxyctl": "test_completion_scripts.py",
    "sudo apt install": "tests/packages",
    "sudo editor": "tests/packages",
    "sudo systemctl": "tests/packages",
    "curl 127.0.0.1:8080": "tests/packages",
    "sha256sum": "tests/packages",
    "git": "a release",
    "diff SHA256SUMS": "tests/packages",
    "openssl": "test_signed.py",
    "curl -si -H \"$(osproxyctl": "test_signed.py",
}  # fmt: skip


def commands_of(page: Path) -> list[str]:
    """The commands of a page's console blocks, a line each."""
    found = []
    for block in re.findall(r"^```console[^\n]*\n(.*?)^```", page.read_text(), re.M | re.S):
        for prompt in re.split(r"^\$ ", block, flags=re.M)[1:]:
            lines = prompt.splitlines()
            command = lines.pop(0)
            while command.endswith("\\") or command.count("'") % 2:
                command = command.removesuffix("\\") + " " + lines.pop(0).strip()
            found.append(command)
    return found


ALL = [(page.name, command) for page in PAGES for command in commands_of(page)]


def first_words(command: str) -> str:
    """A command's beginning, as ELSEWHERE lists it; else its program."""
    for words in ELSEWHERE:
        if command.startswith(words):
            return words
    return next(word for word in command.split() if "=" not in word)


def program_of(command: str) -> str:
    return Path(first_words(command)).name


def in_this_place(command: str, fleet) -> str:
    """The command, with the addresses of this fleet."""
    admins = [proxy.admin_url for proxy in fleet]
    places = {
        "http://proxy-1:9901": admins[0],
        "http://proxy-2:9901": admins[1],
        "127.0.0.1:9901": admins[0].removeprefix("http://"),
        "127.0.0.1:2379": fleet.etcd.endpoint,
        "etcd-1:2379": fleet.etcd.endpoint,
        "build/release/bin/": "",
        "https://staging:9200": "http://127.0.0.1:1",
        "http://staging:9200": "http://127.0.0.1:1",
        "…": "",
    }
    for shown, real in places.items():
        command = command.replace(shown, real)
    return command


@pytest.fixture
def reader(fleet, tmp_path):
    """Runs commands in a folder with the files that the docs name; returns the exit status, and None
    for a command that goes on."""
    admins = ",".join(proxy.admin_url for proxy in fleet)
    context = f'endpoints = ["{fleet.etcd.endpoint}"]\nkey = "{fleet.key}"\nadmin = "{admins}"\n'
    files = {
        "query.json": '{"query": {"match": {"title": "x"}}}',
        "directives.json": '{"directives": []}',
        "broken.json": '{"directives": [{"id": "x"}]}',
        "debug.key": "0123456789abcdef" * 4,
        "capture-00000001.ndjson": "",
        "ca.pem": "",
        "config/osproxyctl/config.toml": f"[prod]\n{context}\n[laptop]\n{context}",
    }
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o600)
    environment = {
        **os.environ,
        "PATH": f"{bin_dir()}:{parts_dir() / 'etcd-3.7'}:{os.environ['PATH']}",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "OSPROXYCTL_CONTEXT": "prod",
        "ETCDCTL_ENDPOINTS": fleet.etcd.endpoint,
    }

    def run(command: str) -> tuple[int | None, str]:
        try:
            done = subprocess.run(
                ["timeout", "--preserve-status", "-s", "INT", "3", "sh", "-c", command],
                cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
                stdin=subprocess.DEVNULL, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None, ""
        return done.returncode, done.stdout + done.stderr

    return run


def test_the_pages_have_commands():
    assert len([command for _, command in ALL if program_of(command) == "osproxyctl"]) > 30


@pytest.mark.parametrize("page", sorted({name for name, c in ALL if program_of(c) == "osproxyctl"}))
def test_commands_of_osproxyctl_are_understood(page, fleet, reader):
    for name, command in ALL:
        if name != page or program_of(command) != "osproxyctl":
            continue
        status, output = reader(in_this_place(command, fleet))
        assert status not in (USAGE, MISSING), f"{command}\n{output}"


@pytest.mark.parametrize("command", [c for _, c in ALL if program_of(c) == "curl"])
def test_calls_of_the_admin_api_are_understood(command, fleet, reader):
    shown = in_this_place(command, fleet).replace("curl ", "curl -sS -w '%{http_code}' ", 1)
    status, output = reader(shown)
    assert status == 0
    assert output.endswith(("200", "404", "412")), f"{command}\n{output}"


@pytest.mark.parametrize("command", [c for _, c in ALL if program_of(c) == "osproxy"])
def test_flags_of_osproxy_exist(command):
    shown_help = subprocess.run(
        [program("osproxy"), "--help"], capture_output=True, text=True, check=True
    ).stdout
    flags = [word.split("=")[0] for word in shlex.split(command) if word.startswith("--")]
    wrong = {"--upstreams"}  # shown with the error for it
    assert [flag for flag in flags if flag not in wrong and f"{flag} " not in shown_help] == []


@pytest.mark.parametrize("command", [c for _, c in ALL if first_words(c).startswith("scripts/")])
def test_scripts_exist(command):
    assert os.access(ROOT / first_words(command), os.X_OK), command


def test_no_command_is_left_out():
    known = {"osproxy", "osproxyctl", "curl", *ELSEWHERE}
    left = [c for _, c in ALL if first_words(c) not in known and program_of(c) not in known
            and not first_words(c).startswith("scripts/")]  # fmt: skip
    assert left == ["etcdctl get --prefix osproxy/anchors/"]

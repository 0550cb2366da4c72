"""The manual pages and the example of a settings file, which are made from the programs' help."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from parts.proxy import bin_dir, program

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The pages as they are read, by name."""
    out = tmp_path_factory.mktemp("man")
    script = SCRIPTS / "man_pages"
    subprocess.run([script, out, bin_dir()], check=True)
    return {page.stem: shown(page) for page in out.glob("*.1")}


def shown(page) -> str:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-P-c", "-P-b", "-P-u", page],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == "", f"{page.name}: {done.stderr}"
    return done.stdout.replace("‐\n", "").replace("−", "-").replace("‐", "-")


def flags_in(text: str) -> set[str]:
    return set(re.findall(r"--[a-z][a-z-]+", text))


def help_of(*arguments: str) -> str:
    return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout


def test_each_command_has_a_page(pages):
    commands = help_of(program("osproxyctl"), "--help").split("Subcommands:")[1]
    listed = re.findall(r"^  ([a-z]+) ", commands.split("\n\n")[0], re.M)
    assert len(listed) > 15
    assert {f"osproxyctl-{name}" for name in listed if name != "help"} < set(pages)
    assert {"osproxyctl", "osproxy", "osproxyctl-capture-replay"} < set(pages)


def test_each_flag_is_explained(pages):
    for name, page in pages.items():
        if name.startswith("osproxyctl-"):
            words = name.removeprefix("osproxyctl-").split("-")
            told = flags_in(help_of(program("osproxyctl"), *words, "--help"))
            assert told - flags_in(re.sub(r"-\n +", "-", page)) == set(), name


def test_each_setting_is_explained(pages):
    listed = re.findall(r"^  --([a-z-]+) ", help_of(program("osproxy"), "--help"), re.M)
    keys = re.findall(r"Key in file: (\S+)", pages["osproxy"])
    assert len(listed) > 60
    assert keys == listed


def test_the_example_of_a_settings_file_has_all_defaults():
    text = help_of(SCRIPTS / "settings_example", program("osproxy"))
    assert tomllib.loads(text) == {}, "all lines are comments"
    uncommented = tomllib.loads(re.sub(r"^#(?=[a-z])", "", text, flags=re.M))
    listed = re.findall(r"^  --([a-z-]+) ", help_of(program("osproxy"), "--help"), re.M)
    assert list(uncommented) == listed
    assert uncommented["listen"] == "127.0.0.1:8080"
    assert uncommented["max-headers"] == 128

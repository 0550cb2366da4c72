"""The build and the systemd unit leave little to an attacker who finds a fault."""

import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ["OSPROXY_BIN_DIR"])
UNIT = ROOT / "packaging/systemd/osproxy.service"


def is_hardened_build() -> bool:
    cache = BIN.parent / "CMakeCache.txt"
    text = cache.read_text() if cache.exists() else ""
    sanitized = re.search(r"^OSPROXY_SANITIZE:\w+=.+$", text, re.M)
    debug = re.search(r"^CMAKE_BUILD_TYPE:\w+=Debug$", text, re.M)
    return "OSPROXY_HARDENING:BOOL=ON" in text and not sanitized and not debug


def readelf(option: str, path: pathlib.Path) -> str:
    return subprocess.run(["readelf", option, path], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", ["osproxy", "osproxyctl"])
def test_the_binary_is_hardened(name):
    path = BIN / name
    assert "DYN (Position-Independent" in readelf("-hW", path)
    if not is_hardened_build():
        return  # a sanitizer excludes the rest
    dynamic, segments = readelf("-dW", path), readelf("-lW", path)
    assert "GNU_RELRO" in segments
    assert "BIND_NOW" in dynamic
    assert re.search(r"GNU_STACK.* RW ", segments)
    assert "RPATH" not in dynamic and "RUNPATH" not in dynamic
    symbols = readelf("-sW", path)
    assert "__stack_chk_fail" in symbols
    assert set(re.findall(r"\b(__\w+_chk)\b", symbols)) - {"__stack_chk_fail"}
    if os.uname().machine == "x86_64":
        notes = readelf("-nW", path)
        assert "IBT" in notes and "SHSTK" in notes


def test_the_unit_gives_away_little():
    text = UNIT.read_text()
    for line in ("SystemCallFilter=@system-service", "NoNewPrivileges=yes", "LimitCORE=0",
                 "CapabilityBoundingSet=", "MemoryDenyWriteExecute=yes"):  # fmt: skip
        assert line in text.splitlines()


def test_systemd_rates_the_unit_as_hardly_exposed(tmp_path):
    unit = tmp_path / "osproxy.service"
    unit.write_text(UNIT.read_text().replace("/usr/bin/osproxy", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
                          capture_output=True, text=True)  # fmt: skip
    level = re.search(r"Overall exposure level.*?: ([\d.]+)", done.stdout + done.stderr)
    assert level and float(level[1]) <= 1.5, done.stdout

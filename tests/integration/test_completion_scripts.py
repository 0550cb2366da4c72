"""The shells' completion, in the shells: real candidates of a real fleet."""

import os
import subprocess

import pytest

from parts.proxy import program

LEVELS = ["Off", "Shape", "ShapeRewriteDiff", "ShapeTiming"]

# Sets what bash sets for a completion function, and prints its result.
BASH = """
source <(osproxyctl completion bash)
COMP_LINE="$1"; COMP_POINT=${#1}
read -r -a COMP_WORDS <<<"${1//=/ = }"
[[ $1 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_osproxyctl && printf '%s\\n' "${COMPREPLY[@]}"
"""

# The widget's part of zsh (compadd and what calls it) works in a terminal only.
ZSH = """
compdef() { : }
_describe() { print -l -- "${(@P)2%%:*}" }
_files() { print :files }
source <(osproxyctl completion zsh)
line="$1"
words=(${(s: :)line})
[[ $line == *' ' ]] && words+=('')
CURRENT=${#words}
_osproxyctl
"""

FISH = "osproxyctl completion fish | source; complete -C $argv[1] | cut -f 1"

SHELLS = {
    "bash": ["bash", "-c", BASH, "bash"],
    "zsh": ["zsh", "-f", "-c", ZSH, "zsh"],
    "fish": ["fish", "--no-config", "-c", FISH],
}


@pytest.fixture(params=SHELLS)
def candidates(request, tmp_path):
    """Returns the candidates for a line, as the shell has them."""

    def ask(line: str) -> list[str]:
        done = subprocess.run(
            [*SHELLS[request.param], line],
            env={"PATH": f"{program('osproxyctl').parent}:{os.environ['PATH']}",
                 "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
            cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        assert done.stderr == ""
        return sorted(done.stdout.split())

    return ask


def test_commands_and_values(candidates):
    assert candidates("osproxyctl of") == ["off"]
    assert candidates("osproxyctl on --level ") == LEVELS
    assert candidates("osproxyctl context ") == ["list", "use"]


def test_ids_of_the_fleet(candidates, fleet):
    life = {"level": "Shape", "ttl_secs": 60}
    fleet.put({"id": "acme-1", **life}, {"id": "acme-2", **life}, {"id": "$(touch x)", **life})
    line = f"osproxyctl off --endpoints {fleet.etcd.endpoint} --key {fleet.key} "
    assert candidates(line) == ["acme-1", "acme-2"]
    assert candidates(f"{line}acme-1 ") == ["acme-2"]


def test_tenants_of_the_traffic(candidates, fleet, traffic, index):
    traffic.search(fleet.a, index, tenant="globex")
    fleet.a.settle()
    assert candidates(f"osproxyctl on --admin {fleet.a.admin_url} --tenant ") == ["globex"]

"""Steps of the tests: settings, state and requests of the service in a machine."""

from machine import Machine

from parts import eventually

SETTINGS = "/etc/osproxy/osproxy.toml"


def set_up(machine: Machine, **settings: str) -> None:
    """Sets settings as a person does: in the lines of the file that have them as comments."""
    lines = machine.read(SETTINGS).splitlines()
    for key, value in {"upstream": "http://127.0.0.1:9200", **settings}.items():
        begin = f"#{key.replace('_', '-')} = "
        (at,) = [i for i, line in enumerate(lines) if line.startswith(begin)]
        lines[at] = f'{begin[1:]}"{value}"'
    machine.write(SETTINGS, "\n".join(lines) + "\n")


def state_of(machine: Machine, unit: str = "osproxy.service") -> str:
    return machine("systemctl", "is-active", unit, check=False).stdout.strip()


def enabled(machine: Machine, unit: str = "osproxy.service") -> str:
    return machine("systemctl", "is-enabled", unit, check=False).stdout.strip()


def main_pid(machine: Machine) -> int:
    return int(machine("systemctl", "show", "-P", "MainPID", "osproxy.service").stdout)


def journal(machine: Machine) -> str:
    return machine("journalctl", "-u", "osproxy.service", "-o", "cat", "--no-pager").stdout


def fetch(machine: Machine, url: str = "http://127.0.0.1:8080/hello") -> str:
    return machine.beside("curl", "-sS", "--max-time", "60", url, check=False).stdout


def serves(machine: Machine) -> None:
    # The upstream may have only just been started.
    eventually(lambda: fetch(machine) == "from upstream", 60, "a request through osproxy")

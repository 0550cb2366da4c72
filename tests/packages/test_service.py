"""The package in a bare Debian 12 that runs systemd: what an administrator meets after apt."""

import re

from machine import call
from service import SETTINGS, enabled, fetch, journal, main_pid, serves, set_up, state_of

from parts import eventually


def test_it_is_neither_started_nor_enabled(machine):
    assert state_of(machine) == "inactive"
    assert enabled(machine) == enabled(machine, "osproxy.socket") == "disabled"


def test_all_settings_are_comments(machine):
    lines = [line for line in machine.read(SETTINGS).splitlines() if line]
    assert len(lines) > 100
    assert [line for line in lines if not line.startswith("#")] == []


def test_a_start_without_settings_says_what_is_missing(machine):
    started = machine("systemctl", "start", "osproxy", check=False)
    assert started.returncode != 0
    assert "--upstream is missing" in journal(machine)


def test_both_programs_say_their_version(machine, deb):
    version = re.match(r"osproxy_(\d+\.\d+\.\d+)", deb.name)[1]
    assert machine("osproxy", "--version").stdout == f"osproxy {version}\n"
    assert version in machine("osproxyctl", "--version").stdout


def test_the_service_passes_requests(machine, upstream):
    set_up(machine)
    machine("systemctl", "enable", "--now", "osproxy")
    serves(machine)
    owner = machine("stat", "-c", "%U", f"/proc/{main_pid(machine)}").stdout.strip()
    assert owner == "osproxy"
    assert "osproxy" in machine("osproxyctl", "version").stdout
    machine("systemctl", "reload", "osproxy")
    assert fetch(machine) == "from upstream"


def test_secrets_are_for_the_group_osproxy(machine, upstream):
    machine.write("/etc/osproxy/admin-token", "a-secret-of-sixteen-bytes\n")
    machine.shell("chgrp osproxy /etc/osproxy/admin-token && chmod 640 /etc/osproxy/admin-token")
    set_up(machine, admin_token_file="/etc/osproxy/admin-token")
    machine("systemctl", "start", "osproxy")
    serves(machine)
    assert "admin-token" not in journal(machine)  # no warning of its mode


def test_logs_are_rotated(machine, upstream):
    set_up(machine, record_log="/var/log/osproxy/records.ndjson")
    machine("systemctl", "start", "osproxy")
    serves(machine)
    document = '{"directives": [{"id": "all", "level": "Shape", "ttl_secs": 600}]}'
    machine.beside("curl", "-sSf", "-d", document, "http://127.0.0.1:9901/admin/directives")
    folder = machine.root / "var/log/osproxy"

    def recorded(name: str) -> bool:
        fetch(machine)
        return (folder / name).exists() and (folder / name).stat().st_size > 0

    eventually(lambda: recorded("records.ndjson"), 60, "a record in the log")
    machine("logrotate", "--force", "/etc/logrotate.d/osproxy")
    assert (folder / "records.ndjson.1").exists()
    eventually(lambda: recorded("records.ndjson"), 60, "a record in a new file")


def test_remove_keeps_the_settings_and_purge_nothing(machine, upstream):
    set_up(machine, record_log="/var/log/osproxy/records.ndjson")
    machine("systemctl", "enable", "--now", "osproxy")
    serves(machine)
    machine("dpkg", "--remove", "osproxy")
    assert state_of(machine) == "inactive"
    assert 'upstream = "http://127.0.0.1:9200"' in machine.read(SETTINGS)
    machine.write("/etc/osproxy/tls.key", "of the administrator\n")
    machine("dpkg", "--purge", "osproxy")
    assert things_of_osproxy(machine) == []
    again = machine("dpkg", "--purge", "osproxy", check=False)
    assert again.returncode == 0


def things_of_osproxy(machine) -> list[str]:
    """Files by that name, but for those of apt and of the kernel, and the user."""
    found = machine.shell(
        "find / -xdev -name '*osproxy*' -not -path '/root/*' -not -path '/run/*'"
        " -not -path '/var/log/journal/*'; getent passwd osproxy; getent group osproxy",
        check=False,
    ).stdout
    return found.splitlines()


def test_purge_needs_neither_adduser_nor_systemd(layers, installed):
    layer = layers(installed.all_layers())
    call("chroot", layer.root, "sh", "-c", 'rm "$(command -v deluser)" && dpkg --purge osproxy')
    assert not (layer.root / "etc/osproxy").exists()

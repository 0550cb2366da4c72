"""Upgrades from an earlier version, with a service that runs."""

import threading

from service import SETTINGS, enabled, fetch, main_pid, serves, set_up, state_of

from parts import eventually

KEEP_SETTINGS = "--force-confold"  # as unattended upgrades do


def with_the_older_version(machine, older_deb) -> None:
    machine("dpkg", "--purge", "osproxy")
    machine("dpkg", "--install", machine.give(older_deb))


def upgrade(machine, deb) -> str:
    return machine("dpkg", KEEP_SETTINGS, "--install", machine.give(deb)).stdout


def test_a_running_service_is_restarted(machine, upstream, older_deb, deb):
    with_the_older_version(machine, older_deb)
    set_up(machine)
    machine("systemctl", "enable", "--now", "osproxy")
    serves(machine)
    before = main_pid(machine)
    said = upgrade(machine, deb)
    assert "osproxy:" not in said
    assert main_pid(machine) not in (0, before)
    assert state_of(machine) == "active"
    assert enabled(machine) == "enabled"
    assert fetch(machine) == "from upstream"
    assert 'upstream = "http://127.0.0.1:9200"' in machine.read(SETTINGS)


def test_a_stopped_service_stays_stopped(machine, older_deb, deb):
    with_the_older_version(machine, older_deb)
    set_up(machine)
    upgrade(machine, deb)
    assert state_of(machine) == "inactive"
    assert enabled(machine) == "disabled"


def test_a_file_that_nobody_changed_is_replaced(machine, older_deb, deb):
    with_the_older_version(machine, older_deb)
    assert "version 0.0.1" in machine.read(SETTINGS)
    machine("dpkg", "--install", machine.give(deb))  # asks nothing
    assert "version 0.0.1" not in machine.read(SETTINGS)


def test_behind_the_socket_no_client_is_refused(machine, upstream, older_deb, deb):
    with_the_older_version(machine, older_deb)
    set_up(machine)
    machine.write(
        "/etc/systemd/system/osproxy.socket.d/port.conf",
        "[Socket]\nListenStream=\nListenStream=127.0.0.1:8080\n",
    )
    machine("systemctl", "daemon-reload")
    machine("systemctl", "enable", "--now", "osproxy.socket", "osproxy.service")
    serves(machine)
    before, done, bad, good = main_pid(machine), threading.Event(), [], []

    def keep_fetching():
        while not done.is_set():
            got = fetch(machine)
            (good if got == "from upstream" else bad).append(got)

    client = threading.Thread(target=keep_fetching)
    client.start()
    try:
        eventually(lambda: good, 60, "a request before the upgrade")
        upgrade(machine, deb)
        so_far = len(good)
        eventually(lambda: len(good) > so_far + 1, 60, "requests after the upgrade")
    finally:
        done.set()
        client.join()
    assert bad == []
    assert main_pid(machine) not in (0, before)
    assert state_of(machine, "osproxy.socket") == "active"


def test_settings_that_are_wrong_do_not_go_unsaid(machine, upstream, older_deb, deb):
    with_the_older_version(machine, older_deb)
    set_up(machine)
    machine("systemctl", "enable", "--now", "osproxy")
    serves(machine)
    machine.write(SETTINGS, machine.read(SETTINGS) + '\nupstrem = "http://127.0.0.1:9200"\n')
    said = upgrade(machine, deb)
    assert "upstrem is not a setting" in said
    assert "systemctl restart osproxy" in said
    assert "still the old version" in said
    assert fetch(machine) == "from upstream"

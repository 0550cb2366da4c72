"""The process copes with closed streams, a limit on the size of files, and empty variables."""

import contextlib
import fcntl
import json
import os
import re
import resource
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest
from echo_upstream import EchoUpstream
from parts import eventually, program
from parts.process import free_port

UPSTREAM = "http://127.0.0.1:9"


def test_closed_streams_are_opened_on_dev_null():
    command = 'exec "$0" "$@" 0<&- 1>&- 2>&-'
    process = subprocess.Popen(
        ["sh", "-c", command, program("osproxy"), "--upstream", UPSTREAM,
         "--listen", f"127.0.0.1:{free_port()}", "--admin-listen", f"127.0.0.1:{free_port()}"],
    )  # fmt: skip
    try:
        descriptors = f"/proc/{process.pid}/fd"
        eventually(lambda: len(os.listdir(descriptors)) > 6, what="sockets")
        for descriptor in "012":
            assert os.readlink(f"{descriptors}/{descriptor}") == "/dev/null"
    finally:
        process.terminate()
        assert process.wait(30) == 0


def test_a_limit_on_the_size_of_files_stops_lines_but_not_traffic(start_proxy, tmp_path, traffic):
    directives, log = tmp_path / "directives.json", tmp_path / "records.ndjson"
    directives.write_text('{"directives":[{"id":"all","level":"Shape","ttl_secs":600}]}')
    with EchoUpstream() as upstream:
        arguments = ["--directives-file", str(directives), "--record-log", str(log)]
        proxy = start_proxy(upstream=upstream.url, arguments=arguments)
        resource.prlimit(proxy.process.pid, resource.RLIMIT_FSIZE, (2_000, 2_000))
        for _ in range(10):
            traffic.recorded(proxy, traffic.send(proxy, "GET", "/orders/_search"))
        eventually(lambda: "File too large" in proxy.log(), what="the reason in the log")
        assert proxy.process.poll() is None
        traffic.send(proxy, "GET", "/orders/_search")


def test_an_empty_variable_counts_as_unset(start_proxy):
    env = {"OSPROXY_WORKERS": "", "OSPROXY_ETCD_ENDPOINTS": "", "OSPROXY_INSTANCE": ""}
    proxy = start_proxy(upstream=UPSTREAM, env=env)
    assert proxy.status()["instance"]


def full_pipe() -> tuple[int, int]:
    """A pipe that nobody reads, and into which nothing fits any more."""
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(write_end, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write_end, b"." * 512)
    os.set_blocking(write_end, True)
    return read_end, write_end


@contextlib.contextmanager
def unread_proxy(*arguments: str):
    """A proxy whose standard error nobody reads; its process, admin URL and the end to read."""
    read_end, write_end = full_pipe()
    admin = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [program("osproxy"), "--upstream", UPSTREAM, "--listen", f"127.0.0.1:{free_port()}",
         "--admin-listen", admin, *arguments],
        stderr=write_end,
    )  # fmt: skip
    os.close(write_end)
    try:
        yield process, f"http://{admin}", read_end
    finally:
        os.close(read_end)
        process.kill()
        process.wait()


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as response:
        return response.read()


def is_up(admin: str) -> bool:
    try:
        return get(admin + "/readyz") != b""
    except OSError:
        return False


def publish(admin: str, name: str) -> None:
    document = {"directives": [{"id": name, "level": "Shape", "ttl_secs": 600}]}
    request = urllib.request.Request(admin + "/admin/directives", json.dumps(document).encode())
    with urllib.request.urlopen(request, timeout=20) as response:
        assert response.status == 200


def test_a_standard_error_that_nobody_reads_holds_nothing_up():
    with unread_proxy("--log-level", "debug") as (process, admin, _):
        eventually(lambda: is_up(admin), what="the proxy is up")
        for name in "abc":
            publish(admin, name)
            assert name in get(admin + "/admin/directives").decode()
        process.terminate()
        assert process.wait(30) == 0


def test_the_log_goes_on_when_it_is_read_again():
    with unread_proxy() as (process, admin, read_end):
        eventually(lambda: is_up(admin), what="the proxy is up")
        text = b""
        while b" serves on " not in text:
            text += os.read(read_end, 4096)
        process.terminate()
        while b"stopped" not in text:
            text += os.read(read_end, 4096)
        assert process.wait(30) == 0


def test_a_reload_that_waits_for_a_file_does_not_keep_the_process(start_proxy, tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text("")
    with EchoUpstream() as upstream:
        proxy = start_proxy(upstream=upstream.url, arguments=["--known-tokens-file", str(tokens)])
        tokens.unlink()
        os.mkfifo(tokens)
        proxy.process.send_signal(signal.SIGHUP)
        flags = os.O_WRONLY | os.O_NONBLOCK  # fails while no reader waits
        writer = eventually(lambda: os.open(tokens, flags), what="the reload waits")
        proxy.process.terminate()
        assert proxy.process.wait(60) == 0  # it waits two seconds for a pipe
        os.close(writer)
    assert "it is a pipe that nobody writes to" in proxy.log()


def writes_to_stdout(pid: int) -> bool:
    """The program waits in a call whose first argument is 1."""
    return Path(f"/proc/{pid}/syscall").read_text().split()[1:2] == ["0x1"]


@pytest.mark.parametrize("name", ["osproxy", "osproxyctl"])
@pytest.mark.parametrize("flag", ["--help", "--version"])
@pytest.mark.parametrize("output", [">/dev/full", ">&-"])
def test_output_that_is_lost_is_said_to_be(name, flag, output):
    command = ["sh", "-c", f'"$0" {flag} {output}', program(name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "standard output cannot be written" in done.stderr


def test_a_reader_that_has_gone_is_no_news():
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [program("osproxyctl"), "--help"], stdout=write_end, stderr=subprocess.PIPE, timeout=30,
        check=False,
    )  # fmt: skip
    os.close(write_end)
    assert (done.returncode, done.stderr) == (1, b"")


def test_an_unread_watch_ends_when_it_is_told(etcd):
    read_end, write_end = full_pipe()
    watch = subprocess.Popen(
        [program("osproxyctl"), "watch", "--endpoints", etcd.endpoint, "--key", "test/unread"],
        stdout=write_end,
    )
    os.close(write_end)
    eventually(lambda: writes_to_stdout(watch.pid), what="the watch waits for its reader")
    watch.terminate()
    assert watch.wait(30) == 1
    os.close(read_end)


@contextlib.contextmanager
def silent_server():
    """Accepts connections and never sends a byte; its HOST:PORT."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def start_beside(etcd: str) -> subprocess.Popen:
    """An osproxy whose start waits for `etcd`, for longer than any test."""
    return subprocess.Popen(
        [program("osproxy"), "--upstream", UPSTREAM, "--listen", f"127.0.0.1:{free_port()}",
         "--admin-listen", f"127.0.0.1:{free_port()}", "--etcd-endpoints", etcd,
         "--etcd-connect-timeout", "10m"],
        stderr=subprocess.PIPE,
    )  # fmt: skip


def blocks(process: subprocess.Popen, number: int) -> bool:
    # Until it is osproxy, it is a child of Python, which blocks all signals for a moment.
    if Path(f"/proc/{process.pid}/exe").resolve().name != "osproxy":
        return False
    status = Path(f"/proc/{process.pid}/status").read_text()
    (mask,) = re.findall(r"SigBlk:\s*([0-9a-f]+)", status)
    return bool(int(mask, 16) >> (number - 1) & 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_a_start_that_waits_for_etcd(number):
    with silent_server() as etcd:
        process = start_beside(etcd)
        eventually(lambda: blocks(process, number), what="the start has begun")
        process.send_signal(number)
        _, log = process.communicate(timeout=30)
    assert process.returncode == 0
    assert b"stopped while it was starting" in log


def test_a_reload_before_the_start_is_over_ends_nothing():
    with silent_server() as etcd:
        process = start_beside(etcd)
        eventually(lambda: blocks(process, signal.SIGHUP), what="SIGHUP is blocked")
        process.send_signal(signal.SIGHUP)
        eventually(lambda: blocks(process, signal.SIGTERM), what="the start has begun")
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0

"""Measures how long a small request takes beside fast large bodies on the same worker."""

import multiprocessing
import socket
import ssl
import time
from statistics import median

from memory import any_server
from servers import Server

_BODY = 1 << 40  # never ends while it is measured
_REQUEST = b"GET /bytes/%d HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
_SMALL = 200


def _connect(port: int, scheme: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    return any_server().wrap_socket(connection) if scheme == "https" else connection


def _read_fast(port: int, scheme: str) -> None:
    """Reads one endless body. Without TLS, the kernel throws the bytes away: the fastest reader."""
    connection = _connect(port, scheme)
    connection.sendall(_REQUEST % _BODY)
    room = bytearray(4 << 20)
    while True:
        if isinstance(connection, ssl.SSLSocket):
            connection.recv_into(room)
        else:
            connection.recv_into(room, len(room), socket.MSG_TRUNC)


def _small_request_us(server: Server) -> float:
    """One request on a connection of its own, as a health check makes it."""
    began = time.perf_counter()
    with _connect(server.port, server.scheme) as connection:
        connection.sendall(_REQUEST % _SMALL)
        while connection.recv(65536):
            pass
    return (time.perf_counter() - began) * 1e6


def _latencies(server: Server, bodies: int, seconds: int) -> list[float]:
    readers = [multiprocessing.Process(target=_read_fast, args=(server.port, server.scheme),
                                       daemon=True) for _ in range(bodies)]  # fmt: skip
    for reader in readers:
        reader.start()
    time.sleep(0.5)
    end = time.monotonic() + seconds
    latencies = []
    while time.monotonic() < end:
        latencies.append(_small_request_us(server))
        time.sleep(0.002)
    for reader in readers:
        reader.kill()
        reader.join()
    return sorted(latencies)


def measure_fairness(proxies: list[Server], seconds: int) -> None:
    over = "" if proxies[0].scheme == "http" else " over TLS"
    print(f"\nA small request on a new connection{over}, beside fast endless responses\n")
    print("| | bodies | p50, us | p99, us | worst, us |")
    print("|---|---|---|---|---|")
    for bodies in (0, 1, 4, 16):
        for proxy in proxies:
            latencies = _latencies(proxy, bodies, seconds)
            print(f"| {proxy.name} | {bodies} | {median(latencies):.0f}"
                  f" | {latencies[len(latencies) * 99 // 100]:.0f}"
                  f" | {latencies[-1]:.0f} |", flush=True)  # fmt: skip

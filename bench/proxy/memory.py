"""Measures the memory (RssAnon) that idle connections and a slow reader cost a proxy."""

import socket
import ssl
import time

from servers import MAX_CONNECTIONS, Server

_REQUEST = b"GET /bytes/%d HTTP/1.1\r\nHost: bench\r\n\r\n"


def _read_response(connection: socket.socket, size: int) -> None:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    left = size - len(received.partition(b"\r\n\r\n")[2])
    while left > 0:
        left -= len(connection.recv(65536))


def any_server() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


_TLS = any_server()


def _served_once(server: Server) -> socket.socket:
    """Opens a connection and sends one request, so that it then waits for the next one."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    if server.scheme == "https":
        connection = _TLS.wrap_socket(connection)
    connection.sendall(_REQUEST % 200)
    _read_response(connection, 200)
    return connection


def measure_idle(proxies: list[Server], count: int) -> None:
    count = min(count, MAX_CONNECTIONS - 100)
    over = "" if proxies[0].scheme == "http" else " over TLS"
    print(f"\n{count} idle connections{over}, each after one request\n")
    print("| | RssAnon before, MiB | after, MiB | per connection, KiB |")
    print("|---|---|---|---|")
    for proxy in proxies:
        before = proxy.rss_anon_kib()
        connections = [_served_once(proxy) for _ in range(count)]
        after = proxy.rss_anon_kib()
        for connection in connections:
            connection.close()
        print(f"| {proxy.name} | {before / 1024:.1f} | {after / 1024:.1f}"
              f" | {(after - before) / count:.2f} |", flush=True)  # fmt: skip


def measure_slow_reader(proxies: list[Server]) -> None:
    """Measures the memory that a response of 50 MB takes while a client reads it slowly."""
    size = 50 * 1000 * 1000
    print("\nA slow reader of 50 MB\n")
    print("| | RssAnon before, KiB | most while it reads, KiB | costs, KiB |")
    print("|---|---|---|---|")
    for proxy in proxies:
        _served_once(proxy).close()
        before = proxy.rss_anon_kib()
        most = before
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            client.sendall(_REQUEST % size)
            for _ in range(300):
                client.recv(16 * 1024)
                most = max(most, proxy.rss_anon_kib())
                time.sleep(0.01)
        print(f"| {proxy.name} | {before} | {most} | {most - before} |", flush=True)

"""A collector that accepts everything and keeps nothing: HTTP/1.1 with keep-alive, always 200.

python3 otlp_sink.py PORT
"""

import socket
import sys
import threading

_ACCEPTED = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"
_PIECE = 1 << 20


def content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    return 0


def serve(connection: socket.socket) -> None:
    """Serves one request after the other, and discards the bodies."""
    read = b""
    with connection:
        while True:
            while b"\r\n\r\n" not in read:
                piece = connection.recv(_PIECE)
                if not piece:
                    return
                read += piece
            head, _, body = read.partition(b"\r\n\r\n")
            left = content_length(head) - len(body)
            read = body[left + len(body) :] if left < 0 else b""
            while left > 0:
                piece = connection.recv(min(left, _PIECE))
                if not piece:
                    return
                left -= len(piece)
            connection.sendall(_ACCEPTED)


def main() -> None:
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()

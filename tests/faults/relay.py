"""A link to etcd that can be cut, silenced, reset, and redirected to another server."""

import asyncio
import contextlib
import socket
import struct
import threading

from parts.process import free_port

# With this option, closing a socket sends a reset instead of an orderly end.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class _Link:
    """A client's connection, and the one to the target."""

    def __init__(self, silent: bool):
        self.silent = silent
        self.writers: list[asyncio.StreamWriter] = []

    def reset(self) -> None:
        for writer in self.writers:
            peer = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                if not self.silent:
                    writer.write(data)
                    await writer.drain()
        if not self.silent:
            writer.transport.abort()


class Relay:
    """Passes bytes between its own `endpoint` and `target` ("host:port"), in a separate thread.

    Every method returns when it has been done.
    """

    def __init__(self, target: str, *, mute: bool = False):
        self.target = target  # of the connections to come
        self.endpoint = f"127.0.0.1:{free_port()}"
        self._mute = mute
        self._links: set[_Link] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.mend()

    def cut(self) -> None:
        """Resets every connection and refuses new ones."""
        self._run(self._cut())

    def mend(self) -> None:
        """Accepts connections again."""
        self._run(self._mend())

    def reset(self) -> None:
        """Resets every connection; new ones pass."""
        self._run(self._reset())

    def silence(self) -> None:
        """Drops all bytes of the current connections, and leaves them open; new ones pass.

        So looks a link whose state a firewall or a failed router has forgotten.
        """
        self._run(self._silence())

    def close(self) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, coroutine) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _cut(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        await self._reset()

    async def _mend(self) -> None:
        if not self._server:
            host, port = self.endpoint.split(":")
            self._server = await asyncio.start_server(self._serve, host, int(port))

    async def _reset(self) -> None:
        for link in list(self._links):
            link.reset()
        await asyncio.sleep(0)

    async def _silence(self) -> None:
        for link in self._links:
            link.silent = True

    async def _serve(self, reader, writer) -> None:
        link = _Link(silent=self._mute)
        link.writers.append(writer)
        self._links.add(link)
        try:
            if self._mute:
                return await link.pump(reader, writer)
            host, port = self.target.split(":")
            there_reader, there_writer = await asyncio.open_connection(host, int(port))
            link.writers.append(there_writer)
            if not self._server:  # cut meanwhile
                return link.reset()
            await asyncio.gather(
                link.pump(reader, there_writer), link.pump(there_reader, writer)
            )
        except OSError:
            link.reset()
        finally:
            self._links.discard(link)
            for one in link.writers:
                one.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

"""A TCP proxy on 127.0.0.1 for fault tests: it can cut every connection, let them hang, and come back on the same port."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

CHUNK_BYTES = 65_536


class TcpProxy:
    """Stands between a client and `target_host:target_port`. A context manager."""

    def __init__(self, target_host: str, target_port: int) -> None:
        self._target = (target_host, target_port)
        self._flowing = threading.Event()
        self._dropping = False
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self.port = 0
        self.accepted = 0
        self.restore()

    def restore(self) -> None:
        """Take connections, and let bytes flow (also those held back by `hang`)."""
        self._flowing.set()
        self._dropping = False
        if self._listener is not None:
            return
        listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """Break every connection, and refuse new ones until `restore`."""
        if self._listener is not None:
            _close(self._listener)
            self._listener = None
        self._break()

    def drop(self) -> None:
        """Break every connection, and take new ones only to close them: a proxy whose server is gone."""
        self._dropping = True
        self._break()

    def _break(self) -> None:
        with self._guard:
            broken, self._open = self._open, set()
        for end in broken:
            _close(end)
        self._flowing.set()

    def hang(self) -> None:
        """Go on taking connections and bytes, but pass nothing on until `restore` or `cut`: a peer that is silently gone."""
        self._flowing.clear()

    def url(self, url: str) -> str:
        """The same URL, but through the proxy."""
        return url.replace(f"{self._target[0]}:{self._target[1]}", f"127.0.0.1:{self.port}")

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            if self._dropping:
                client.close()
                continue
            try:
                server = socket.create_connection(self._target, timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            with self._guard:
                self._open |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK_BYTES):
                self._flowing.wait()
                sink.sendall(data)
        with self._guard:
            self._open -= {source, sink}
        _close(source)
        _close(sink)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.cut()


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits in accept or recv; close alone does not
    end.close()

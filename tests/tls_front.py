"""A front that speaks Postgres's TLS on 127.0.0.1 and passes on in the open: for a server that was built without it, as the embedded one is."""

import contextlib
import socket
import ssl
import struct
import threading
from pathlib import Path
from typing import Self

SSL_REQUEST = struct.pack("!ii", 8, 80877103)


class TlsFront:
    """Stands before `target_host:target_port`, with a certificate. A context manager."""

    def __init__(self, target_host: str, target_port: int, *, certificate: Path, key: Path) -> None:
        self._target = (target_host, target_port)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.encrypted = 0  # sessions that went through it
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, url: str, *options: str) -> str:
        """The same URL, but through the front, and with options of libpq."""
        return "&".join([url.replace(f"{self._target[0]}:{self._target[1]}", f"127.0.0.1:{self.port}") + "?application_name=tls", *options])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            if client.recv(8, socket.MSG_WAITALL) != SSL_REQUEST:
                return  # in the open: as a server with `hostssl` alone, it is refused
            client.sendall(b"S")
            with self._context.wrap_socket(client, server_side=True) as inside, socket.create_connection(self._target) as server:
                self.encrypted += 1
                back = threading.Thread(target=_pump, args=(server, inside), daemon=True)
                back.start()
                _pump(inside, server)
                back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError, ValueError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)

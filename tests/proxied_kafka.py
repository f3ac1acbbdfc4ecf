"""A real broker to which the consumer and the publisher have a way of their own each, with a proxy in it."""

from pathlib import Path

from sql import child
from streams.embedded import EmbeddedKafka
from tests.tcp_proxy import TcpProxy

CLIENTS = ("CONSUMER", "PUBLISHER")  # each has a listener of its own, which is advertised at its proxy


class ProxiedKafka(EmbeddedKafka):
    """A broker with a listener for each client, advertised where a proxy stands: so the way of one can be cut, and not of the other."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir)
        self._listeners = {name: child.free_port(None) for name in CLIENTS}
        self.proxies = {name: TcpProxy(child.LOCALHOST, port) for name, port in self._listeners.items()}

    def _write_configuration(self, data: Path) -> None:
        super()._write_configuration(data)
        lines = dict(line.split("=", 1) for line in self._configuration.read_text().splitlines())
        for name, port in self._listeners.items():
            lines["listeners"] += f",{name}://{child.LOCALHOST}:{port}"
            lines["advertised.listeners"] += f",{name}://{child.LOCALHOST}:{self.proxies[name].port}"
        lines["listener.security.protocol.map"] = ",".join(f"{name}:PLAINTEXT" for name in ("PLAINTEXT", "CONTROLLER", *CLIENTS))
        lines["inter.broker.listener.name"] = "PLAINTEXT"
        self._configuration.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))

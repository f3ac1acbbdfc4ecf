"""`python -m tests.bench.sticky_proxy PORT TARGET…`: every connection of one client address goes to one and the same target on 127.0.0.1.

What a load balancer does that goes by the client's address. It is a stand-in for measurements, no proxy for a deployment.
"""

import asyncio
import contextlib
import ipaddress

import click

HOST = "127.0.0.1"
CHUNK_BYTES = 65_536


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on what comes until one of both ends."""
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    writer.close()


async def serve(port: int, targets: tuple[int, ...]) -> None:
    """Serve until the process is ended."""

    async def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = int(ipaddress.ip_address(writer.get_extra_info("peername")[0]))
        try:
            there, back = await asyncio.open_connection(HOST, targets[client % len(targets)])
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, back), pump(there, writer))

    async with await asyncio.start_server(taken, HOST, port) as server:
        await server.serve_forever()


@click.command()
@click.argument("port", type=int)
@click.argument("targets", type=int, nargs=-1, required=True)
def main(port: int, targets: tuple[int, ...]) -> None:
    """Listen on PORT of 127.0.0.1 and hand on to the TARGETS."""
    asyncio.run(serve(port, targets))


if __name__ == "__main__":
    main()

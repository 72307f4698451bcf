"""Run in a container of its own: https before the model server, which speaks http.

Every connection is passed on as it is, both ways and at once, so that streamed answers, and what
the server may learn to speak, need nothing here. The server itself has no certificate, because
the agents ask it by a name of the containers' network, for which nobody would sign one.

Environment: TLS_CERT and TLS_KEY, PEM files; PORT to listen on; SERVER, "host:port".
"""

import asyncio
import os
import ssl
import sys
from contextlib import suppress

CONNECTIONS = 1000  # at once; more are closed
PIECE_BYTES = 65536  # read at once
CONNECT_SECONDS = 10


class Front:
    """The address of the server, and how many connections are under way."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            if self.open <= CONNECTIONS:
                await self.join(reader, writer)
        except TimeoutError:
            print(f"{self.host}:{self.port} does not answer", flush=True)
        except OSError as error:
            print(f"{self.host}:{self.port} cannot be reached: {error}", flush=True)
        finally:
            self.open -= 1
            writer.close()

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Passes everything both ways until either end closes: TLS knows no half-closed end."""
        there, out = await asyncio.wait_for(
            asyncio.open_connection(self.host, self.port), CONNECT_SECONDS
        )
        copies = [asyncio.create_task(copy(*ends)) for ends in ((reader, out), (there, writer))]
        try:
            await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in copies:
                task.cancel()
            await asyncio.gather(*copies, return_exceptions=True)
            out.close()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Everything until the end or a broken connection, each piece as soon as it is there."""
    with suppress(OSError):
        while piece := await reader.read(PIECE_BYTES):
            writer.write(piece)
            await writer.drain()


async def main() -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(os.environ["TLS_CERT"], os.environ["TLS_KEY"])
    context.set_alpn_protocols(["http/1.1"])
    host, _, port = os.environ["SERVER"].rpartition(":")
    front = Front(host, int(port))
    listener = await asyncio.start_server(
        front.serve, "0.0.0.0", int(os.environ["PORT"]), ssl=context, limit=PIECE_BYTES
    )
    await listener.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (OSError, ValueError) as error:
        sys.exit(f"tls: {error}")

"""Run in a container of its own, the only one with a way out: agents reach what is listed, no more.

Port 3128 is a forward HTTP proxy (absolute-form requests and CONNECT, RFC 9110 section 9.3.6) to
the hosts in ALLOW; port 8000 stands in for the model server with the server at LLM_URL. What is
refused is printed.

Environment: ALLOW ("host:port host:port"), LLM_URL ("http[s]://host[:port][/prefix]/v1", optional).
PROXY_PORT and SERVER_PORT change the ports, PATIENCE the seconds that a silent connection is kept.
"""

import asyncio
import os
import ssl
import sys
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

CONNECTIONS = 256  # at once; more are refused
HEAD_BYTES = 65536  # of a request's head
PIECE_BYTES = 65536  # read at once
HEAD_SECONDS = 30  # for a request's head
CONNECT_SECONDS = 10
MALFORMED = "400 Bad Request"
PATIENCE = float(os.environ.get("PATIENCE", "600"))

# Of one connection only, so not passed on (RFC 9110 section 7.6.1). Host is written anew.
OWN = (b"connection", b"proxy-", b"keep-alive", b"upgrade", b"te:", b"host:")


class Refusal(Exception):
    """An answer of the relay's own: status line and text."""

    def __init__(self, status: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True)
class Target:
    """Where a request goes: `path` is None for a tunnel."""

    host: str
    port: int
    path: str | None = None
    tls: bool = False

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"


def split(address: str) -> tuple[str, int]:
    """`host:port` as host in small letters and port; ValueError if it is none."""
    host, _, port = address.rpartition(":")
    if not host or not port.isascii() or not port.isdigit():
        raise ValueError(address)
    return host.lower().rstrip("."), int(port)


def wanted(method: str, address: str) -> Target:
    """What a request to the proxy asks for; Refusal if that is no request to a proxy."""
    try:
        if method == "CONNECT":
            return Target(*split(address))
        url = urlsplit(address)
        if url.scheme != "http" or not url.hostname or "@" in url.netloc:
            raise ValueError(address)
        path = url._replace(scheme="", netloc="", fragment="").geturl() or "/"
        path = path if path.startswith("/") else f"/{path}"
        return Target(url.hostname.lower().rstrip("."), url.port or 80, path)
    except ValueError:
        text = "This is a proxy; it takes CONNECT and absolute http addresses. 这是代理服务。"
        raise Refusal(MALFORMED, text) from None


def checked(target: Target, allowed: frozenset[tuple[str, int]]) -> Target:
    if (target.host, target.port) not in allowed:
        text = (
            f"{target.name} is not in ALLOW of airgap.conf, so it cannot be reached from here.\n"
            f"airgap.conf 的 ALLOW 中没有 {target.name}，因此无法从这里访问。"
        )
        raise Refusal("403 Forbidden", text)
    return target


def on_server(path: str, url: str) -> Target:
    """The address at the server of LLM_URL for a path that was asked of the model server."""
    server = urlsplit(url)
    tls = server.scheme == "https"
    prefix = server.path.rstrip("/").removesuffix("/v1")
    if not path.startswith("/"):
        raise Refusal(MALFORMED, f"{path} is no path")
    return Target(server.hostname or "", server.port or (443 if tls else 80), prefix + path, tls)


class Stream:
    """What passes between two ends, and when something last moved."""

    def __init__(self) -> None:
        self.moved = time.monotonic()

    async def read(self, reader: asyncio.StreamReader, size: int) -> bytes:
        """At most `size` bytes; none at the end, or when both ends have been silent too long."""
        while True:
            try:
                piece = await asyncio.wait_for(reader.read(size), PATIENCE)
            except TimeoutError:
                if time.monotonic() - self.moved >= PATIENCE:
                    return b""
            else:
                self.moved = time.monotonic()
                return piece

    async def copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Everything until the end, each piece as soon as it is there."""
        while piece := await self.read(reader, PIECE_BYTES):
            writer.write(piece)
            await writer.drain()

    async def copy_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Like `copy`, and tells the other side of the end."""
        await self.copy(reader, writer)
        if writer.can_write_eof():
            writer.write_eof()

    async def copy_exactly(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: int
    ) -> None:
        while count > 0:
            piece = await self.read(reader, min(count, PIECE_BYTES))
            if not piece:
                raise ConnectionError("the request broke off")
            count -= len(piece)
            writer.write(piece)
            await writer.drain()

    async def copy_chunks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A body in chunks with its trailers (RFC 9112 section 7.1)."""
        size = -1
        while size != 0:
            line = await reader.readuntil(b"\r\n")
            size = int(line.split(b";")[0], 16)
            writer.write(line)
            await self.copy_exactly(reader, writer, size + 2 if size else 0)
        while line != b"\r\n":
            line = await reader.readuntil(b"\r\n")
            writer.write(line)
        await writer.drain()


class Relay:
    """What is allowed, and the connections under way."""

    def __init__(self, allowed: frozenset[tuple[str, int]], url: str) -> None:
        self.allowed = allowed
        self.url = url
        self.open = 0

    async def as_proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.serve(reader, writer, proxy=True)

    async def as_server(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.serve(reader, writer, proxy=False)

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, proxy: bool
    ) -> None:
        """One connection, which is one request: what came after it would go unchecked."""
        self.open += 1
        asked = "a connection"
        try:
            if self.open > CONNECTIONS:
                raise Refusal("503 Service Unavailable", "Too many connections. 连接过多。")
            method, address, headers = await head_of(reader)
            asked = f"{method} {address}"
            if proxy:
                target = checked(wanted(method, address), self.allowed)
            else:
                target = on_server(address, self.url)
            there, out = await connected(target)
            try:
                if target.path is None:
                    await tunnel(reader, writer, there, out)
                else:
                    out.write(new_head(method, target, target.path, headers))
                    await exchange(reader, writer, there, out, headers)
            finally:
                out.close()
        except Refusal as refusal:
            if refusal.status != MALFORMED:
                tell(f"refused {asked}: {refusal.status}, {refusal.text.splitlines()[0]}")
            await answer(writer, refusal)
        except (OSError, asyncio.IncompleteReadError):
            pass  # The one that asked has gone.
        finally:
            self.open -= 1
            writer.close()


async def head_of(reader: asyncio.StreamReader) -> tuple[str, str, list[bytes]]:
    """Method, address and header lines of a request."""
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_SECONDS)
    except asyncio.LimitOverrunError:
        raise Refusal("431 Request Header Fields Too Large", "The head is too large.") from None
    except TimeoutError:
        raise Refusal("408 Request Timeout", "No request came.") from None
    start, *headers = head[:-4].split(b"\r\n")
    try:
        method, address, version = start.decode("ascii").split(" ")
    except ValueError:
        raise Refusal(MALFORMED, "This is no HTTP request.") from None
    folded = any(line[:1].isspace() or b"\n" in line for line in headers)
    if not version.startswith("HTTP/1.") or not method.isalpha() or folded:
        raise Refusal(MALFORMED, "This is no HTTP/1.1 request.")
    return method, address, headers


async def connected(target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    context = ssl.create_default_context() if target.tls else None
    try:
        return await asyncio.wait_for(
            asyncio.open_connection(target.host, target.port, ssl=context), CONNECT_SECONDS
        )
    except (OSError, TimeoutError) as error:
        reason = str(error) or f"no answer in {CONNECT_SECONDS} s"
        text = f"{target.name} cannot be reached: {reason}\n无法访问 {target.name}：{reason}"
        raise Refusal("504 Gateway Timeout", text) from error


def new_head(method: str, target: Target, path: str, headers: list[bytes]) -> bytes:
    """The head as the server gets it."""
    host = target.host if target.port == (443 if target.tls else 80) else target.name
    start = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close".encode("ascii")
    kept = (line for line in headers if not line.lower().startswith(OWN))
    return b"\r\n".join((start, *kept, b"", b""))


async def tunnel(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    there: asyncio.StreamReader,
    out: asyncio.StreamWriter,
) -> None:
    """Passes everything both ways until both ends have ended, or one breaks."""
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    stream = Stream()
    copies = stream.copy_all(reader, out), stream.copy_all(there, writer)
    await until(asyncio.FIRST_EXCEPTION, *copies)


async def exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    there: asyncio.StreamReader,
    out: asyncio.StreamWriter,
    headers: list[bytes],
) -> None:
    """Passes on the request's body and the answer, until either end closes."""
    stream = Stream()
    body = send_body(stream, reader, out, headers)
    await until(asyncio.FIRST_COMPLETED, body, stream.copy(there, writer))


async def send_body(
    stream: Stream, reader: asyncio.StreamReader, out: asyncio.StreamWriter, headers: list[bytes]
) -> None:
    """Passes on the request's body and nothing after it; returns when its sender closes."""
    fields = {}
    for line in headers:
        name, _, value = line.partition(b":")
        fields[name.strip().lower()] = value.strip().lower()
    if fields.get(b"transfer-encoding", b"").endswith(b"chunked"):
        await stream.copy_chunks(reader, out)
    else:
        await stream.copy_exactly(reader, out, int(fields.get(b"content-length", b"0")))
    while await stream.read(reader, PIECE_BYTES):
        pass


async def until(when: str, *copies: Coroutine[object, object, None]) -> None:
    """Runs both directions until `when`, then ends what is left of them."""
    tasks = [asyncio.create_task(copy) for copy in copies]
    try:
        await asyncio.wait(tasks, return_when=when)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def answer(writer: asyncio.StreamWriter, refusal: Refusal) -> None:
    text = f"airgap: {refusal.text}\n".encode()
    writer.write(
        f"HTTP/1.1 {refusal.status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode()
        + text
    )
    with suppress(OSError):
        await writer.drain()


def tell(line: str) -> None:
    """One line of the log, of bounded length and without control characters."""
    print(ascii(line)[1:-1][:300], flush=True)


async def main() -> None:
    allowed = frozenset(split(address) for address in os.environ.get("ALLOW", "").split())
    url = os.environ.get("LLM_URL", "")
    relay = Relay(allowed, url)
    services = [(relay.as_proxy, int(os.environ.get("PROXY_PORT", "3128")))]
    if url:
        services.append((relay.as_server, int(os.environ.get("SERVER_PORT", "8000"))))
    servers = [
        await asyncio.start_server(serve, "0.0.0.0", port, limit=HEAD_BYTES)
        for serve, port in services
    ]
    for address in sorted(f"{host}:{port}" for host, port in allowed):
        tell(f"allowed {address}")
    if url:
        tell(f"the model server is {url}")
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (OSError, ValueError) as error:
        sys.exit(f"relay: {error}")

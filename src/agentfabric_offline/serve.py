"""What answers the browser: upstream's page as an ASGI application."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from agentfabric_offline import adaptations
from agentfabric_offline.closed import Application, WithHeaders
from agentfabric_offline.errors import Problem
from agentfabric_offline.folders import Folders
from agentfabric_offline.gate import Gate
from agentfabric_offline.settings import Settings
from agentfabric_offline.upstream import Upstream, expect
from login import EVERYBODY, Accounts, make, wall

_THREADS = 10
"""How many events of visitors are worked on at the same time, as upstream has it."""
_log = logging.getLogger(__name__)


def serve(settings: Settings, scratch: Path) -> None:
    """Serve the page until a signal ends it; its port is closed until it can be used.

    Raises:
        Problem: If it cannot be served.
        PasswordFileError: If the password file cannot be used.
    """
    accounts = _accounts(settings.password_file)
    with _socket(settings.host, settings.port) as listener:
        upstream = Upstream(settings, scratch)
        for adapt in adaptations.LIBRARY:
            adapt(upstream)
        upstream.load_page()
        for adapt in adaptations.PAGE:
            adapt(upstream)
        uvicorn = upstream.module("uvicorn")
        config = uvicorn.Config(
            wall(Gate(application(upstream), Folders.of(upstream)), accounts, settings.state_dir),
            log_level="warning",
            # Seconds for answers that are being written; open pages hold connections for ever.
            timeout_graceful_shutdown=3,
            ssl_certfile=settings.tls and settings.tls[0],
            ssl_keyfile=settings.tls and settings.tls[1],
        )
        upstream.server.look_for_the_name()
        scheme = "https" if settings.tls else "http"
        _log.info("the page is served on %s://%s:%d", scheme, settings.host, settings.port)
        asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


def application(upstream: Upstream) -> Application:
    """The page as gradio serves it, without what `launch` does besides.

    `launch` sends a request to itself, asks which release is the newest, and looks for a tunnel.
    """
    blocks = upstream.page.demo
    expect(blocks, "startup_events")
    # What `launch` sets, with upstream's arguments.
    blocks.auth = None
    blocks.auth_message = None
    blocks.show_error = True
    blocks.favicon_path = None
    blocks.root_path = ""
    blocks.show_api = False
    blocks.allowed_paths = []
    blocks.blocked_paths = []
    blocks.share = False
    blocks.dev_mode = False
    blocks.state_session_capacity = 10000
    blocks.max_threads = _THREADS
    blocks._queue.max_thread_count = _THREADS
    blocks.validate_queue_settings()
    blocks.config = blocks.get_config_file()

    @contextlib.asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        blocks.startup_events()
        yield

    routes = upstream.module("gradio.routes")
    app = routes.App.create_app(blocks, {"lifespan": lifespan})
    blocks._queue.set_server_app(app)
    # The page waits for this before it asks for anything else; made anew it takes 0.1 s.
    info = blocks.get_api_info()
    blocks.get_api_info = lambda: routes.ORJSONResponse(info)
    return WithHeaders(app)


def _accounts(password_file: Path | None) -> Accounts | None:
    if password_file is None:
        return None
    if make(password_file, EVERYBODY):
        _log.info("the account `%s` and its password are in %s", EVERYBODY, password_file)
    return Accounts(password_file)


def _socket(host: str, port: int) -> socket.socket:
    """A socket bound to the address but not listening yet.

    Raises:
        Problem: If something else listens there, or the address is none of this machine.
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, proto)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        why = error.strerror or error
        raise Problem("taken", host=host, port=port, why=why) from error
    return bound

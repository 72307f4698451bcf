"""Start: read the settings and the agent, load what is needed, serve the page.

The page answers `GET /` with 200 as soon as it can be used; until then its port is closed.
"""

import logging
import os
import signal
import sys
import tempfile
import warnings
from pathlib import Path

from agent_runner import config, offline, settings
from agent_runner.errors import StartError
from login import Accounts, PasswordFileError, wall


def main() -> int:
    """Serve until a signal ends it; the exit status is 1 where it cannot start."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # Libraries that a lock holds still warn of what will change in their future.
    warnings.simplefilter("ignore")
    # As a container's first process Python would ignore the signal until the page is served.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="agent-runner-") as scratch:
        try:
            read = settings.read(os.environ)
            accounts = Accounts(read.password_file) if read.password_file else None
            exported = config.read(read.agent_dir)
            offline.prepare(os.environ, Path(scratch))
            # Imported now, because these libraries look at the environment when they are imported.
            import uvicorn

            from agent_runner.agent import ServedAgent
            from agent_runner.page import application

            page = application(ServedAgent(read, exported))
            app = wall(page, accounts, read.state_dir)
        except (StartError, PasswordFileError) as error:
            print(f"agent_runner: {error}", file=sys.stderr)
            return 1
        scheme = "https" if read.tls else "http"
        logging.info("`%s` is served on %s://%s:%d", exported.name, scheme, read.host, read.port)
        uvicorn.run(
            app,
            host=read.host,
            port=read.port,
            log_level="warning",
            # Seconds for answers that are being written; open pages hold connections for ever.
            timeout_graceful_shutdown=3,
            ssl_certfile=read.tls and read.tls[0],
            ssl_keyfile=read.tls and read.tls[1],
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

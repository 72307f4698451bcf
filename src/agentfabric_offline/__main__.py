"""Run as ``python -m agentfabric_offline app`` or ``… bot``; ``--help`` lists what can be set."""

import logging
import os
import signal
import sys
import tempfile
import warnings
from pathlib import Path

from agentfabric_offline import environment
from agentfabric_offline.errors import Problem, WrongSetting
from agentfabric_offline.serve import serve
from agentfabric_offline.settings import check_state, read_settings
from login import PasswordFileError


def main() -> int:
    """Serve until a signal ends it; 2 is the status for a wrong setting, 1 if it cannot start."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # Libraries that a lock holds still warn of what will change in their future.
    warnings.simplefilter("ignore")
    # As a container's first process Python would ignore the signal until the page is served.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        settings = read_settings(sys.argv[1:], os.environ)
        check_state(settings.state_dir)
        with tempfile.TemporaryDirectory(prefix="agentfabric-") as folder:
            scratch = Path(folder)
            environment.prepare(os.environ, settings, scratch)
            environment.use_as_working_folder(scratch)
            serve(settings, scratch)
    except (Problem, PasswordFileError) as problem:
        print(f"agentfabric: {problem}", file=sys.stderr)
        return 2 if isinstance(problem, WrongSetting | PasswordFileError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

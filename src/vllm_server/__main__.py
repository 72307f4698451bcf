"""Run as ``python -m vllm_server``; ``--help`` lists what can be set."""

import os
import runpy
import signal
import sys
from types import FrameType

from vllm_server.architecture import check_architecture
from vllm_server.arguments import read_settings, vllm_arguments
from vllm_server.checks import check, read_api_key
from vllm_server.defaults import write_config_dir
from vllm_server.errors import StartError
from vllm_server.offline import offline_environment


def main() -> None:
    """Check what can be checked, then become vLLM's server."""
    # As the first process of a container nobody else ends this one before vLLM listens to signals.
    signal.signal(signal.SIGTERM, _end)
    try:
        settings = read_settings(sys.argv[1:], os.environ)
        check(settings)
        os.environ.update(offline_environment(os.environ))
        if settings.api_key_file is not None:
            # Not an argument: those are shown to everyone by `ps`, and by vLLM in its log.
            os.environ["VLLM_API_KEY"] = read_api_key(settings.api_key_file)
        check_architecture(settings)
        config_dir = write_config_dir(settings.model_dir, settings.generation_config)
    except StartError as error:
        sys.exit(f"vllm_server: {error}")
    sys.argv[1:] = vllm_arguments(settings, config_dir)
    # vLLM's engine starts processes that import the main module again, so it has to be vLLM's.
    runpy.run_module("vllm.entrypoints.openai.api_server", run_name="__main__", alter_sys=True)


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()

"""What Docker's client was asked for when an agent was published."""

from pathlib import Path

from tests.host.bundle import Bundle


def options(call: list[str], option: str) -> list[str]:
    return [call[i + 1] for i, word in enumerate(call) if word == option]


def mounts(call: list[str]) -> dict[str, str]:
    """Source by target; a read-only target ends in ``,readonly``."""
    pairs = (mount.partition(",target=") for mount in options(call, "--mount"))
    return {target: source.partition("source=")[2].rstrip('"') for source, _, target in pairs}


def served(builder: Bundle, name: str) -> Path:
    """The copy of the agent that the container of a published one sees."""
    return Path(mounts(builder.created(f"agent-{name}"))["/state/config"]) / "local_user"


def port_of(builder: Bundle, name: str) -> int:
    (publish,) = options(builder.created(f"agent-{name}"), "--publish")
    return int(publish.split(":")[1])

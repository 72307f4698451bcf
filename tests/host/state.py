"""What is in a state folder, and beside it."""

from pathlib import Path

from tests.host.bundle import Bundle

Files = dict[str, tuple[int, bytes]]


def files(folder: Path) -> Files:
    """Mode and bytes of what a backup of a state folder keeps."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
        and path.relative_to(folder).parts[0] not in ("pex", "versions", ".airgap-made")
    }


def beside(bundle: Bundle) -> set[str]:
    """What lies where the state folder does."""
    return {path.name for path in bundle.state.parent.iterdir()}

"""Makes the lock of a target anew: the command ``lock``."""

from pathlib import Path

from airgap.addresses import find_locks
from airgap.errors import AirgapError
from airgap.fetch import progress
from airgap.locks import python
from airgap.resolve.debian import lock_debian
from airgap.resolve.model import lock_model
from airgap.resolve.output import read_text
from airgap.resolve.python import lock_python
from airgap.resolve.source import lock_source
from airgap.store import Store

BACKENDS = "sdist-build.lock"


def lock_target(store: Store, root: Path, address: str, cutoff: str | None) -> None:
    """Replace the lock of a `wheelhouse`, `debian_packages`, `model` or `git_source`.

    Args:
        root: The repository.
        cutoff: For a wheelhouse: use nothing that was published after this day, whatever the
            input file says.

    Raises:
        AirgapError: The address has no lock or several, or the lock cannot be made.
    """
    locks = find_locks(root, address)
    if len(locks) > 1:
        raise AirgapError(
            "making the lock of",
            address,
            expected="one lock",
            found=", ".join(str(path.relative_to(root)) for path in locks),
            remedy="name the target that it belongs to",
        )
    ((path, kind),) = locks.items()
    if cutoff and kind != "wheelhouse":
        raise AirgapError(
            "making the lock of", address, found=f"--cutoff, which a `{kind}` does not know"
        )
    if kind == "model":
        lock_model(path.with_name("model.toml"), path)
    elif kind == "git_source":
        lock_source(path.with_name("source.toml"), path)
    elif kind == "debian_packages":
        lock_debian(path.with_suffix(".in"), path)
    else:
        backends = path.with_name(BACKENDS)
        built_with = python.parse(read_text(backends), BACKENDS) if backends != path else ()
        with progress.shown() as shown:
            lock_python(path.with_suffix(".in"), path, store, built_with, shown, cutoff)
    print(f"wrote {path.relative_to(root)}")

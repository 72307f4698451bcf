"""Real wheels of a few bytes, for tests that install or run what they are put into."""

import base64
import hashlib
import zipfile
from collections.abc import Iterable, Mapping

from airgap.locks.python import Wheel
from airgap.store import Store


def add_wheel(
    store: Store,
    name: str,
    version: str,
    files: Mapping[str, str],
    *,
    requires: Iterable[str] = (),
    metadata: Iterable[str] = (),
    tag: str = "py3-none-any",
) -> Wheel:
    """Make a wheel with these files, put it into the store, and return its line of a lock.

    Args:
        metadata: Further lines of METADATA.
    """
    base = f"{name.replace('-', '_')}-{version}"
    info = f"{base}.dist-info"
    pure = "true" if tag.endswith("none-any") else "false"
    contents = dict(files)
    contents[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
        + "".join(f"{line}\n" for line in metadata)
    )
    contents[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: {pure}\nTag: {tag}\n"
    record = [
        f"{path},sha256={_digest(text)},{len(text.encode())}\n" for path, text in contents.items()
    ]
    contents[f"{info}/RECORD"] = "".join(record) + f"{info}/RECORD,,\n"
    with store.workdir() as work:
        file = work / "wheel"
        with zipfile.ZipFile(file, "w") as archive:
            for path, text in contents.items():
                archive.writestr(zipfile.ZipInfo(path), text)
        return Wheel(name, version, f"{base}-{tag}.whl", store.add(file))


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def greeting_stack(store: Store) -> tuple[Wheel, ...]:
    """A stack whose wheels disagree with it, as those of real stacks do.

    ``greeter`` uses ``words``, asks for an older one, and for ``absent``, which the stack leaves
    out.
    """
    return (
        add_wheel(
            store,
            "greeter",
            "1.0",
            {"greeter/__init__.py": "import words\n\ntext = f'hello {words.world}'\n"},
            requires=[
                "words<2",
                "Absent.Package[extra]>=3; python_version>'3'",
                "extra; extra=='x'",
            ],
        ),
        add_wheel(store, "words", "2.0", {"words.py": "world = 'world'\n"}),
    )

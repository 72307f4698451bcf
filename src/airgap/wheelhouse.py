"""The wheelhouse exit: a stack's wheels and a requirements file, for pip without a network.

A wheelhouse is installed with::

    pip install --no-deps -r wheelhouse/<stack>/requirements.txt

``--no-deps``, because the lock is the whole answer: it may leave out what a wheel asks for and the
application never imports. The other options are in the file itself; naming them again does no harm.
"""

from collections.abc import Iterable

from airgap.locks.python import Wheel
from airgap.store import Store
from airgap.tree import Entry, Tree

REQUIREMENTS = "requirements.txt"

# pip takes `.` here as the folder that the requirements file is in, not as the current one.
_HEADING = """\
# pip install --no-deps -r requirements.txt
--no-index
--find-links .
--require-hashes
"""


def wheelhouse(store: Store, wheels: Iterable[Wheel]) -> Tree:
    """The files of a wheelhouse; the wheels themselves must be in the store by the time of writing.

    Writes the requirements file, a few KB, and reads nothing.
    """
    wheels = sorted(wheels)
    with store.writer(doing="writing", subject=REQUIREMENTS) as out:
        out.write(_HEADING.encode())
        for wheel in wheels:
            out.write(f"{wheel.requirement}\n".encode())
    return {
        **{wheel.filename: Entry(wheel.blob) for wheel in wheels},
        REQUIREMENTS: Entry(out.blob),
    }

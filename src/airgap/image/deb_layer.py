"""Makes the base layer from .debs: unpacked as dpkg would, but no maintainer script is run.

What those scripts would do and the image needs is done here: certificates in one bundle, users,
links to chosen commands, byte-code of Python's own library. Documentation is left out, copyright
files stay. ``/bin``, ``/lib`` and so on are links into ``/usr``. There is no ``ld.so.cache``: all
libraries lie where the loader looks without one.
"""

import collections
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from airgap.image.bytecode import ByteCode, Compiler, pyc_path
from airgap.image.deb import DebMember, control, members
from airgap.image.interpreter import PYTHON
from airgap.image.tar import LayerTar
from airgap.untrusted_tar import small

_CHUNK = 1 << 20

_LARGEST_READ = 1 << 24
"""Bytes of a module or a certificate, which are held as a whole."""

UID = 1000
"""The user and group that the containers run as."""

ENVIRONMENT = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/usr/sbin",
    "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt",
}
"""What programs need to know to run on this base: the root is read-only but for ``/tmp``."""

_LINKS = ("bin", "lib", "lib64", "sbin")
_DOCUMENTATION = tuple(
    f"usr/share/{name}/" for name in ("bug", "doc", "info", "lintian", "locale", "man")
)
_CERTIFICATES = "usr/share/ca-certificates/"
_LIBRARY = f"usr/lib/{PYTHON}/"
_ALTERNATIVES = {
    "usr/bin/awk": "mawk",
    "usr/bin/python3": PYTHON,
    "usr/bin/which": "which.debianutils",
}
"""Commands that Debian makes links of, by the program that they lead to in the same folder."""

_FILES = {
    "etc/passwd": f"root:x:0:0:root:/root:/bin/sh\napp:x:{UID}:{UID}:app:/tmp:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
    "etc/group": f"root:x:0:\napp:x:{UID}:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
"""Files that no package has, because Debian's installer makes them."""

_FOLDERS = {"dev": 0o755, "proc": 0o555, "root": 0o700, "run": 0o755, "sys": 0o555}
_FOLDERS |= {"tmp": 0o1777, "var/tmp": 0o1777, "agent": 0o755, "models": 0o755, "state": 0o755}


def write_deb_layer(tar: LayerTar, debs: Mapping[str, Path], compiler: Compiler) -> None:
    """Unpack packages into a layer.

    Decompresses each package once and holds a megabyte of it at a time, and the certificates.

    Args:
        tar: The layer, which stays open.
        debs: Files by package name, in the order in which they go into the layer.
        compiler: Compiles the modules of Python's own library.

    Raises:
        AirgapError: A package is damaged or hostile, or two have a file of one name.
    """
    for link in _LINKS:
        tar.symlink(link, f"usr/{link}")
    for path, mode in _FOLDERS.items():
        tar.folder(path, mode)
    certificates: dict[str, bytes] = {}
    byte_code: collections.deque[tuple[str, ByteCode]] = collections.deque()
    for name, deb in debs.items():
        for member in members(deb):
            _add(tar, member, certificates, byte_code, compiler)
            while len(byte_code) > 64:
                _add_byte_code(tar, *byte_code.popleft())
        # One file per package is how images without dpkg tell scanners what they hold.
        tar.file(f"var/lib/dpkg/status.d/{name}", control(deb).encode())
    while byte_code:
        _add_byte_code(tar, *byte_code.popleft())
    if certificates:
        bundle = b"".join(data.rstrip(b"\n") + b"\n" for _, data in sorted(certificates.items()))
        tar.file("etc/ssl/certs/ca-certificates.crt", bundle)
    for path, text in _FILES.items():
        tar.file(path, text.encode())
    for link, target in _ALTERNATIVES.items():
        if f"usr/bin/{target}" in tar and link not in tar:
            tar.symlink(link, target)


def _add(
    tar: LayerTar,
    member: DebMember,
    certificates: dict[str, bytes],
    byte_code: collections.deque[tuple[str, ByteCode]],
    compiler: Compiler,
) -> None:
    path, info = member.path, member.info
    if path.startswith(_DOCUMENTATION) and not _is_copyright(path, link=info.issym()):
        return
    # No set-uid or set-gid: nothing in the container may gain rights.
    mode = info.mode & 0o1777
    if info.isdir():
        if path not in _LINKS and not f"{path}/".startswith(_DOCUMENTATION):
            tar.folder(path, mode)
    elif info.issym():
        tar.symlink(path, member.target)
    elif info.islnk():
        tar.hardlink(path, member.target)
    elif member.file is not None:
        is_certificate = path.startswith(_CERTIFICATES) and path.endswith(".crt")
        is_module = path.startswith(_LIBRARY) and path.endswith(".py")
        if info.size > _CHUNK and not (is_certificate or is_module):
            tar.stream(path, info.size, iter(partial(member.file.read, _CHUNK), b""), mode)
            return
        data = small(member.file, _LARGEST_READ, path)
        tar.file(path, data, mode)
        if is_certificate:
            certificates[path] = data
        if is_module:
            byte_code.append((path, compiler.compile(f"/{path}", data)))


def _is_copyright(path: str, *, link: bool) -> bool:
    """Whether a path under /usr/share/doc is a copyright file, or the link to another's folder."""
    return path.endswith("/copyright") or (link and path.count("/") == 3)


def _add_byte_code(tar: LayerTar, path: str, result: ByteCode) -> None:
    if (code := result.result()) is not None:
        tar.file(pyc_path(path), code)

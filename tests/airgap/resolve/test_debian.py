import hashlib
import shutil
import subprocess
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from airgap.errors import AirgapError
from airgap.fetch import mirror
from airgap.locks.debian import parse
from airgap.resolve import debian
from airgap.resolve.debian import lock_debian

pytestmark = pytest.mark.skipif(
    not (shutil.which("apt-get") and shutil.which("gpg")), reason="needs APT and GnuPG"
)

PACKAGES = """
Package: app
Version: 1:2.0-1
Depends: some-lib (>= 1.0), shell | other-shell
Recommends: toy

Package: some-lib
Version: 1.5+b1

Package: shell
Version: 3

Package: toy
Version: 1

Package: stray
Version: 1
Filename: pool/contrib/s/stray/stray_1_amd64.deb
"""


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A signed archive of empty packages, which is the machine's mirror; its key is ours."""
    root = tmp_path / "archive"
    lists = root / "dists" / "bookworm" / "main" / "binary-amd64"
    lists.mkdir(parents=True)
    stanzas = (_completed(stanza) for stanza in PACKAGES.strip().split("\n\n"))
    (lists / "Packages").write_text("\n".join(stanzas))
    packages = (lists / "Packages").read_bytes()
    digest = hashlib.sha256(packages).hexdigest()
    release = textwrap.dedent(f"""\
        Origin: Debian
        Suite: oldstable
        Codename: bookworm
        Date: Sat, 11 Jul 2026 09:00:00 UTC
        Valid-Until: Sat, 18 Jul 2026 09:00:00 UTC
        Architectures: amd64
        Components: main
        SHA256:
         {digest} {len(packages)} main/binary-amd64/Packages
    """)
    # A short path of its own, because the key agent's socket lies in it.
    with tempfile.TemporaryDirectory(prefix="gpg-", dir="/tmp") as home:
        gpg = _Gpg(Path(home))
        gpg("--quick-generate-key", "archive@example.org", "ed25519", "sign", "never")
        keyring = tmp_path / "keys.gpg"
        keyring.write_bytes(gpg("--export"))
        (lists.parents[1] / "InRelease").write_bytes(gpg("--clearsign", text=release))
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
    monkeypatch.setattr(debian, "_KEYRING", keyring)
    monkeypatch.setenv(mirror.VARIABLE, root.as_uri())
    return root


class _Gpg:
    def __init__(self, home: Path) -> None:
        self._command = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--passphrase", ""]

    def __call__(self, *arguments: str, text: str = "") -> bytes:
        command = [*self._command, *arguments]
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
        return done.stdout


def _completed(stanza: str) -> str:
    fields = dict(line.split(": ", 1) for line in stanza.splitlines())
    name, version = fields["Package"], fields["Version"].rpartition(":")[2]
    fields.setdefault("Filename", f"pool/main/{name[0]}/{name}/{name}_{version}_amd64.deb")
    fields |= {"Architecture": "amd64", "Maintainer": "nobody", "Description": name, "Size": "7"}
    fields["SHA256"] = hashlib.sha256(name.encode()).hexdigest()
    return "".join(f"{field}: {value}\n" for field, value in fields.items())


Lock = Callable[[str], Path]


@pytest.fixture
def lock(tmp_path: Path) -> Lock:
    def make(text: str) -> Path:
        (tmp_path / "base.in").write_text(text)
        lock_debian(tmp_path / "base.in", tmp_path / "base.lock")
        return tmp_path / "base.lock"

    return make


def test_what_a_package_depends_on_is_locked_and_what_it_recommends_is_not(
    archive: Path, lock: Lock
) -> None:
    packages = parse(lock("# the application\napp  # and its parts\n").read_text(), "base.lock")
    assert [(package.name, package.version) for package in packages] == [
        ("app", "1:2.0-1"),
        ("shell", "3"),
        ("some-lib", "1.5+b1"),
    ]
    assert packages[0].path == "pool/main/a/app/app_2.0-1_amd64.deb"
    assert packages[0].blob.sha256 == hashlib.sha256(b"app").hexdigest()


def test_two_runs_give_the_same_bytes_and_name_no_address(archive: Path, lock: Lock) -> None:
    first = lock("app\n").read_bytes()
    assert lock("app\n").read_bytes() == first
    assert str(archive).encode() not in first


def test_an_unknown_package_is_told(archive: Path, lock: Lock) -> None:
    with pytest.raises(AirgapError, match="Unable to locate package no-such-thing"):
        lock("app\nno-such-thing\n")


def test_a_package_outside_the_archive_proper_is_refused(archive: Path, lock: Lock) -> None:
    with pytest.raises(AirgapError, match="1 packages from pool/main"):
        lock("stray\n")


def test_a_list_that_nobody_we_know_signed_is_refused(archive: Path, lock: Lock) -> None:
    signed = archive / "dists" / "bookworm" / "InRelease"
    signed.write_text(signed.read_text().replace("oldstable", "stable"))
    with pytest.raises(AirgapError, match=r"InRelease|not signed|signature"):
        lock("app\n")


def test_a_mirror_that_does_not_answer_is_told(
    archive: Path, lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(mirror.VARIABLE, "http://127.0.0.1:9/debian")
    with pytest.raises(AirgapError) as raised:
        lock("app\n")
    assert "Could not connect" in str(raised.value.found)
    assert mirror.VARIABLE in str(raised.value.remedy)

"""Certificates as an operator would have them, made for a test."""

import datetime
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, two PEM files that only uid 1000 and root need read."""

    certificate: Path
    key: Path

    @property
    def settings(self) -> dict[str, str]:
        """How airgap is told of it."""
        return {"AIRGAP_TLS_CERT": str(self.certificate), "AIRGAP_TLS_KEY": str(self.key)}


def make_certificate(
    folder: Path,
    addresses: Sequence[str] = ("127.0.0.1",),
    days: tuple[float, float] = (-1, 30),
    password: bytes = b"",
) -> Certificate:
    """A certificate for ``localhost`` and ``addresses``, signed by its own key, in a new folder.

    It holds from the first to the second of ``days``, counted from now.
    """
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now + days[0] * _DAY)
        .not_valid_after(now + days[1] * _DAY)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    locked: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        locked = serialization.BestAvailableEncryption(password)
    made = Certificate(folder / 'a "certificate", 证书.pem', folder / "key 私钥.pem")
    made.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    )
    made.key.chmod(0o400)
    if os.geteuid() == 0:
        os.chown(made.key, 1000, -1)
    return made

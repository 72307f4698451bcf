"""Signs a bundle: ``MANIFEST.minisig``, beside the list of all its files.

Format: https://jedisct1.github.io/minisign/, section "Signature format", prehashed (``ED``). Its
trusted comment, which is signed too, is ``bundle <name> sha256:<digest>``. It holds no time: the
same key and the same manifest give the same bytes.
"""

from collections.abc import Callable
from pathlib import Path

from airgap.transport import manifest
from airgap.transport.contents import SIGNATURE, read_contents
from airgap.transport.keys import key_id, read_key, write_files


def sign(folder: Path, key: Path, ask: Callable[[], str]) -> None:
    """Sign the bundle in the folder, and print what was signed.

    Costs one ``lstat`` a file and reads the manifest. What is in the other files is not read:
    ``airgap verify`` compares it with the manifest.

    Args:
        key: The file of the secret key.
        ask: Returns the key's password; is called where the key has one.

    Raises:
        AirgapError: The folder is no whole bundle, or the key cannot be used.
    """
    contents = read_contents(folder)
    data = (folder / manifest.NAME).read_bytes()
    comment = f"bundle {contents.name} sha256:{manifest.digest(data)}"
    with read_key(key, ask) as secret:
        public = secret.get_public_key()
        signature = bytes(secret.sign(data, prehash=True, trusted_comment=comment))
    write_files(folder, {SIGNATURE: (signature + b"\n", 0o644)})
    print(f"wrote {folder / SIGNATURE}")
    print(f"  signed      {comment}")
    print(f"  key id      {key_id(public)}")
    print("  the files themselves were compared with the manifest by size alone")

"""Refuses weights whose loading can run any code."""

from collections.abc import Iterable, Sequence

from airgap.errors import AirgapError

PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")

_MAGIC = (
    # A zip archive is what torch.save writes since 1.6, with a pickle inside.
    b"PK\x03\x04",
    *(bytes([0x80, protocol]) for protocol in range(2, 6)),
)


def refuse_pickles(subject: str, paths: Iterable[str]) -> None:
    """Refuse files by their names.

    Raises:
        AirgapError: A name ends as those of pickled weights do.
    """
    for path in paths:
        if path.lower().endswith(PICKLE_SUFFIXES):
            raise pickle_refusal(subject, path)


def refuse_pickled_content(subject: str, path: str, start: bytes) -> None:
    """Refuse a file by its first bytes, whatever its name.

    Raises:
        AirgapError: They are those of a pickle, or of the archive that torch puts one in.
    """
    if start.startswith(_MAGIC):
        raise pickle_refusal(subject, path)


def pickle_refusal(subject: str, path: str, safetensors: Sequence[str] = ()) -> AirgapError:
    """The error for a pickle; ``safetensors`` are the same model's files that could be taken."""
    named = f" ({', '.join(safetensors[:3])})" if safetensors else ""
    return AirgapError(
        "taking in the model",
        subject,
        expected="weights in the safetensors format (*.safetensors)",
        found=f"`{path}`, a pickle, which can run any code when it is loaded",
        remedy=f"use the publisher's *.safetensors files{named}, of another revision or"
        " repository if need be; or convert the model once where it may run code:"
        " save_pretrained(…, safe_serialization=True), and lock the folder that this writes:"
        " airgap lock model FOLDER",
    )

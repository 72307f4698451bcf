"""A file at a hub, and what people are told when it cannot be had."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from airgap.errors import AirgapError, UnavailableError
from airgap.models.hub import ENDPOINT, WITHOUT_ACCESS, WITHOUT_TOKEN
from airgap.store import Blob

DOING = "fetching"

_LOCK_ANEW = (
    "run the same command again; if it says the same, ask whoever publishes the model, or make the"
    " lock anew and look at what changed before you commit it"
)


@dataclass(frozen=True)
class Remote:
    """A file as a lock names it, and where it is to be had.

    Attributes:
        name: For people: ``qwen1_5_7b_chat/model-00001-of-00004.safetensors``.
        address: Where to ask for it.
        headers: For that address's host alone, such as a token; a host that it sends on to does
            not get them.
    """

    name: str
    blob: Blob
    address: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def refused(file: Remote, status: int, found: str) -> AirgapError:
    """For a status after which asking again is of no use.

    As where the hub is asked for the list of files: who may not have them, or not from here, cannot
    have the model; that it has no such file is an error.
    """
    if status == 401:
        remedy = WITHOUT_TOKEN
    elif status == 403:
        remedy = WITHOUT_ACCESS
    elif status in (404, 410):
        remedy = (
            f"look whether the hub, or the mirror in {ENDPOINT}, still has this revision;"
            " else make the lock anew"
        )
    else:
        remedy = f"look at the hub, or name a mirror in {ENDPOINT}"
    error = AirgapError if status in (400, 404, 410) else UnavailableError
    return error(
        DOING, file.name, expected=f"the file from {file.address}", found=found, remedy=remedy
    )


def unreachable(file: Remote, found: str, tries: int) -> AirgapError:
    """For a server that cuts, stalls, or is out of order, again and again."""
    return UnavailableError(
        DOING,
        file.name,
        expected=f"an answer from {file.address}",
        found=f"{found} ({tries} tries)",
        remedy=f"look at the network, its proxy and {ENDPOINT}, then run the same command again;"
        " what had arrived is kept",
    )


def untrusted(file: Remote, found: str) -> AirgapError:
    """For a certificate that this machine does not trust."""
    return UnavailableError(
        DOING,
        file.name,
        expected=f"a trusted certificate at {file.address}",
        found=found,
        remedy="name the authority's certificate in REQUESTS_CA_BUNDLE",
    )


def wrong_size(file: Remote, found: str) -> AirgapError:
    """For a server that says, or sends, another size than the lock."""
    return AirgapError(
        DOING,
        file.name,
        expected=f"{file.blob.size} bytes, as locked",
        found=found,
        remedy=_LOCK_ANEW,
    )


def wrong_hash(file: Remote, found: str, tags: Collection[str] = ()) -> AirgapError:
    """For content that is not the lock's; nothing of it was kept.

    ``tags`` are the names (ETags) that the server gave the content.
    """
    if len(tags) > 1:
        found += f"; its content changed meanwhile: the server called it {', '.join(sorted(tags))}"
    return AirgapError(
        DOING,
        file.name,
        expected=str(file.blob),
        found=f"{found}; nothing of it was kept",
        remedy=_LOCK_ANEW,
    )

"""A hub that is busy, out of order, away, or refuses."""

import pytest

from airgap.errors import AirgapError, UnavailableError
from airgap.fetch import missing
from airgap.fetch.remote import Remote
from airgap.models.hub import TOKEN
from airgap.store import Blob, Store
from tests.airgap.fetch.ranges.offered import SIZE, WEIGHTS, Offer, fetch, unfinished
from tests.airgap.hub.contents import Seeded
from tests.airgap.hub.server import Fault, HubServer


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_hub_that_is_busy_for_a_while_is_asked_again(
    server: HubServer, store: Store, offer: Offer, status: int
) -> None:
    files = offer(config_json=b"{}", model_safetensors=Seeded(SIZE))
    server.faults += [Fault(WEIGHTS, times=3, status=status), Fault("config.json", status=status)]
    fetch(store, files)
    assert missing(store, files) == []


def test_a_hub_that_stays_out_of_order_is_told_after_some_tries(
    server: HubServer, store: Store, offer: Offer
) -> None:
    files = offer(config_json=b"{}")
    server.faults.append(Fault("config.json", times=99, status=503))
    with pytest.raises(UnavailableError) as raised:
        fetch(store, files)
    assert "503" in str(raised.value.found)
    assert unfinished(store) == []
    assert "6 tries" in str(raised.value.found)
    assert "MODELSCOPE_ENDPOINT" in str(raised.value.remedy)
    assert len(server.seen) == 6


def test_no_network_is_told_after_some_tries(store: Store) -> None:
    file = Remote("m/config.json", Blob("a" * 64, 2), "http://127.0.0.1:9/config.json")
    with pytest.raises(UnavailableError) as raised:
        fetch(store, [file])
    assert "Connection refused (6 tries)" in str(raised.value.found)
    # Said once, by `expected`.
    assert "config.json" not in str(raised.value.found)


@pytest.mark.parametrize(
    ("status", "kind", "remedy"),
    [
        # As where the hub is asked for the list of files.
        (401, UnavailableError, TOKEN),
        (403, UnavailableError, "ask for access"),
        (407, UnavailableError, "name a mirror"),
        (404, AirgapError, "make the lock anew"),
    ],
)
def test_a_refusal_is_told_at_once_with_what_to_do(
    server: HubServer, store: Store, offer: Offer, status: int, kind: type[AirgapError], remedy: str
) -> None:
    files = offer(config_json=b"{}")
    server.faults.append(Fault("config.json", times=99, status=status))
    with pytest.raises(AirgapError) as raised:
        fetch(store, files)
    assert raised.type is kind
    assert f"{status} " in str(raised.value.found)
    assert files[0].address in str(raised.value.expected)
    assert remedy in str(raised.value.remedy)
    assert "ms-secret" not in str(raised.value)
    assert len(server.seen) == 1

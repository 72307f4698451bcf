import pickle

import pytest

from airgap.errors import AirgapError
from airgap.models.pickles import refuse_pickled_content, refuse_pickles


@pytest.mark.parametrize(
    "path", ["pytorch_model.bin", "a/model.PT", "model.pth", "x.ckpt", "weights.pkl", "w.pickle"]
)
def test_pickled_weights_are_refused_and_safetensors_named(path: str) -> None:
    with pytest.raises(AirgapError) as caught:
        refuse_pickles("some model", ["config.json", path])
    assert path in str(caught.value)
    assert "safetensors" in str(caught.value)


def test_other_files_pass() -> None:
    refuse_pickles("some model", ["model.safetensors", "vocab.txt", "binary.json", "spiece.model"])


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_under_another_name_is_refused(protocol: int) -> None:
    with pytest.raises(AirgapError, match="a pickle"):
        refuse_pickled_content("m", "model.safetensors", pickle.dumps({}, protocol)[:4])


def test_the_archive_that_torch_writes_is_refused() -> None:
    with pytest.raises(AirgapError, match="a pickle"):
        refuse_pickled_content("m", "model.safetensors", b"PK\x03\x04")


def test_the_start_of_safetensors_passes() -> None:
    refuse_pickled_content("m", "model.safetensors", (80).to_bytes(8, "little")[:4])

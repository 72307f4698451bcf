import pytest

from airgap.errors import AirgapError
from airgap.models.selection import files_to_serve

QWEN = [
    *("LICENSE", "README.md", "config.json", "configuration.json", "generation_config.json"),
    *("merges.txt", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"),
    *("model.safetensors.index.json", "tokenizer.json", "tokenizer_config.json", "vocab.json"),
]


def test_all_of_a_chat_model_is_taken_but_what_no_server_reads() -> None:
    others = [
        *(".gitattributes", "modeling_qwen.py", "examples/chat.py", "pytorch_model.bin"),
        *("onnx/model.onnx", "runs/events.out", "training_args.bin", "optimizer.pt"),
    ]
    assert files_to_serve("qwen", [*QWEN, *others]) == sorted(QWEN)


def test_an_embedding_model_brings_its_modules() -> None:
    wanted = [
        *("1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors"),
        *("config.json", "model.safetensors", "modules.json", "vocab.txt"),
    ]
    others = ["2_Dense/pytorch_model.bin", "resources/dual-encoder.png", "pytorch_model.bin"]
    assert files_to_serve("gte", [*wanted, *others]) == wanted


def test_the_same_weights_in_another_layout_stay_behind() -> None:
    paths = ["config.json", "consolidated.safetensors", "model.safetensors"]
    assert files_to_serve("x", paths) == ["config.json", "model.safetensors"]
    assert files_to_serve("x", paths[:2]) == paths[:2]


def test_pickles_alone_are_refused_and_what_to_take_is_named() -> None:
    with pytest.raises(AirgapError, match="a pickle, which can run any code") as raised:
        files_to_serve("gte", ["config.json", "pytorch_model.bin", "st/model.safetensors"])
    assert "`pytorch_model.bin`" in str(raised.value)
    assert "*.safetensors files (st/model.safetensors)" in str(raised.value.remedy)
    assert "airgap lock model FOLDER" in str(raised.value.remedy)


@pytest.mark.parametrize("paths", [[], ["config.json"], ["model.safetensors.index.json"]])
def test_no_weights_at_all_are_refused(paths: list[str]) -> None:
    with pytest.raises(AirgapError, match="weights in the safetensors format"):
        files_to_serve("x", paths)

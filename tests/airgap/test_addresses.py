from pathlib import Path

import pytest

from airgap.addresses import find_bundles, find_locks
from airgap.errors import AirgapError

BUNDLE = """
oci_image(name="image", debian="third_party/debian:base", wheelhouses=["third_party/python:vllm"])
airgap_bundle(name="demo", image=":image", models=["models/minilm"], conf={"DEVICE": "cpu"})
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    files = {
        "bundles/demo": BUNDLE,
        "third_party/debian": "debian_packages(name='base', lock='base.lock')",
        "third_party/python": "wheelhouse(name='vllm', lock='vllm.lock')\n"
        "wheelhouse(name='agent', lock='agent.lock')\n"
        "python_requirements(name='tools')",
        "models/minilm": "model()",
        "third_party/upstream": "git_source()",
        "src/page": 'hermetic_pex(wheelhouse="third_party/python:agent", '
        'sources=["third_party/upstream"])',
    }
    for folder, text in files.items():
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "BUILD").write_text(text)
    return tmp_path


def names(repo: Path, address: str) -> dict[str, str]:
    return {str(path.relative_to(repo)): kind for path, kind in find_locks(repo, address).items()}


def test_a_bundle_leads_to_all_its_locks(repo: Path) -> None:
    assert names(repo, "bundles/demo:demo") == {
        "third_party/debian/base.lock": "debian_packages",
        "third_party/python/vllm.lock": "wheelhouse",
        "models/minilm/model.lock": "model",
    }


def test_an_application_leads_to_the_source_that_it_takes_along(repo: Path) -> None:
    assert names(repo, "src/page") == {
        "third_party/python/agent.lock": "wheelhouse",
        "third_party/upstream/source.lock": "git_source",
    }


@pytest.mark.parametrize("address", ["bundles/demo", "bundles/demo:", "//bundles/demo:demo"])
def test_a_bundle_can_be_named_in_each_of_pants_ways(repo: Path, address: str) -> None:
    assert names(repo, address) == names(repo, "bundles/demo:demo")


def test_one_lock_can_be_named(repo: Path) -> None:
    assert names(repo, "third_party/python:agent") == {
        "third_party/python/agent.lock": "wheelhouse"
    }
    assert names(repo, "models/minilm") == {"models/minilm/model.lock": "model"}


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("nowhere:x", "nowhere/BUILD"),
        ("third_party/python:agnet", "agnet"),
        ("third_party/python:tools", "no wheelhouse"),
    ],
)
def test_what_is_not_there_is_named(repo: Path, address: str, word: str) -> None:
    with pytest.raises(AirgapError, match=word):
        find_locks(repo, address)


def test_a_damaged_build_file_is_named(repo: Path) -> None:
    (repo / "models/minilm/BUILD").write_text("model(")
    with pytest.raises(AirgapError, match="models/minilm/BUILD"):
        find_locks(repo, "models/minilm")


@pytest.mark.parametrize("address", ["bundles/demo:", "bundles/demo:demo", "bundles/demo"])
def test_a_bundle_is_found_by_its_address(repo: Path, address: str) -> None:
    assert find_bundles(repo, address) == ["demo"]


@pytest.mark.parametrize("address", ["bundles/demo:image", "bundles/none:", "models/minilm:"])
def test_what_is_no_bundle_is_told(repo: Path, address: str) -> None:
    with pytest.raises(AirgapError, match="an `airgap_bundle` in"):
        find_bundles(repo, address)

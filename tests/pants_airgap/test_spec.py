from __future__ import annotations

import json
import os
from typing import Any

import pytest
from pants.backend.python.target_types import PythonSourcesGeneratorTarget
from pants.backend.python.target_types_rules import rules as python_target_rules
from pants.backend.python.util_rules import python_sources
from pants.core.target_types import FilesGeneratorTarget
from pants.core.target_types import rules as core_target_rules
from pants.engine.addresses import Address
from pants.engine.fs import Snapshot
from pants.engine.internals.scheduler import ExecutionError
from pants.engine.rules import QueryRule
from pants.engine.target import Field, Target
from pants.testutil.rule_runner import RuleRunner

from pants_airgap import input_specs, model_spec, output_specs, spec
from pants_airgap.register import target_types

BUILD = """
wheelhouse(name="stack", lock="stack.lock", build_backends=":stack")
wheelhouse(name="gpu", lock="stack.lock", build_backends=":stack", cuda="12.8", driver=525)
debian_packages(name="base", lock="base.lock")
model(name="minilm")
git_source(name="upstream")
exported_agent(name="guide", sources=["agent/**"])
files(name="program", sources=["airgap"])
files(name="guides", sources=["operator.md", "images/*"])
python_sources(name="app", sources=["app.py"])
hermetic_pex(
    name="pex", wheelhouse=":stack", apps=[":app"], sources=[":upstream"], module="app"
)
oci_image(
    name="image", debian=":base", wheelhouses=[":stack"], apps=[":app"], sources=[":upstream"]
)
airgap_bundle(
    name="demo",
    image=":image",
    models=[":minilm"],
    wheelhouses=[":stack"],
    pexes=[":pex"],
    agents=[":guide"],
    program=":program",
    guides=":guides",
    conf={"LLM": "minilm"},
)
"""


@pytest.fixture
def runner() -> RuleRunner:
    runner = RuleRunner(
        rules=[
            *spec.rules(),
            *input_specs.rules(),
            *model_spec.rules(),
            *output_specs.rules(),
            *python_sources.rules(),
            *python_target_rules(),
            *core_target_rules(),
            QueryRule(spec.FieldSpecs, [spec.FieldSpecsRequest]),
        ],
        target_types=[*target_types(), PythonSourcesGeneratorTarget, FilesGeneratorTarget],
    )
    # Inference would ask for Pants' own parser of imports, as a PEX.
    runner.set_options(["--source-root-patterns=['/src']", "--no-python-infer-imports"])
    runner.write_files(
        {
            "src/BUILD": BUILD,
            "src/app.py": "",
            "src/airgap": "",
            "src/operator.md": "",
            "src/images/login.png": "",
            "src/agent/builder_config.json": "{}",
            "src/stack.lock": "",
            "src/base.lock": "",
            "src/model.lock": "",
            "src/source.lock": "",
        }
    )
    return runner


def specs(runner: RuleRunner, values: tuple[str, ...], kind: str) -> spec.FieldSpecs:
    owner = Address("src", target_name="demo")
    request = spec.FieldSpecsRequest(owner, "parts", values, kind)
    return runner.request(spec.FieldSpecs, [request])


def test_a_bundle_is_described_with_all_its_parts_and_their_files(runner: RuleRunner) -> None:
    made = specs(runner, (":demo",), "airgap_bundle")
    (value,) = made.values
    wheelhouse = {"kind": "wheelhouse", "name": "stack", "lock": "src/stack.lock"}
    wheelhouse["build_backends"] = "src/stack.lock"
    sources = [{"kind": "source", "name": "upstream", "lock": "src/source.lock"}]
    app = [["app.py", "src/app.py"]]
    assert value == {
        "kind": "bundle",
        "name": "demo",
        "image": {
            "kind": "image",
            "name": "image",
            "debian": {"kind": "debian", "name": "base", "lock": "src/base.lock"},
            "wheelhouses": [wheelhouse],
            "sources": sources,
            "files": app,
        },
        "models": [{"kind": "model", "name": "minilm", "lock": "src/model.lock"}],
        "wheelhouses": [wheelhouse],
        "pexes": [
            {
                "kind": "pex",
                "name": "pex",
                "wheelhouse": wheelhouse,
                "sources": sources,
                "files": app,
                "module": "app",
                "layout": "zipapp",
            }
        ],
        "agents": [
            {
                "kind": "agent",
                "name": "guide",
                "files": [["agent/builder_config.json", "src/agent/builder_config.json"]],
            }
        ],
        "program": [["airgap", "src/airgap"]],
        "guides": [
            ["images/login.png", "src/images/login.png"],
            ["operator.md", "src/operator.md"],
        ],
        "conf": {"LLM": "minilm"},
    }


def test_a_stack_for_gpus_says_what_it_needs(runner: RuleRunner) -> None:
    (value,) = specs(runner, (":gpu",), "wheelhouse").values
    assert (value["cuda"], value["driver"]) == ("12.8", "525")


def test_an_address_of_another_kind_is_refused_by_name(runner: RuleRunner) -> None:
    with pytest.raises(ExecutionError) as caught:
        specs(runner, (":minilm",), "wheelhouse")
    said = "takes targets of the kind `wheelhouse`, but src:minilm is a `model`"
    assert said in str(caught.value)


def test_an_unknown_stack_is_refused_by_name(runner: RuleRunner) -> None:
    with pytest.raises(ExecutionError) as caught:
        specs(runner, (":vllm-cqu",), "wheelhouse")
    assert "vllm-cqu" in str(caught.value)
    assert "the `parts` field of src:demo" in str(caught.value)


def test_a_missing_lock_is_refused_by_name(runner: RuleRunner) -> None:
    runner.write_files({"src/lost/BUILD": "model(name='lost')"})
    with pytest.raises(ExecutionError) as caught:
        specs(runner, ("src/lost:lost",), "model")
    assert "model.lock" in str(caught.value)


@pytest.mark.parametrize("target", target_types(), ids=lambda target: target.alias)
def test_help_teaches_each_target_and_field(target: type[Target]) -> None:
    described: tuple[type[Target | Field], ...] = (target, *target.core_fields)
    for one in described:
        assert len(one.help if isinstance(one.help, str) else one.help()) > 40, one.alias


def test_a_spec_is_the_same_string_each_time(runner: RuleRunner) -> None:
    first, second = (specs(runner, (":demo",), "airgap_bundle").items[0].json for _ in range(2))
    assert first == second == json.dumps(json.loads(first), sort_keys=True)


def model(runner: RuleRunner, *options: str) -> dict[str, Any]:
    runner.set_options(["--source-root-patterns=['/src']", "--no-python-infer-imports", *options])
    value: dict[str, Any]
    (value,) = specs(runner, (":minilm",), "model").values
    return value


def without_lock(runner: RuleRunner) -> None:
    os.unlink(os.path.join(runner.build_root, "src/model.lock"))
    runner.write_files({"src/model.toml": "name = 'minilm'"})


def test_a_model_with_a_lock_does_not_show_its_input(runner: RuleRunner) -> None:
    runner.write_files({"src/model.toml": "name = 'minilm'"})
    expected = {"kind": "model", "name": "minilm", "lock": "src/model.lock"}
    assert model(runner) == model(runner, "--airgap-locked") == expected


def test_a_model_without_a_lock_says_from_what_it_is_made(runner: RuleRunner) -> None:
    without_lock(runner)
    found = specs(runner, (":minilm",), "model")
    assert found.values == [
        {"kind": "model", "name": "minilm", "lock": "src/model.lock", "input": "src/model.toml"}
    ]
    (snapshot,) = (runner.request(Snapshot, [digest]) for digest in found.digests)
    assert snapshot.files == ("src/model.toml",)


def test_where_locks_are_asked_for_a_model_without_one_is_refused(runner: RuleRunner) -> None:
    without_lock(runner)
    with pytest.raises(ExecutionError, match=r"src:minilm has no lock.* commit src/model\.lock"):
        model(runner, "--airgap-locked")


def test_a_model_with_neither_lock_nor_input_is_refused(runner: RuleRunner) -> None:
    os.unlink(os.path.join(runner.build_root, "src/model.lock"))
    with pytest.raises(ExecutionError, match="has neither src/model.lock nor src/model.toml"):
        model(runner)


def test_a_folder_stands_in_for_a_model_whether_it_has_a_lock_or_not(runner: RuleRunner) -> None:
    option = '--airgap-replace-models={"minilm": "small"}'
    expected = {
        "kind": "model",
        "name": "minilm",
        "lock": "replaced/minilm.lock",
        "replaced_by": os.path.join(runner.build_root, "small"),
    }
    assert model(runner, option) == expected
    without_lock(runner)
    assert model(runner, option, "--airgap-locked") == expected


def test_a_folder_for_a_model_that_is_not_there_is_refused(runner: RuleRunner) -> None:
    with pytest.raises(ExecutionError, match="names minlm, but the models here are minilm"):
        model(runner, '--airgap-replace-models={"minlm": "/small"}')

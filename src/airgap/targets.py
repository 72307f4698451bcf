"""What a target is made of: from its specification to a tree of blobs.

The specification is the JSON value that the Pants plugin makes of a BUILD file's call; the files
that it names are read below `root`. Where something is not in the store yet, `Missing` is raised
with the steps that bring it, of all parts of the target at once.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from airgap import pex, wheelhouse
from airgap.bundle import Bundle, lay_out
from airgap.facts.model import check_architecture, model_facts
from airgap.facts.stack import StackFacts, find_facts, serves_models
from airgap.fetch import missing
from airgap.fetch.source import find_source
from airgap.image.build import ImageSpec, Stack, build_image, plan_layers
from airgap.image.oci import Image
from airgap.locks import debian, model, python, source
from airgap.locks.python import Wheel
from airgap.steps import (
    Missing,
    facts_step,
    gather,
    layer_step,
    lock_step,
    model_step,
    package_step,
    pex_step,
    source_step,
    wheel_steps,
)
from airgap.store import Blob, Store, hash_file
from airgap.tree import Entry, Tree, below

Spec = Mapping[str, Any]

MODEL_LOCK = "model.lock"
"""In a model's folder: the lock that it was made by."""


@dataclass(frozen=True)
class Workshop:
    """Where a target is made.

    Attributes:
        store: The store, which gets the repository's own files too.
        root: The folder below which the specs' files lie.
    """

    store: Store
    root: Path

    def text(self, path: str) -> str:
        return (self.root / path).read_text()

    def files(self, pairs: Iterable[tuple[str, str]]) -> dict[str, Blob]:
        """Put files of the repository into the store: path that they get -> blob."""
        return {path: self._enter(source) for path, source in pairs}

    def _enter(self, path: str) -> Blob:
        blob = hash_file(self.root / path)
        if not self.store.has(blob):
            with self.store.writer(blob, doing="reading", subject=path) as out:
                out.write((self.root / path).read_bytes())
        return blob


def target_tree(shop: Workshop, spec: Spec) -> Tree:
    """The target as a tree of blobs that are all in the store.

    Raises:
        Missing: Something has to be fetched or made first.
        AirgapError: A lock is damaged, or the parts do not fit together.
    """
    return _TREES[spec["kind"]](shop, spec)


def _wheels(shop: Workshop, spec: Spec) -> tuple[Wheel, ...]:
    """The wheels of a stack, all in the store."""
    wheels = python.parse(shop.text(spec["lock"]), spec["lock"])
    if lacking := missing(shop.store, wheels):
        backends = spec.get("build_backends")
        text = shop.text(backends) if backends else ""
        raise Missing(wheel_steps(lacking, python.parse(text, str(backends))))
    return wheels


def _wheelhouse(shop: Workshop, spec: Spec) -> Tree:
    return wheelhouse.wheelhouse(shop.store, _wheels(shop, spec))


def _packages(shop: Workshop, spec: Spec) -> tuple[debian.Package, ...]:
    packages = debian.parse(shop.text(spec["lock"]), spec["lock"])
    if lacking := missing(shop.store, packages):
        raise Missing([package_step(lacking)])
    return packages


def _model(shop: Workshop, spec: Spec) -> Tree:
    replaced_by = spec.get("replaced_by")
    if not (shop.root / spec["lock"]).exists():
        value = (
            {"folder": replaced_by}
            if replaced_by
            else {"input": shop.text(spec["input"]), "origin": spec["input"]}
        )
        raise Missing([lock_step(spec["name"], spec["lock"], value)])
    lock = model.parse(shop.text(spec["lock"]), spec["lock"])
    if lacking := missing(shop.store, lock.files):
        raise Missing([model_step(lock, lacking, replaced_by)])
    # The lock goes along: it says the licence, where the model is from and at which revision.
    files = shop.files([(MODEL_LOCK, spec["lock"])])
    return {path: Entry(blob) for path, blob in files.items()} | {
        file.path: Entry(file.blob) for file in lock.files
    }


def replaced_models(spec: Spec) -> list[str]:
    """The names of the models for which the command line names folders that stand in."""
    parts = [spec, *spec.get("models", ())]
    return sorted(part["name"] for part in parts if "replaced_by" in part)


def _source(shop: Workshop, spec: Spec) -> Tree:
    lock = source.parse(shop.text(spec["lock"]), spec["lock"])
    found = find_source(shop.store, lock)
    if found is None:
        raise Missing([source_step(lock)])
    return found


def _sources(shop: Workshop, spec: Spec) -> dict[str, Tree]:
    """The sources that an application takes along: folder beside its packages -> tree."""
    trees = gather(*(partial(_source, shop, part) for part in spec["sources"]))
    folders = (f"upstream/{part['name']}" for part in spec["sources"])
    return dict(zip(folders, trees, strict=True))


def _pex(shop: Workshop, spec: Spec, wheels_beside: str | None = None) -> Tree:
    wheels, sources = gather(
        partial(_wheels, shop, spec["wheelhouse"]), partial(_sources, shop, spec)
    )
    files = shop.files(spec["files"])
    for folder, tree in sources.items():
        files |= {path: entry.blob for path, entry in below(folder, tree).items()}
    plan = pex.PexSpec(
        name=spec["name"],
        entry_point=spec["module"],
        sources=files,
        wheels=wheels,
        layout=spec["layout"],
        wheels_beside=wheels_beside,
    )
    found = pex.find_pex(shop.store, plan)
    if found is None:
        raise Missing([pex_step(plan)])
    return found


def _image(shop: Workshop, spec: Spec) -> Image:
    packages, sources, *stacks = gather(
        partial(_packages, shop, spec["debian"]),
        partial(_sources, shop, spec),
        *(partial(_wheels, shop, stack) for stack in spec["wheelhouses"]),
    )
    plan = ImageSpec(
        repository=f"localhost/airgap/{spec['name']}",
        debs={package.name: package.blob for package in packages},
        stacks=[
            Stack(stack["name"], {wheel.filename: wheel.blob for wheel in wheels})
            for stack, wheels in zip(spec["wheelhouses"], stacks, strict=True)
        ],
        sources={
            folder: {path: entry.blob for path, entry in tree.items()}
            for folder, tree in sources.items()
        },
        app=shop.files(spec["files"]),
    )
    layers = plan_layers(plan)
    if lacking := [layer for layer in layers if shop.store.result(layer.recipe) is None]:
        raise Missing(map(layer_step, lacking))
    return build_image(shop.store, plan)


def _image_tree(shop: Workshop, spec: Spec) -> Tree:
    return {path: Entry(blob) for path, blob in _image(shop, spec).files.items()}


def _agent(shop: Workshop, spec: Spec) -> Tree:
    return {path: Entry(blob) for path, blob in shop.files(spec["files"]).items()}


def _bundle(shop: Workshop, spec: Spec) -> Tree:
    stacks = {stack["lock"]: stack["name"] for stack in spec["wheelhouses"]}

    def bundled_pex(part: Spec) -> Tree:
        stack = stacks.get(part["wheelhouse"]["lock"])
        return _pex(shop, part, f"../../wheelhouse/{stack}" if stack else None)

    parts: list[tuple[str, str, Callable[[], Tree]]] = [
        *(("models", part["name"], partial(_model, shop, part)) for part in spec["models"]),
        *(("agents", part["name"], partial(_agent, shop, part)) for part in spec["agents"]),
        *(
            ("wheelhouse", part["name"], partial(_wheelhouse, shop, part))
            for part in spec["wheelhouses"]
        ),
        *(("pex", _pex_name(part), partial(bundled_pex, part)) for part in spec["pexes"]),
    ]
    # The bundle names its image after itself, so that two bundles on one host stay apart.
    image_of_bundle = partial(_image, shop, {**spec["image"], "name": spec["name"]})
    stack_facts = partial(_stack_facts, shop, spec)
    image, server, *trees = gather(image_of_bundle, stack_facts, *(make for _, _, make in parts))
    replaced = replaced_models(spec)
    folders: dict[str, dict[str, Tree]] = {}
    for (folder, name, _), part in zip(parts, trees, strict=True):
        folders.setdefault(folder, {})[name] = part
    return lay_out(
        shop.store,
        Bundle(
            name=spec["name"],
            conf={
                **_facts(shop, spec, server, folders.get("models", {})),
                **spec["conf"],
                **({"REPLACED_MODELS": " ".join(replaced)} if replaced else {}),
                "IMAGE": image.reference,
                "IMAGE_ID": image.config_digest,
                "IMAGE_MANIFEST": image.manifest_digest,
            },
            program={path: Entry(blob) for path, blob in shop.files(spec["program"]).items()},
            image={path: Entry(blob) for path, blob in image.files.items()},
            folders=folders,
        ),
    )


def _server_stack(spec: Spec) -> Spec:
    """The wheelhouse of a bundle's model server; empty where it has none."""
    name = spec["conf"].get("SERVER_STACK")
    return next((stack for stack in spec["wheelhouses"] if stack["name"] == name), {})


def _stack_facts(shop: Workshop, spec: Spec) -> StackFacts | None:
    stack = _server_stack(spec)
    wheels = _wheels(shop, stack) if stack else ()
    if not serves_models(wheels):
        return None
    found = find_facts(shop.store, wheels)
    if found is None:
        raise Missing([facts_step(stack["name"], wheels)])
    return found


def _facts(
    shop: Workshop, spec: Spec, server: StackFacts | None, models: Mapping[str, Tree]
) -> dict[str, str]:
    """What `bundle.conf` says of the model server and its model, for checking a host."""
    facts = {}
    stack, name = _server_stack(spec), spec["conf"].get("LLM", "")
    if name in models:
        facts = model_facts(shop.store, models[name])
    if server is not None:
        facts |= {f"STACK_{key.upper()}": stack[key] for key in ("cuda", "driver") if key in stack}
        if server.capabilities:
            facts["STACK_CAPABILITIES"] = " ".join(server.capabilities)
        if name in models:
            check_architecture(shop.store, name, models[name], stack["name"], server)
    return facts


def _pex_name(spec: Spec) -> str:
    return f"{spec['name']}.pex" if spec["layout"] == "zipapp" else str(spec["name"])


_TREES: Mapping[str, Callable[[Workshop, Spec], Tree]] = {
    "wheelhouse": _wheelhouse,
    "model": _model,
    "source": _source,
    "pex": _pex,
    "image": _image_tree,
    "bundle": _bundle,
}

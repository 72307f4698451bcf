"""What a target is made of: from its specification to a tree of blobs.

The specification is the JSON value that the Pants plugin makes of a BUILD file's call; the files
that it names are read below `root`. Where something is not in the store yet, `Missing` is raised
with the steps that bring it, of all parts of the target at once.
"""

from collections.abc import Callable, Mapping
from functools import partial

from airgap import pex, wheelhouse
from airgap.bundle import Bundle, lay_out
from airgap.facts.model import check_architecture, model_facts
from airgap.facts.stack import StackFacts, find_facts, serves_models
from airgap.guides import guides
from airgap.image.build import ImageSpec, Stack, build_image, plan_layers
from airgap.image.oci import Image
from airgap.inputs import (
    Spec,
    Workshop,
    model_tree,
    packages_of,
    pex_name,
    source_tree,
    source_trees,
    wheels_of,
)
from airgap.sbom.assemble import bill_of, with_image
from airgap.sbom.papers import papers
from airgap.steps import Missing, facts_step, gather, layer_step, pex_step
from airgap.tree import Entry, Tree, below


def target_tree(shop: Workshop, spec: Spec) -> Tree:
    """The target as a tree of blobs that are all in the store.

    Raises:
        Missing: Something has to be fetched or made first.
        AirgapError: A lock is damaged, or the parts do not fit together.
    """
    return _TREES[spec["kind"]](shop, spec)


def _wheelhouse(shop: Workshop, spec: Spec) -> Tree:
    return wheelhouse.wheelhouse(shop.store, wheels_of(shop, spec))


def replaced_models(spec: Spec) -> list[str]:
    """The names of the models for which the command line names folders that stand in."""
    parts = [spec, *spec.get("models", ())]
    return sorted(part["name"] for part in parts if "replaced_by" in part)


def _pex(shop: Workshop, spec: Spec, wheels_beside: str | None = None) -> Tree:
    wheels, sources = gather(
        partial(wheels_of, shop, spec["wheelhouse"]), partial(source_trees, shop, spec)
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
        partial(packages_of, shop, spec["debian"]),
        partial(source_trees, shop, spec),
        *(partial(wheels_of, shop, stack) for stack in spec["wheelhouses"]),
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
        *(("models", part["name"], partial(model_tree, shop, part)) for part in spec["models"]),
        *(("agents", part["name"], partial(_agent, shop, part)) for part in spec["agents"]),
        *(
            ("wheelhouse", part["name"], partial(_wheelhouse, shop, part))
            for part in spec["wheelhouses"]
        ),
        *(("pex", pex_name(part), partial(bundled_pex, part)) for part in spec["pexes"]),
    ]
    # The bundle names its image after itself, so that two bundles on one host stay apart.
    image_of_bundle = partial(_image, shop, {**spec["image"], "name": spec["name"]})
    image, server, bill, *trees = gather(
        image_of_bundle,
        partial(_stack_facts, shop, spec),
        partial(bill_of, shop, spec),
        *(make for _, _, make in parts),
    )
    bill = with_image(bill, image.reference, image.manifest_digest)
    program = {path: Entry(blob) for path, blob in shop.files(spec["program"]).items()}
    texts = shop.files(spec["guides"])
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
            program=program | papers(shop.store, bill) | guides(shop.store, texts),
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
    wheels = wheels_of(shop, stack) if stack else ()
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


_TREES: Mapping[str, Callable[[Workshop, Spec], Tree]] = {
    "wheelhouse": _wheelhouse,
    "model": model_tree,
    "source": source_tree,
    "pex": _pex,
    "image": _image_tree,
    "bundle": _bundle,
}

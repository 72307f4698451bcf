"""The targets of which a bundle's bill of materials is written; `./pants help` shows them."""

from __future__ import annotations

from typing import Sequence

from pants.core.goals.package import OutputPathField
from pants.engine.fs import GlobMatchErrorBehavior
from pants.engine.target import (
    COMMON_TARGET_FIELDS,
    AsyncFieldMixin,
    DictStringToStringField,
    IntField,
    InvalidFieldException,
    MultipleSourcesField,
    SingleSourceField,
    SpecialCasedDependencies,
    StringField,
    Target,
)
from pants.util.strutil import help_text


class AddressField(StringField, AsyncFieldMixin):
    """Names one target."""


class LockField(SingleSourceField):
    alias = "lock"
    expected_file_extensions = (".lock",)
    required = True

    def validate_resolved_files(self, files: Sequence[str]) -> None:
        if not files:
            raise InvalidFieldException(
                f"The lock `{self.value}` of {self.address} does not exist. Make it with "
                f"`./pants run src/airgap:airgap -- lock {self.address.spec}` and commit it."
            )
        super().validate_resolved_files(files)


class WheelhouseLockField(LockField):
    help = help_text(
        """
        The stack's lock: a pip requirements file with one hash, file name and size a wheel.
        Made from the `.in` file beside it by `./pants run src/airgap:airgap -- lock <address>`.
        """
    )


class BuildBackendsField(AddressField):
    alias = "build_backends"
    default = "third_party/python:sdist-build"
    help = help_text(
        """
        Address of the `wheelhouse` with the build backends (setuptools, wheel) by which packages
        that exist only as source distributions are turned into wheels.
        """
    )


class CudaField(StringField):
    alias = "cuda"
    help = "Of a model server's stack for NVIDIA GPUs: the CUDA that its wheels bring, as `12.8`."


class DriverField(IntField):
    alias = "driver"
    help = help_text(
        """
        The oldest major version of NVIDIA's driver that runs this CUDA, by the rule that a driver
        for one minor version of CUDA runs all of its major version: 525 for CUDA 12, 580 for 13.
        """
    )


class Wheelhouse(Target):
    alias = "wheelhouse"
    core_fields = (
        *COMMON_TARGET_FIELDS,
        WheelhouseLockField,
        BuildBackendsField,
        CudaField,
        DriverField,
        OutputPathField,
    )
    help = help_text(
        """
        A stack: one locked set of wheels for one Python and platform.

        Packaged, it is a folder of wheels and a `requirements.txt` with hashes, for `pip install
        --no-deps --no-index --find-links DIR --require-hashes -r DIR/requirements.txt`.
        `--no-deps`, because a stack may leave out what a wheel asks for and nobody imports.
        A `hermetic_pex` and an `oci_image` are made from the same wheel files.
        """
    )


class DebianLockField(LockField):
    help = help_text(
        """
        The lock of Debian packages: name, version, pool path, size and sha256 of each.
        Made from the `.in` file beside it by `./pants run src/airgap:airgap -- lock <address>`.
        """
    )


class DebianPackages(Target):
    alias = "debian_packages"
    core_fields = (*COMMON_TARGET_FIELDS, DebianLockField)
    help = "A locked set of Debian packages, the base of an `oci_image`."


class ModelLockField(LockField):
    default = "model.lock"
    required = False
    # Where there is none, packaging makes it first.
    expected_num_files = range(0, 2)  # type: ignore[assignment]
    default_glob_match_error_behavior = GlobMatchErrorBehavior.ignore
    help = help_text(
        """
        The model's lock: path, size and sha256 of each file, where they come from, and the
        conversion that makes them, if there is one. Made from `model.toml` beside it by
        `./pants run src/airgap:airgap -- lock <address>`.

        Where there is none yet, `./pants package` makes it first, from `model.toml`, says so, and
        writes it when it ends; commit it. A lock that exists is never changed by building, and
        `[airgap] locked = true` refuses to make one.
        """
    )

    def validate_resolved_files(self, files: Sequence[str]) -> None:
        """A lock that is not there is made by `model_spec`."""


class Model(Target):
    alias = "model"
    core_fields = (*COMMON_TARGET_FIELDS, ModelLockField, OutputPathField)
    help = help_text(
        """
        A language or embedding model as a folder of verified files, with its licence, its card and
        the lock that says its origin and revision. Its name in a bundle is the target's name.

        `model.toml` says where it comes from: `modelscope = "owner/name"` and a `revision`, for
        ModelScope's hub or the mirror in MODELSCOPE_ENDPOINT, with the token in
        MODELSCOPE_API_TOKEN if it asks for one; `folder = true` for a folder of this machine, such
        as a model that was tuned here; or a `wheel` with a `recipe`. `./pants run
        src/airgap:airgap -- lock model ID_OR_FOLDER` writes all that is needed for one.

        The files of a model of the hub or of a folder are taken from the first of these that there
        is: a folder that the environment names (`AIRGAP_MODEL_<NAME>=/path`, the name in capitals);
        one that `~/.config/airgap/config.toml` names (`<name> = "/path"` below `[models]`); the
        hub, at the lock's commit. Whatever brought them, each is compared with the lock.

        Where none of the ways leads to it, `./pants package ::` leaves out what is made of it and
        says so; asked for by name, it fails.
        """
    )


class SourceLockField(LockField):
    default = "source.lock"
    required = False
    help = help_text(
        """
        The source's lock: its address and commit, the git tree id of each folder that is used and
        the git blob id of each file. Made from `source.toml` beside it by
        `./pants run src/airgap:airgap -- lock <address>`.
        """
    )


class GitSource(Target):
    alias = "git_source"
    core_fields = (*COMMON_TARGET_FIELDS, SourceLockField, OutputPathField)
    help = help_text(
        """
        Somebody's source at one commit, as files that an `oci_image` or a `hermetic_pex` takes
        along: at `upstream/<target's name>`, beside the packages of the apps.

        It is taken from the first of these that there is: a folder or tar that the environment
        names (`AIRGAP_SOURCE_<NAME>=/path`, the name that of the lock, in capitals); one that
        `~/.config/airgap/config.toml` names (`<name> = "/path"` below `[sources]`); git, by commit.
        Whatever brought it, each file's git blob id and each folder's git tree id is compared with
        the lock. Where a copy lacks files, those of the lock's filler, a wheel, stand in if their
        ids are the same.

        Where none of the ways leads to it, `./pants package ::` leaves out what is made of it and
        says so; asked for by name, it fails.
        """
    )


class SourcesField(SpecialCasedDependencies):
    alias = "sources"
    help = help_text(
        """
        Addresses of `git_source` targets that go in beside the apps, at `upstream/<name>`: in an
        image below `/opt/app`, with byte-code; in a PEX at its top.
        """
    )


class WheelhouseField(AddressField):
    alias = "wheelhouse"
    required = True
    help = "Address of the `wheelhouse` whose wheels the PEX holds, all of them and no others."


class AppsField(SpecialCasedDependencies):
    alias = "apps"
    help = help_text(
        """
        Addresses of the first-party code that goes in: `python_sources` and `resources`, with
        what they depend on. Third-party code comes from the wheelhouse alone.
        """
    )


class ModuleField(StringField):
    alias = "module"
    required = True
    help = "The module that the PEX runs, as `python -m` would: `vllm_server`."


class LayoutField(StringField):
    alias = "layout"
    default = "zipapp"
    valid_choices = ("zipapp", "packed")
    help = help_text(
        """
        `zipapp`: one file. `packed`: a folder that holds the wheels as they are; in a bundle that
        also has the wheelhouse they are links into it, so that no wheel is there twice.
        """
    )


class HermeticPex(Target):
    alias = "hermetic_pex"
    core_fields = (
        *COMMON_TARGET_FIELDS,
        WheelhouseField,
        AppsField,
        SourcesField,
        ModuleField,
        LayoutField,
        OutputPathField,
    )
    help = help_text(
        """
        An application as a PEX made from the very wheel files of a `wheelhouse`, for a host with
        CPython 3.11 and no network. The wheels are unpacked into a venv when it first runs.
        """
    )


class DebianField(AddressField):
    alias = "debian"
    default = "third_party/debian:base"
    help = "Address of the `debian_packages` that are the image's base layer."


class WheelhousesField(SpecialCasedDependencies):
    alias = "wheelhouses"
    help = help_text(
        """
        Addresses of `wheelhouse` targets. In an image each is installed into a prefix of its own,
        `/opt/<name>`; in a bundle each is a folder `wheelhouse/<name>`.
        """
    )


class OciImage(Target):
    alias = "oci_image"
    core_fields = (
        *COMMON_TARGET_FIELDS,
        DebianField,
        WheelhousesField,
        AppsField,
        SourcesField,
        OutputPathField,
    )
    help = help_text(
        """
        A container image whose layers are written straight from .deb and .whl files: no Docker,
        no root and no network are needed to build it, and the same locks give the same bytes.
        Apps are installed under `/opt/app`. Packaged, it is a folder that `docker load` takes as
        a tar stream and OCI tools read as a layout.
        """
    )


class AgentSourcesField(MultipleSourcesField):
    default = ("**/*", "!**/BUILD")
    help = "The agent's files: `builder_config.json` and the knowledge files that it names."


class ExportedAgent(Target):
    alias = "exported_agent"
    core_fields = (*COMMON_TARGET_FIELDS, AgentSourcesField)
    help = help_text(
        """
        An agent as AgentFabric writes it: a folder with `builder_config.json` and knowledge files.
        Its name in a bundle is the target's name.
        """
    )


class ImageField(AddressField):
    alias = "image"
    required = True
    help = "Address of the `oci_image` that the bundle's containers run."


class ModelsField(SpecialCasedDependencies):
    alias = "models"
    help = (
        "Addresses of `model` targets. They are mounted into the containers, not part of the image."
    )


class PexesField(SpecialCasedDependencies):
    alias = "pexes"
    help = "Addresses of `hermetic_pex` targets, for hosts that run without containers."


class AgentsField(SpecialCasedDependencies):
    alias = "agents"
    help = "Addresses of `exported_agent` targets that the bundle brings along."


class ProgramField(AddressField):
    alias = "program"
    default = "src/host"
    help = (
        "Address of the `files` that run on the intranet host: the program `airgap` and its texts."
    )


class GuidesField(AddressField):
    alias = "guides"
    default = "docs:guides"
    help = help_text(
        """
        Address of the `files` that become pages in the folder `guide`: Markdown and the pictures
        in it. `NAME.zh-CN.md` is the Chinese of `NAME.md`.
        """
    )


class ConfField(DictStringToStringField):
    alias = "conf"
    help = help_text(
        """
        What the program `airgap` is told of this bundle, as keys of `bundle.conf`: which of the
        models is served and which embeds, which agent is started, and the defaults of the settings
        that `airgap.conf` may change. `src/host/airgap.conf.example` explains them.
        """
    )


class AirgapBundle(Target):
    alias = "airgap_bundle"
    core_fields = (
        *COMMON_TARGET_FIELDS,
        ImageField,
        ModelsField,
        WheelhousesField,
        PexesField,
        AgentsField,
        ProgramField,
        GuidesField,
        ConfField,
    )
    help = help_text(
        """
        All that an intranet host needs, as one folder `dist/<name>`: the image, the models, the
        wheelhouses, the PEX files and the program `airgap` that checks, loads and serves them.
        `./pants run` on it builds the folder and serves it until Ctrl-C.
        """
    )

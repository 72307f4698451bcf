"""The bundle's components as CycloneDX 1.6 (ECMA-424), JSON: ``sbom.cdx.json``.

The same components give the same bytes: the document has no time, and its serial number is made of
the components.
"""

import hashlib
import uuid
from collections.abc import Sequence

from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component as CdxComponent
from cyclonedx.model.component import ComponentType
from cyclonedx.model.license import (
    DisjunctiveLicense,
    LicenseAcknowledgement,
    LicenseExpression,
)
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.spdx import is_supported_id
from packageurl import PackageURL

from airgap.sbom.component import Component
from airgap.sbom.license import License, spdx

_DECLARED = LicenseAcknowledgement.DECLARED


def render(bundle: str, image: str, components: Sequence[Component]) -> bytes:
    """The document.

    Args:
        bundle: Its name.
        image: The image's name and the digest of its manifest: ``localhost/…@sha256:<hex>``.
    """
    bom = Bom(serial_number=_serial_number(bundle, image, components))
    # The library's own is the time of the build.
    bom.metadata.timestamp = None  # type: ignore[assignment]
    root = CdxComponent(
        type=ComponentType.APPLICATION,
        name=bundle,
        bom_ref="bundle",
        properties=[_property("image", image)],
    )
    bom.metadata.component = root
    for component in components:
        bom.components.add(_component(component))
    bom.register_dependency(root, bom.components)
    return f"{JsonV1Dot6(bom).output_as_string(indent=1)}\n".encode()


def _serial_number(bundle: str, image: str, components: Sequence[Component]) -> uuid.UUID:
    made_of = repr((bundle, image, components)).encode()
    # As version 4: 122 bits without a meaning.
    return uuid.UUID(bytes=hashlib.sha256(made_of).digest()[:16], version=4)


def _component(component: Component) -> CdxComponent:
    return CdxComponent(
        type=ComponentType(component.kind),
        name=component.name,
        version=component.version or None,
        bom_ref=_reference(component),
        purl=PackageURL.from_string(component.purl) if component.purl else None,
        hashes=[_sha256(component.sha256)] if component.sha256 else [],
        licenses=_licenses(component.license),
        properties=[
            *(_property("in", place) for place in component.places),
            *(_property(name, value) for name, value in component.notes),
        ],
        external_references=[
            ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(component.link))
        ]
        if component.link
        else [],
        components=[
            *map(_component, component.parts),
            *(_file(component, path, sha256) for path, sha256 in component.files),
        ],
    )


def _file(component: Component, path: str, sha256: str) -> CdxComponent:
    return CdxComponent(
        type=ComponentType.FILE,
        name=path,
        bom_ref=f"{_reference(component)}#{path}",
        hashes=[_sha256(sha256)],
    )


def _reference(component: Component) -> str:
    """Two components may have one package URL, but not these together."""
    what = component.purl or f"{component.kind}:{component.name}"
    inside = [value for name, value in component.notes if name == "inside"]
    return "#".join(filter(None, [what, component.sha256[:12], *inside]))


def _licenses(license: License) -> list[DisjunctiveLicense | LicenseExpression]:
    if len(license.terms) == 1 and spdx(license.terms[0]) and not is_supported_id(license.terms[0]):
        return [LicenseExpression(license.terms[0], acknowledgement=_DECLARED)]
    # The format has one expression or several licences, and not several expressions.
    return [
        DisjunctiveLicense(id=term, acknowledgement=_DECLARED)
        if is_supported_id(term)
        else DisjunctiveLicense(name=term, acknowledgement=_DECLARED)
        for term in license.terms
    ]


def _sha256(value: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=value)


def _property(name: str, value: str) -> Property:
    return Property(name=f"airgap:{name}", value=value)

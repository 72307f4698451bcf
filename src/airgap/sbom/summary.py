"""The licences of a bundle for people to read: ``LICENSES.txt``."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from airgap.sbom.component import Component
from airgap.sbom.license import Standing

_NOTHING = "(nothing stated)"

_HEADING = """\
Licences of what is in the bundle {bundle}
交付包 {bundle} 所含内容的许可证

Each licence is what the part says of itself: a wheel in its METADATA, a Debian package in its
copyright file (which speaks of the whole source package), a model in its card. Wheels with compiled
code may hold libraries of others that only their licence files name. The same facts for programs,
with hashes: sbom.cdx.json (CycloneDX 1.6).
"""


def render(bundle: str, components: Sequence[Component]) -> bytes:
    """The text: what a person has to look at, then counts by licence, then every component."""
    every = sorted(_all(components), key=lambda one: (one.name.lower(), one.version, one.places))
    closed = [one for one in every if one.license.standing is Standing.CLOSED]
    unknown = [one for one in every if one.license.standing is Standing.UNKNOWN]
    # Of several licences for several files of a component, each counts.
    counts = Counter(term for one in every for term in one.license.terms or (_NOTHING,))
    by_count = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    sections = (
        ("Not open source: read these licences first", "非开源许可证，请先阅读", _lines(closed)),
        (
            "Unknown, or not clearly stated: read these too",
            "许可证未知或声明不明确，也请阅读",
            _lines(unknown),
        ),
        (
            f"By licence ({len(every)} components)",
            "按许可证统计",
            (f"{count:6}  {term}" for term, count in by_count),
        ),
        ("Every component", "全部组件", _lines(every)),
    )
    parts = [_HEADING.format(bundle=bundle)]
    for english, chinese, lines in sections:
        text = "\n".join(lines) or "  none  无"
        parts.append(f"\n{english}  {chinese}\n\n{text}\n")
    return "".join(parts).encode()


def _all(components: Iterable[Component]) -> Iterator[Component]:
    for component in components:
        yield component
        yield from component.parts


def _lines(components: Iterable[Component]) -> Iterator[str]:
    for one in components:
        inside = [f"in {value.split()[0]}" for name, value in one.notes if name == "inside"]
        where = ", ".join(inside or one.places)
        name = " ".join(filter(None, [one.name, one.version]))
        yield f"  {name}: {_words(one)}  [{where}]"


def _words(component: Component) -> str:
    return "; ".join(component.license.terms) or _NOTHING

"""The two files that tell what a bundle is made of, kept in the store."""

from airgap.sbom.bill import Bill
from airgap.store import Blob, Store
from airgap.tree import Entry, Tree

SBOM = "sbom.cdx.json"
SUMMARY = "LICENSES.txt"


def papers(store: Store, bill: Bill) -> Tree:
    """Both files; written, in about half a second, where the bill is another than before."""
    recipe = bill.recipe
    outputs = store.result(recipe)
    if outputs is None:
        # Imported here because a build in which nothing changed has no use for them.
        from airgap.sbom import document, summary
        from airgap.sbom.component import components_of

        components = components_of(store, bill)
        outputs = {
            SBOM: _write(store, SBOM, document.render(bill.bundle, bill.image, components)),
            SUMMARY: _write(store, SUMMARY, summary.render(bill.bundle, components)),
        }
        store.record(recipe, outputs)
    return {path: Entry(blob) for path, blob in outputs.items()}


def _write(store: Store, name: str, data: bytes) -> Blob:
    with store.writer(doing="writing", subject=name) as out:
        out.write(data)
    return out.blob

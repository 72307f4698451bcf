# pytest finds a fixture in the conftest.py files above a test only; these are of other tests.
from tests.airgap.fetch.conftest import index, make_wheel, site
from tests.airgap.models.conftest import add_wheel, write_gguf

__all__ = ["add_wheel", "index", "make_wheel", "site", "write_gguf"]

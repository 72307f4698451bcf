# pytest finds a fixture in the conftest.py files above a test only; these are the fetch tests'.
from tests.airgap.fetch.conftest import index, make_wheel, site, store

__all__ = ["index", "make_wheel", "site", "store"]

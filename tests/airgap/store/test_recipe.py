from airgap.store import Recipe


def test_a_recipes_key_changes_with_each_of_its_parts() -> None:
    keys = {
        Recipe("a", 1, {"x": 1}).key,
        Recipe("b", 1, {"x": 1}).key,
        Recipe("a", 2, {"x": 1}).key,
        Recipe("a", 1, {"x": 2}).key,
    }
    assert len(keys) == 4

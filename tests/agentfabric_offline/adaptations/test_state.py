"""Upstream's files are where the operator wants them, whatever the folder is called."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentfabric_offline.adaptations import state
from agentfabric_offline.errors import UnexpectedShape

CONSTANTS = (
    "DEFAULT_AGENT_DIR",
    "DEFAULT_BUILDER_CONFIG_DIR",
    "DEFAULT_BUILDER_CONFIG_FILE",
    "DEFAULT_OPENAPI_PLUGIN_CONFIG_FILE",
    "DEFAULT_UUID_HISTORY",
)


def upstream(state_dir: Path) -> Any:
    config_utils = SimpleNamespace(
        **dict.fromkeys(CONSTANTS, "/tmp/agentfabric"),
        get_user_cfg_file=lambda uuid_str="": "",
        get_user_openapi_plugin_cfg_file=lambda uuid_str="": "",
    )
    return SimpleNamespace(
        settings=SimpleNamespace(state_dir=state_dir),
        module={"config_utils": config_utils}.__getitem__,
        config_utils=config_utils,
    )


def test_all_that_people_make_is_in_the_state_folder(tmp_path: Path) -> None:
    served = upstream(tmp_path)
    state.keep_state_in_the_state_folder(served)
    for name in CONSTANTS:
        assert Path(getattr(served.config_utils, name)).is_relative_to(tmp_path)


@pytest.mark.parametrize("folder", ["state", "user/state", "config/state", "home/user/config"])
def test_a_user_s_files_are_found_whatever_the_folder_is_called(
    tmp_path: Path, folder: str
) -> None:
    served = upstream(tmp_path / folder)
    state.keep_state_in_the_state_folder(served)
    state.name_files_of_users_literally(served)
    own = tmp_path / folder / "config" / "local_user"
    config_utils = served.config_utils
    assert config_utils.get_user_cfg_file("local_user") == str(own / "builder_config.json")
    assert config_utils.get_user_cfg_file(uuid_str="local_user") == str(own / "builder_config.json")
    assert config_utils.get_user_openapi_plugin_cfg_file("local_user") == str(
        own / "openapi_plugin_config.json"
    )


def test_a_constant_that_is_gone_stops_the_start(tmp_path: Path) -> None:
    served = upstream(tmp_path)
    del served.config_utils.DEFAULT_UUID_HISTORY
    with pytest.raises(UnexpectedShape, match="DEFAULT_UUID_HISTORY"):
        state.keep_state_in_the_state_folder(served)


def test_what_upstream_reads_relatively_can_be_written(tmp_path: Path) -> None:
    app = tmp_path / "source" / "apps" / "agentfabric"
    (tmp_path / "scratch").mkdir()
    for name in ("config", "assets"):
        (app / name).mkdir(parents=True)
        (app / name / "file.json").write_text(json.dumps(name))
        (app / name / "file.json").chmod(0o444)
    served: Any = SimpleNamespace(source=tmp_path / "source", scratch=tmp_path / "scratch")
    state.copy_what_is_read_relatively(served)
    for name in ("config", "assets"):
        copy = tmp_path / "scratch" / name / "file.json"
        assert json.loads(copy.read_text()) == name
        assert copy.stat().st_mode & 0o200


def test_a_source_without_its_folders_stops_the_start(tmp_path: Path) -> None:
    served: Any = SimpleNamespace(source=tmp_path, scratch=tmp_path)
    with pytest.raises(UnexpectedShape, match="config"):
        state.copy_what_is_read_relatively(served)

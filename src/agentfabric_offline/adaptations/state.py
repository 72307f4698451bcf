"""Where upstream reads and writes files."""

import os
import shutil
from collections.abc import Callable

from agentfabric_offline.errors import UnexpectedShape
from agentfabric_offline.upstream import Upstream, expect


def copy_what_is_read_relatively(upstream: Upstream) -> None:
    """Copy upstream's `config` and `assets` (1 MB) to the working folder.

    Upstream opens `./config/….json`, `./config/….png` and `assets/….css`, so it would have to be
    started in its own folder, which cannot be written and which gradio would serve as files.
    """
    app = upstream.source / "apps" / "agentfabric"
    for name in ("config", "assets"):
        if not (app / name).is_dir():
            raise UnexpectedShape(str(app), f"a folder `{name}`", "none")
        # Without the modes of the originals, which may be read-only.
        shutil.copytree(app / name, upstream.scratch / name, copy_function=shutil.copyfile)
        (upstream.scratch / name).chmod(0o700)


def keep_state_in_the_state_folder(upstream: Upstream) -> None:
    """Move what upstream keeps in `/tmp/agentfabric` into the state folder.

    The folder is a constant of `config_utils`, and four more are derived from it at import.
    """
    config_utils = upstream.module("config_utils")
    state = str(upstream.settings.state_dir)
    config = os.path.join(state, "config")
    for name, value in {
        "DEFAULT_AGENT_DIR": state,
        "DEFAULT_BUILDER_CONFIG_DIR": config,
        "DEFAULT_BUILDER_CONFIG_FILE": os.path.join(config, "builder_config.json"),
        "DEFAULT_OPENAPI_PLUGIN_CONFIG_FILE": os.path.join(config, "openapi_plugin_config.json"),
        "DEFAULT_UUID_HISTORY": os.path.join(state, "history"),
    }.items():
        expect(config_utils, name)
        setattr(config_utils, name, value)


def name_files_of_users_literally(upstream: Upstream) -> None:
    """Name the files of a user by joining folders.

    Upstream replaces the texts `config/` and `user` wherever they stand in the path, so a state
    folder in `/home/user/config/` would become another one.
    """
    config_utils = upstream.module("config_utils")
    for function, constant in {
        "get_user_cfg_file": "DEFAULT_BUILDER_CONFIG_FILE",
        "get_user_openapi_plugin_cfg_file": "DEFAULT_OPENAPI_PLUGIN_CONFIG_FILE",
    }.items():
        expect(config_utils, function, "uuid_str")
        folder, name = os.path.split(expect(config_utils, constant))
        setattr(config_utils, function, _file_of_a_user(folder, name))


def _file_of_a_user(folder: str, name: str) -> Callable[[str], str]:
    def file_of_a_user(uuid_str: str = "") -> str:
        return os.path.join(folder, uuid_str or "user", name)

    return file_of_a_user

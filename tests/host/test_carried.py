"""Agents from AgentFabric's page are carried to another host in a folder."""

import json
import os
import shutil
from pathlib import Path

from tests.host.bundle import AGENT, Bundle, configure


def test_an_agent_is_carried_to_another_host(builder: Bundle, tmp_path: Path) -> None:
    source = configure(builder)
    (source / "openapi_plugin_config.json").write_text('{"auth": {"apikey": "k"}}')
    folder = tmp_path / "my agent 智能体"
    done = builder.run("export", f"{folder}/")
    assert done.returncode == 0, done.stderr
    assert "key" in done.stdout
    assert sorted(os.listdir(folder)) == [
        "builder_config.json",
        "face.png",
        "openapi_plugin_config.json",
        "菜谱 1.txt",
    ]
    exported = json.loads((folder / "builder_config.json").read_text())
    assert exported == {**AGENT, "knowledge": ["菜谱 1.txt"]}
    assert "is there already" in builder.fails("export", str(folder))

    shutil.rmtree(builder.state)
    assert builder.run("import", str(folder), "--to", "bob").returncode == 0
    target = builder.state / "agentfabric/config/bob"
    assert sorted(os.listdir(target)) == sorted(os.listdir(folder))
    assert os.listdir(target.parent) == ["bob"]
    config = json.loads((target / "builder_config.json").read_text())
    assert config == {**AGENT, "knowledge": ["/state/config/bob/菜谱 1.txt"]}
    assert (target / "菜谱 1.txt").read_text() == (folder / "菜谱 1.txt").read_text()
    assert builder.run("publish", "--from", "bob").returncode == 0


def test_a_published_agent_can_be_exported(builder: Bundle, tmp_path: Path) -> None:
    configure(builder)
    builder.run("publish", "cook")
    shutil.rmtree(builder.state / "agentfabric/config")
    assert builder.run("export", str(tmp_path / "a"), "--published", "cook").returncode == 0
    assert (tmp_path / "a" / "菜谱 1.txt").is_file()
    assert "no published agent other" in builder.fails(
        "export", str(tmp_path / "b"), "--published", "other"
    )
    assert os.listdir(tmp_path / "a") and not (tmp_path / "b").exists()


def test_an_import_replaces_nothing_unasked(builder: Bundle, tmp_path: Path) -> None:
    target = configure(builder)
    builder.run("export", str(tmp_path / "a"))
    configure(builder, instruction="Later work.")
    (target / "openapi_plugin_config.json").write_text("{}")
    before = (target / "builder_config.json").read_text()
    assert "has an agent already" in builder.fails("import", str(tmp_path / "a"))
    assert (target / "builder_config.json").read_text() == before
    assert builder.run("import", str(tmp_path / "a"), "--replace").returncode == 0
    assert "Later work" not in (target / "builder_config.json").read_text()
    assert not (target / "openapi_plugin_config.json").exists()


def test_an_import_takes_only_what_the_agent_names(builder: Bundle, tmp_path: Path) -> None:
    configure(builder)
    folder = tmp_path / "a"
    builder.run("export", str(folder))
    (folder / "other.txt").write_text("")
    (folder / "sub").mkdir()
    (folder / "sub" / "菜谱 1.txt").write_text("not this one")
    assert builder.run("import", str(folder), "--to", "bob").returncode == 0
    target = builder.state / "agentfabric/config/bob"
    assert sorted(os.listdir(target)) == ["builder_config.json", "face.png", "菜谱 1.txt"]
    assert "thyme" in (target / "菜谱 1.txt").read_text()
    (folder / "菜谱 1.txt").unlink()
    assert "is missing" in builder.fails("import", str(folder), "--to", "eve")
    assert "holds no readable builder_config.json" in builder.fails("import", str(tmp_path))


def test_an_exported_name_is_what_any_tar_reads(builder: Bundle, tmp_path: Path) -> None:
    long = "很" * 60 + ".txt"
    folder = configure(builder, knowledge=[f"/state/config/local_user/{long}"])
    (folder / long).write_text("long")
    assert builder.run("export", str(tmp_path / "a")).returncode == 0
    assert (tmp_path / "a" / long).read_text() == "long"
    assert builder.run("import", str(tmp_path / "a"), "--to", "bob").returncode == 0

import base64
from pathlib import Path

from agentfabric_offline.kernels import (
    OUTPUT_CHARACTERS,
    OUTPUT_IMAGES,
    Output,
    environment,
)


def stream(text: str) -> tuple[str, dict[str, object]]:
    return "stream", {"name": "stdout", "text": text}


def plot(content: bytes) -> tuple[str, dict[str, object]]:
    data = {"image/png": base64.b64encode(content).decode(), "text/plain": "<Figure>"}
    return "display_data", {"data": data}


def test_output_is_put_together_as_it_came(tmp_path: Path) -> None:
    output = Output(tmp_path)
    output.take(*stream("a"))
    output.take(*stream("b\n"))
    output.take("execute_result", {"data": {"text/plain": "42"}})

    assert str(output) == "ab\n\n42"


def test_long_output_keeps_its_beginning_and_end_and_says_so(tmp_path: Path) -> None:
    output = Output(tmp_path)
    output.take(*stream("begin"))
    for _ in range(100):
        output.take(*stream("x" * 1000))
    output.take(*stream("end"))

    text = str(output)
    assert text.startswith("beginx")
    assert text.endswith("xend")
    assert f"[… {100_008 - OUTPUT_CHARACTERS} characters left out …]" in text
    assert len(text) < OUTPUT_CHARACTERS + 100


def test_a_plot_becomes_a_file_that_markdown_names(tmp_path: Path) -> None:
    output = Output(tmp_path)
    output.take(*plot(b"png"))

    (file,) = tmp_path.iterdir()
    assert str(output) == f"![IMAGEGEN]({file})"
    assert file.suffix == ".png"
    assert file.read_bytes() == b"png"


def test_a_flood_of_plots_is_cut(tmp_path: Path) -> None:
    output = Output(tmp_path)
    for _ in range(OUTPUT_IMAGES + 3):
        output.take(*plot(b"png"))

    assert len(list(tmp_path.iterdir())) == OUTPUT_IMAGES
    assert "3 images left out" in str(output)


def test_an_error_has_no_colours(tmp_path: Path) -> None:
    output = Output(tmp_path)
    output.take("error", {"traceback": ["\x1b[0;31mValueError\x1b[0m: no"]})

    assert str(output) == "ValueError: no"


def test_a_kernel_knows_neither_the_key_nor_the_password_file(tmp_path: Path) -> None:
    of_the_page = {
        "PATH": "/bin",
        "LLM_API_KEY": "secret",
        "LLM_API_KEY_FILE": "/run/key",
        "PASSWORD_FILE": "/run/passwords",
        "STATE_DIR": "/state",
        "HOME": "/nonexistent",
    }

    found = environment(of_the_page, ["/app", "/wheels"], tmp_path)

    assert found["PATH"] == "/bin"
    assert found["PYTHONPATH"] == "/app:/wheels"
    assert not {"LLM_API_KEY", "LLM_API_KEY_FILE", "PASSWORD_FILE", "STATE_DIR"} & set(found)


def test_a_kernel_writes_its_own_files_below_its_scratch(tmp_path: Path) -> None:
    found = environment({"HOME": "/read-only"}, [], tmp_path)

    for name in ("HOME", "TMPDIR", "MPLCONFIGDIR", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
        assert found[name] == str(tmp_path)

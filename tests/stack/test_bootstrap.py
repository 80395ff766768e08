"""The installer of `.venv`: pip's settings, the package index, plain sentences when something is missing."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from stack import bootstrap
from stack.bootstrap import BootstrapError, PackageIndex

WHEEL = b"not really a wheel"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PackageIndex]:
    """A package index on this machine that offers some releases of `uv` and `pip`."""
    (tmp_path / "uv").mkdir()
    (tmp_path / "pip").mkdir()
    digest = hashlib.sha256(WHEEL).hexdigest()
    system, machine = bootstrap.wheel_platform()
    ours = f"{system}_2_17_{machine}"
    links = [
        f'<a href="../files/uv-0.9.0-py3-none-{ours}.whl#sha256={digest}">a</a>',
        f'<a href="../files/uv-0.10.1-py3-none-{ours}.whl#sha256={digest}">b</a>',
        f'<a href="../files/uv-0.11.0-py3-none-{ours}.whl#sha256={digest}" data-yanked="broken">c</a>',
        f'<a href="../files/uv-0.12.0rc1-py3-none-{ours}.whl#sha256={digest}">d</a>',
        f'<a href="../files/uv-0.13.0-py3-none-win_amd64.whl#sha256={digest}">e</a>',
        f'<a href="../files/uv-0.14.0-py3-none-{ours}.whl">without a checksum</a>',
    ]
    (tmp_path / "uv" / "index.html").write_text("\n".join(links))
    (tmp_path / "pip" / "index.html").write_text(
        f'<a href="../files/pip-25.0-py3-none-any.whl#sha256={"0" * 64}">p</a>'
    )
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / f"uv-0.10.1-py3-none-{ours}.whl").write_bytes(WHEEL)
    (tmp_path / "files" / "pip-25.0-py3-none-any.whl").write_bytes(WHEEL)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield PackageIndex(f"http://127.0.0.1:{server.server_port}/", (), (), None)
    server.shutdown()
    server.server_close()


def test_the_newest_final_release_for_this_machine_is_chosen(index: PackageIndex) -> None:
    wheel = bootstrap.newest_wheel(index, index.url or "", "uv")
    assert wheel is not None
    assert wheel.version == (0, 10, 1)
    assert bootstrap.download(index, wheel) == WHEEL


def test_a_wheel_with_another_checksum_is_refused(index: PackageIndex) -> None:
    wheel = bootstrap.newest_wheel(index, index.url or "", "pip")
    assert wheel is not None
    with pytest.raises(BootstrapError, match="checksum"):
        bootstrap.download(index, wheel)


def test_an_index_out_of_reach_is_told_in_a_sentence() -> None:
    nowhere = PackageIndex("http://127.0.0.1:9/", (), (), None)
    with pytest.raises(BootstrapError, match=r"package index can't be reached.*PIP_INDEX_URL"):
        bootstrap.newest_wheel(nowhere, "http://127.0.0.1:9/", "uv")


def test_pip_settings_come_from_its_files_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://one.example/simple\ncert = /ca.pem\nfind-links = /a\n  /b\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    for name in ("PIP_INDEX_URL", "PIP_CERT", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    index = bootstrap.package_index()
    assert index.url == "https://one.example/simple/"
    assert index.certificate == "/ca.pem"
    assert index.find_links == ("/a", "/b")
    monkeypatch.setenv("PIP_INDEX_URL", "https://two.example/simple/")
    assert bootstrap.package_index().url == "https://two.example/simple/"


def test_without_an_index_in_pips_settings_pip_fetches_uv_from_its_own_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    calls: list[tuple[list[str], tuple[str, ...]]] = []
    monkeypatch.setattr(
        bootstrap, "install", lambda command, environment, *asked: calls.append((command, asked))
    )
    nothing_set = PackageIndex(None, (), (), None)
    assert bootstrap.installer_by_pip(nothing_set, tmp_path) == [str(tmp_path / "bin" / "uv"), "pip"]
    assert calls == [([sys.executable, "-m", "pip"], ("--target", str(tmp_path), "uv"))]
    assert "UV_DEFAULT_INDEX" not in bootstrap.installer_environment(nothing_set)


def test_a_python_without_pip_runs_the_pip_in_one_file(
    index: PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.pyz").write_bytes(b"pip in one file")
    monkeypatch.setattr(bootstrap, "PIP_IN_ONE_FILE", f"{index.url}pip.pyz")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    commands: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "install", lambda command, environment, *asked: commands.append(command))
    tools = tmp_path / "tools"
    tools.mkdir()
    bootstrap.installer_by_pip(PackageIndex(None, (), (), None), tools)
    assert commands == [[sys.executable, str(tools / "pip.pyz")]]
    assert (tools / "pip.pyz").read_bytes() == b"pip in one file"


def test_uv_gets_pip_settings_under_its_own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    index = PackageIndex(
        "https://one.example/simple/", ("https://two.example/simple",), ("/a", "/b"), "/ca.pem"
    )
    environment = bootstrap.installer_environment(index)
    assert environment["UV_DEFAULT_INDEX"] == "https://one.example/simple/"
    assert environment["UV_INDEX"] == "https://two.example/simple"
    assert environment["UV_FIND_LINKS"] == "/a,/b"
    assert environment["SSL_CERT_FILE"] == "/ca.pem"


def test_a_full_disk_is_told_before_anything_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10**9})())
    with pytest.raises(BootstrapError, match=r"0\.9 GB free, 2 GB are needed"):
        bootstrap.check_machine()


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_a_python_out_of_range_is_told(version: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.version_info", version)
    with pytest.raises(BootstrapError, match=r"Python 3\.11, 3\.12 or 3\.13 is needed"):
        bootstrap.check_machine()

"""Makes `.venv` with every pinned package, on a machine that has nothing but a Python.

Standard library only, so that any Python 3.11 to 3.13 can run it: `python3 stack/bootstrap.py`.
It needs neither `ensurepip` nor `pip` (Debian ships Python without them). Where pip's settings name a package
index, the installer, uv or else pip, is one wheel from there, checked against the index's SHA-256. Where they
name none, pip itself fetches uv from the index that is its default; a Python without pip runs the one-file
pip that its makers publish. A second run with unchanged requirements does nothing.
"""

from __future__ import annotations

import configparser
import hashlib
import importlib.util
import io
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urldefrag, urljoin

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed.sha256"
REQUIREMENTS = ROOT / "requirements.txt"
NEEDED_BYTES = 2 * 1024**3
PIP_IN_ONE_FILE = "https://bootstrap.pypa.io/pip/pip.pyz"
"""Pip's installation guide, "Standalone zip application"."""


class BootstrapError(Exception):
    """Something that the person at the keyboard can put right; the text says how."""


class PackageIndex(NamedTuple):
    """Where packages come from, as pip's environment variables and configuration files say."""

    url: str | None
    """None: the installer's own default."""
    extra_urls: tuple[str, ...]
    find_links: tuple[str, ...]
    certificate: str | None


class Wheel(NamedTuple):
    version: tuple[int, ...]
    url: str
    sha256: str


def say(text: str) -> None:
    print(f"[setup] {text}", flush=True)


def check_machine() -> None:
    """Raises BootstrapError when this Python or this disk can't carry the stack."""
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        raise BootstrapError(
            f"Python 3.11, 3.12 or 3.13 is needed, this is {platform.python_version()} ({sys.executable}). "
            "Install one and run make again, or name it: make PYTHON=/path/to/python3.12"
        )
    if sys.platform == "win32":
        raise BootstrapError("Apache Airflow does not run on Windows: use WSL 2, Linux or macOS.")
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES:
        raise BootstrapError(
            f"{ROOT} has {free / 1024**3:.1f} GB free, 2 GB are needed. Free some space and run make again."
        )


def wanted_state() -> str:
    """What `.venv` must have been built from to be used as it is."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for path in (REQUIREMENTS, ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_current(state: str) -> bool:
    return (VENV / "bin" / "python").exists() and STAMP.exists() and STAMP.read_text() == state


def make_environment() -> None:
    """An empty `.venv`, or the present one where it has this Python: then packages are brought up to date."""
    config = VENV / "pyvenv.cfg"
    if (
        VENV / "bin" / "python"
    ).exists() and f"version = {platform.python_version()}\n" in config.read_text():
        return
    say(f"making {VENV} with Python {platform.python_version()}")
    try:
        venv.EnvBuilder(symlinks=True, clear=True, with_pip=False).create(VENV)
    except OSError as error:
        raise BootstrapError(f"{VENV} can't be made: {error}.") from error


def pip_settings() -> dict[str, str]:
    """pip's own settings: the configuration files in its order, then the environment."""
    home = Path.home()
    files = [
        Path("/etc/pip.conf"),
        home / ".pip" / "pip.conf",
        Path(os.environ.get("XDG_CONFIG_HOME", home / ".config")) / "pip" / "pip.conf",
        Path(os.environ.get("PIP_CONFIG_FILE", os.devnull)),
    ]
    parser = configparser.RawConfigParser()
    parser.read(files)
    settings: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            settings.update(parser.items(section))
    for name in ("index-url", "extra-index-url", "find-links", "cert"):
        value = os.environ.get("PIP_" + name.upper().replace("-", "_"))
        if value:
            settings[name] = value
    return settings


def package_index() -> PackageIndex:
    settings = pip_settings()
    url = settings.get("index-url")
    return PackageIndex(
        url=url.rstrip("/") + "/" if url else None,
        extra_urls=tuple(settings.get("extra-index-url", "").split()),
        find_links=tuple(settings.get("find-links", "").split()),
        certificate=settings.get("cert"),
    )


class _Links(HTMLParser):
    """The links of one project's page in a package index (PEP 503)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "a" and "data-yanked" not in attributes and attributes.get("href"):
            self.found.append(attributes["href"] or "")


def fetch(index: PackageIndex, url: str) -> bytes:
    context = ssl.create_default_context(cafile=index.certificate)
    request = urllib.request.Request(url, headers={"Accept": "text/html", "User-Agent": "cin7-nav-setup"})
    try:
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:
            body: bytes = answer.read()
            return body
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise BootstrapError(
            f"The package index can't be reached: {url.split('?')[0]} ({reason}). Check the network, or name "
            "another index with PIP_INDEX_URL (and its certificate with PIP_CERT)."
        ) from error


def wheel_platform() -> tuple[str, str]:
    """Two texts that the name of a binary wheel for this machine contains."""
    machine = platform.machine().lower()
    if sys.platform == "darwin":
        return "macosx", machine
    return ("manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"), machine


def newest_wheel(index: PackageIndex, url: str, project: str) -> Wheel | None:
    """The newest final release of `project` below `url` that has a wheel for this machine, or None."""
    page = urljoin(url, project + "/")
    links = _Links()
    links.feed(fetch(index, page).decode())
    system, machine = wheel_platform()
    wheels: list[Wheel] = []
    for link in links.found:
        url, fragment = urldefrag(urljoin(page, link))
        name = url.rsplit("/", 1)[-1]
        match = re.fullmatch(rf"{project}-(\d+(?:\.\d+)*)-py3-none-(.+)\.whl", name)
        digest = re.fullmatch(r"sha256=([0-9a-f]{64})", fragment)
        if not match or not digest:
            continue
        tag = match[2]
        if tag == "any" or (system in tag and machine in tag):
            wheels.append(Wheel(tuple(int(part) for part in match[1].split(".")), url, digest[1]))
    return max(wheels, default=None)


def download(index: PackageIndex, wheel: Wheel) -> bytes:
    """The wheel's bytes; raises BootstrapError when they are not those that the index promised."""
    body = fetch(index, wheel.url)
    if hashlib.sha256(body).hexdigest() != wheel.sha256:
        raise BootstrapError(f"{wheel.url} does not have the checksum that the package index gives for it.")
    return body


def installer(index: PackageIndex) -> list[str]:
    """The command that installs packages: uv from the path, uv from the index, else pip from the index."""
    on_path = shutil.which("uv")
    if on_path:
        return [on_path, "pip"]
    tools = VENV / "installer"
    tools.mkdir(parents=True, exist_ok=True)
    return installer_by_pip(index, tools) if index.url is None else installer_from(index, index.url, tools)


def installer_from(index: PackageIndex, url: str, tools: Path) -> list[str]:
    """uv, or else pip, as one wheel from the package index at `url`."""
    uv = newest_wheel(index, url, "uv")
    if uv:
        say(f"fetching uv {'.'.join(map(str, uv.version))}")
        with zipfile.ZipFile(io.BytesIO(download(index, uv))) as archive:
            member = next(name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
            (tools / "uv").write_bytes(archive.read(member))
        (tools / "uv").chmod(0o755)
        return [str(tools / "uv"), "pip"]
    pip = newest_wheel(index, url, "pip")
    if not pip:
        raise BootstrapError(f"{url} offers neither uv nor pip. Name another index with PIP_INDEX_URL.")
    say(f"fetching pip {'.'.join(map(str, pip.version))}")
    archive_path = tools / "pip.whl"
    archive_path.write_bytes(download(index, pip))
    return [str(VENV / "bin" / "python"), str(archive_path / "pip")]


def installer_by_pip(index: PackageIndex, tools: Path) -> list[str]:
    """uv, installed by pip from the index that pip uses by itself."""
    pip = [sys.executable, "-m", "pip"]
    if importlib.util.find_spec("pip") is None:
        say("fetching pip")
        one_file = tools / "pip.pyz"
        one_file.write_bytes(fetch(index, PIP_IN_ONE_FILE))
        pip = [sys.executable, str(one_file)]
    say("fetching uv")
    install(pip, installer_environment(index), "--target", str(tools), "uv")
    return [str(tools / "bin" / "uv"), "pip"]


def installer_environment(index: PackageIndex) -> dict[str, str]:
    """uv reads no pip configuration, so pip's settings are handed to it under uv's names.

    It compiles the packages as pip does: else every process of the stack would at its start, over and over
    where PYTHONDONTWRITEBYTECODE is set.
    """
    settings = {"UV_SYSTEM_CERTS": "true", "UV_LINK_MODE": "copy", "UV_COMPILE_BYTECODE": "1"}
    if index.url:
        settings["UV_DEFAULT_INDEX"] = index.url
    if index.extra_urls:
        settings |= {"UV_INDEX": " ".join(index.extra_urls), "UV_INDEX_STRATEGY": "unsafe-best-match"}
    if index.find_links:
        settings["UV_FIND_LINKS"] = ",".join(index.find_links)
    if index.certificate:
        settings["SSL_CERT_FILE"] = index.certificate
    settings |= {"VIRTUAL_ENV": str(VENV), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    return settings | {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}


def install(command: list[str], environment: dict[str, str], *arguments: str) -> None:
    line = [*command, "install", "--quiet", *arguments]
    result = subprocess.run(
        line, env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    if result.returncode == 0:
        return
    sys.stderr.write(result.stderr)
    if "No space left on device" in result.stderr:
        raise BootstrapError(f"The disk of {ROOT} or of the package cache is full.")
    raise BootstrapError("The packages could not be installed; the installer's own words are above.")


def build() -> None:
    started = time.monotonic()
    state = wanted_state()
    if is_current(state):
        return
    index = package_index()
    make_environment()
    STAMP.unlink(missing_ok=True)
    command, environment = installer(index), installer_environment(index)
    pins = sum(1 for line in REQUIREMENTS.read_text().splitlines() if "==" in line)
    source = index.url.split("@")[-1] if index.url else "the installer's default index"
    say(f"installing {pins} pinned packages from {source}")
    install(command, environment, "-r", str(REQUIREMENTS))
    install(command, environment, "--no-deps", "-e", str(ROOT))
    shutil.rmtree(VENV / "installer", ignore_errors=True)
    STAMP.write_text(state)
    say(f"ready after {time.monotonic() - started:.0f} s")


def main() -> int:
    try:
        check_machine()
        build()
    except BootstrapError as error:
        print(f"cin7-nav can't be set up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; run make again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Every service of `docker-compose.yaml` runs by its own command, user, variables, paths and health check."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from dotenv import dotenv_values

from stack import connections, processes
from stack import sandbox as simulators
from stack.container import SECRETS
from stack.postgres import Postgres
from stack.settings import PORTS, ROOT, Settings, secret_variable
from tests import documented
from tests.compose.interpreter import Machine, in_order, load, wait_healthy

NAMES = list(in_order(load(dict.fromkeys(map(secret_variable, (*SECRETS, "fernet-key")), "x"))["services"]))
CELERY = {"AIRFLOW__CORE__EXECUTOR": "CeleryExecutor"}


PAGE = ROOT / "docs" / "deployment.md"
INSIDE = re.compile(r"docker compose exec (?:-T )?(?P<service>\w+) (?P<program>.*)")
ENGINE = (
    r"docker compose (build|ps|up -d)",
    r"docker compose (?:up -d|up|logs|stop) (?P<service>\w+)",
    r"docker compose up -d --scale (?P<service>\w+)=\d",
    r"docker build -t (?P<image>\S+) \.",
    r"docker run --rm (?P<image>\S+) python -m stack secrets >> \.env",
    r"docker buildx imagetools inspect (?P<image>\S+)",
)
"""What needs a container engine."""
FLAVOUR = "nav2018"
"""The NAV that is played in the namespace."""
PORTS_OF_VENDORS = PORTS["SANDBOX_CIN7_PORT"], PORTS["SANDBOX_NAV_PORT"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An `.env` as the page has it made, with the connections of the sandbox."""
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    shutil.copy(ROOT / ".env.example", tmp_path)
    start = next(block for block in documented.blocks(PAGE) if block.lines[0].startswith("cp .env.example"))
    for line in start.lines:
        if not line.startswith(("make setup", "docker")):
            typed(f"export PYTHONPATH={shlex.quote(str(ROOT))}; {line}", tmp_path)
    file = tmp_path / ".env"
    settings = Settings(tmp_path, True, {"SANDBOX_NAV_FLAVOUR": FLAVOUR})
    for name, text in connections.sandbox(settings).items():
        assert "'" not in text
        file.open("a").write(f"AIRFLOW_CONN_{name.upper()}='{text}'\n")
    return {name: value for name, value in dotenv_values(file, interpolate=False).items() if value}


def typed(line: str, folder: Path) -> str:
    """What a shell in `folder` answers to `line`; raises AssertionError where its exit code is not 0.

    Where it asks for a new password, twice, it gets one.
    """
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=folder, input=f"{token_hex()}\n" * 2, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A namespace with an empty volume `state` of the image's user; skips where this machine makes none."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "nsenter", "setpriv", "ip"))):
        pytest.skip("needs root, util-linux and iproute2 to play the containers")
    if subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True).returncode:
        pytest.skip("this machine makes no namespaces")
    folder = Path(tempfile.mkdtemp(prefix="cin7-nav-compose-"))
    folder.chmod(0o755)
    state = folder / "state"
    state.mkdir(mode=0o700)
    os.chown(state, 10001, 10001)
    try:
        with Machine.made(state, NAMES, folder) as made:
            yield made
    finally:
        shutil.rmtree(folder)


def database(
    machine: Machine, service: dict[str, Any]
) -> tuple[subprocess.Popen[bytes], str, dict[str, str]]:
    """The embedded PostgreSQL as `service`: the process, its user, and the environment of its programs."""
    server = Postgres(machine.logs / "data", 5432, service["environment"]["POSTGRES_PASSWORD"], durable=False)
    server.prepare()
    account = pwd.getpwnam(server.user or "root")
    user = f"{account.pw_uid}:{account.pw_gid}"
    environment = machine.environment(service, str(server.programs))
    name, *options = service["command"]
    assert name == "postgres"
    return (
        machine.spawn("postgres", [*server.command, *options], service, user, environment),
        user,
        environment,
    )


def test_database_init_and_receiver_start_by_their_commands_and_pass_their_health_checks(
    machine: Machine, environment: dict[str, str]
) -> None:
    services = load(environment)["services"]
    with started(machine, services, ["postgres", "init", "receiver"]):
        again = machine.start("init", services["init"])
        assert again.wait(120) == 0, machine.words("init")
        assert_the_receiver_lands_what_shows_the_secret(machine, services["receiver"], environment)
        assert not secrets_in_logs(machine, environment)


@pytest.mark.long
def test_every_service_starts_by_its_command_and_does_what_the_page_asks_of_it(
    machine: Machine, environment: dict[str, str], tmp_path: Path
) -> None:
    services = load(environment)["services"]
    _, *sandbox = simulators.command(
        *PORTS_OF_VENDORS, Path("/tmp/vendors"), "http://receiver:8088", 1, FLAVOUR
    )
    like = services["scheduler"]
    simulated = machine.spawn(
        "vendors", ["python", *sandbox], like, str(like["user"]), machine.environment(like)
    )
    try:
        everything = [name for name in in_order(services) if not services[name].get("profiles")]
        with started(machine, services, everything) as within:
            answers = {
                line: typed(here(line, within), tmp_path) for line in of_the_page(without="pg_restore")
            }
        shutil.rmtree(machine.logs / "data")
        with started(machine, services, ["postgres", "init"]) as within:
            users = f"{within['scheduler']} python -m stack exec airflow users list"
            assert "anna@example.com" not in typed(users, tmp_path)
            for line in of_the_page(only="pg_restore"):
                typed(here(line, within), tmp_path)
            assert "anna@example.com" in typed(users, tmp_path)
    finally:
        processes.stop(simulated)
    assert any("mappings, schedule and alerts are sound" in answer for answer in answers.values()), answers
    assert not secrets_in_logs(machine, environment)


def of_the_page(only: str = "", without: str | None = None) -> list[str]:
    """What the page has people run within a service."""
    lines = [line for line in documented.run_at(documented.CONTAINERS) if INSIDE.match(line)]
    return [line for line in lines if only in line and (without is None or without not in line)]


def here(line: str, within: dict[str, str]) -> str:
    """`docker compose exec …` as it runs in the namespace."""
    match = INSIDE.fullmatch(line)
    assert match
    return f"{within[match['service']]} {match['program']}"


def test_what_the_page_asks_of_an_engine_names_services_and_images_of_the_file(
    environment: dict[str, str],
) -> None:
    services = load(environment)["services"]
    for line in documented.run_at(documented.CONTAINERS):
        if INSIDE.match(line) or not line.startswith("docker "):
            continue
        (match,) = (found for pattern in ENGINE if (found := re.fullmatch(pattern, line)))
        named = match.groupdict()
        assert named.get("service", "receiver") in services, line
        assert named.get("image", "cin7-nav:0.1.0") in {one["image"] for one in services.values()}, line


@pytest.mark.celery
def test_a_worker_of_the_profile_celery_carries_out_what_the_scheduler_hands_over_by_redis(
    machine: Machine, environment: dict[str, str]
) -> None:
    services = load(environment | CELERY)["services"]
    names = [name for name in in_order(services) if name not in ("sandbox", "receiver")]
    with started(machine, services, names):
        airflow = ("python", "-m", "stack", "exec", "airflow")
        worker = services["worker"]
        unpaused = ask(machine, worker, *airflow, "dags", "unpause", "alerts")
        assert unpaused.returncode == 0, unpaused.stdout + unpaused.stderr
        processes.wait_until(
            lambda: "succeeded in" in machine.words("worker"), 120, "no task was carried out"
        )
        assert not secrets_in_logs(machine, environment)


@pytest.mark.long
def test_the_sandbox_is_a_whole_stack_in_one_container(machine: Machine, environment: dict[str, str]) -> None:
    service = load(environment)["services"]["sandbox"]
    user, inside = str(service["user"]), machine.environment(service)
    process = machine.start("sandbox", service)
    try:
        wait_healthy(
            lambda: machine.check(service, user, inside), process, lambda: machine.words("sandbox"), 180
        )
        page = "import urllib.request; print(urllib.request.urlopen('http://sandbox:8180/').status)"
        assert ask(machine, service, "python", "-c", page).stdout.strip() == "200"
    finally:
        processes.stop(process, grace=40)


@contextlib.contextmanager
def started(machine: Machine, services: dict[str, Any], names: list[str]) -> Iterator[dict[str, str]]:
    """`docker compose up` of `names`, which stand in the order of their dependencies.

    Gives what a shell needs before a program to run it within one of `services`.
    """
    running: list[tuple[subprocess.Popen[bytes], dict[str, Any]]] = []
    within = {
        name: _within(machine, str(service["user"]), machine.environment(service))
        for name, service in services.items()
    }
    try:
        for name in names:
            service = services[name]
            if name == "postgres":
                process, user, inside = database(machine, service)
                within[name] = _within(machine, user, inside)
            elif name == "redis":
                process, user, inside = (
                    broker(machine, service),
                    str(service["user"]),
                    machine.environment(service),
                )
            else:
                process, user = machine.start(name, service), str(service["user"])
                inside = machine.environment(service)
            if name == "init":
                assert process.wait(120) == 0, machine.words(name)
                continue
            running.append((process, service))
            wait_healthy(
                partial(machine.check, service, user, inside), process, partial(machine.words, name), 180
            )
        yield within
    finally:
        for process, service in reversed(running):
            number = signal.Signals[service.get("stop_signal", "SIGTERM")]
            processes.stop(process, with_signal=number, grace=30)


def _within(machine: Machine, user: str, environment: dict[str, str]) -> str:
    variables = [f"{name}={value}" for name, value in environment.items()]
    return shlex.join(["env", "-i", *variables, *machine.command([], user)])


def broker(machine: Machine, service: dict[str, Any]) -> subprocess.Popen[bytes]:
    """The Redis of this machine as `service`, with a folder of its own in place of the volume."""
    folder = machine.logs / "redis"
    folder.mkdir()
    uid, gid = map(int, str(service["user"]).split(":"))
    os.chown(folder, uid, gid)
    (mounted,) = service["volumes"]
    command = [part.replace(mounted.partition(":")[2], str(folder)) for part in service["command"]]
    return machine.spawn("redis", command, service, str(service["user"]), machine.environment(service))


def ask(machine: Machine, service: dict[str, Any], *program: str) -> subprocess.CompletedProcess[str]:
    """`docker compose exec <service> <program>`."""
    return subprocess.run(
        machine.command(list(program), str(service["user"])),
        env=machine.environment(service), capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def assert_the_receiver_lands_what_shows_the_secret(
    machine: Machine, service: dict[str, Any], environment: dict[str, str]
) -> None:
    """From outside of the receiver's own container, as the proxy comes."""
    call = """
import sys, urllib.error, urllib.request
for secret in sys.argv[1:]:
    request = urllib.request.Request(
        "http://receiver:8088/cin7/Sale/InvoiceAuthorised",
        b'{"SaleID": "11111111-1111-4111-8111-111111111112"}',
        {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"})
    try:
        print(urllib.request.urlopen(request).status)
    except urllib.error.HTTPError as error:
        print(error.code)
"""
    secret = environment["CIN7_NAV_SECRET_WEBHOOK_SECRET"]
    answers = ask(machine, service, "python", "-c", call, secret, "another-secret-of-somebody")
    assert answers.stdout.split() == ["200", "401"], answers.stdout + answers.stderr


def secrets_in_logs(machine: Machine, environment: dict[str, str]) -> list[str]:
    """The variables whose values are in a log of a service or of Airflow."""
    logs = [*machine.logs.glob("*.log"), *(machine.logs / "state").rglob("*.log")]
    texts = [path.read_text(errors="replace") for path in logs]
    secret = {name: value for name, value in environment.items() if "_SECRET_" in name} | {
        "key": connections.CIN7_KEYS[0]
    }
    return [name for name, value in secret.items() if any(value in text for text in texts)]

"""Every service of `docker-compose.yaml` runs by its own command, user, variables, paths and health check."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from stack import processes
from stack.container import SECRETS, new_secrets
from stack.postgres import Postgres
from stack.settings import secret_variable
from tests.compose.interpreter import Machine, in_order, load, wait_healthy

NAMES = list(in_order(load(dict.fromkeys(map(secret_variable, (*SECRETS, "fernet-key")), "x"))["services"]))
CELERY = {"AIRFLOW__CORE__EXECUTOR": "CeleryExecutor"}


@pytest.fixture
def environment(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """An `.env` as docs/deployment.md has it made, with one connection."""
    new_secrets()
    lines = capsys.readouterr().out.splitlines()
    cin7 = {"conn_type": "cin7", "host": "https://cin7.example.com", "login": "account", "password": "a-key"}
    return dict(line.split("=", 1) for line in lines) | {"AIRFLOW_CONN_CIN7_DEFAULT": json.dumps(cin7)}


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
def test_every_service_starts_by_its_command_and_passes_its_health_check(
    machine: Machine, environment: dict[str, str]
) -> None:
    services = load(environment)["services"]
    with started(
        machine, services, [name for name in in_order(services) if not services[name].get("profiles")]
    ):
        status = ask(machine, services["scheduler"], "python", "-m", "stack", "exec", "cin7-nav", "status")
        assert status.returncode == 0, status.stdout + status.stderr
        given = ask(
            machine, services["scheduler"],
            "python", "-m", "stack", "exec", "airflow", "connections", "get", "cin7_default", "-o", "plain",
        )  # fmt: skip
        assert "cin7.example.com" in given.stdout, given.stdout + given.stderr
        assert not secrets_in_logs(machine, environment)


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
def started(machine: Machine, services: dict[str, Any], names: list[str]) -> Iterator[None]:
    """`docker compose up` of `names`, which stand in the order of their dependencies."""
    running: list[tuple[subprocess.Popen[bytes], dict[str, Any]]] = []
    try:
        for name in names:
            service = services[name]
            if name == "postgres":
                process, user, inside = database(machine, service)
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
        yield
    finally:
        for process, service in reversed(running):
            number = signal.Signals[service.get("stop_signal", "SIGTERM")]
            processes.stop(process, with_signal=number, grace=30)


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
    secret = {name: value for name, value in environment.items() if "_SECRET_" in name} | {"key": "a-key"}
    return [name for name, value in secret.items() if any(value in text for text in texts)]

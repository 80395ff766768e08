"""`docker-compose.yaml` and the `Dockerfile` against the Compose Specification and this repository."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from stack.container import SECRETS
from stack.settings import ROOT, secret_variable
from tests.compose.interpreter import FILE, WORKDIR, Unset, in_order, load

DOCKERFILE = (ROOT / "Dockerfile").read_text()
SCHEMA = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
ENVIRONMENT = {secret_variable(name): f"value-of-{name}" for name in (*SECRETS, "fernet-key")}
COMPOSE = load(ENVIRONMENT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def faults(document: Any) -> list[str]:
    found = jsonschema.Draft7Validator(SCHEMA).iter_errors(document)
    return [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message}" for fault in found]


def test_the_file_is_what_the_compose_specification_asks_for() -> None:
    assert faults(yaml.safe_load(FILE.read_text())) == []
    assert faults(COMPOSE) == []


def test_a_mistake_in_the_file_is_found() -> None:
    assert faults({"services": {"one": {"image": "a", "restarts": "always"}}})
    assert faults({"services": {"one": {"image": "a", "healthcheck": {"interval": []}}}})


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
def test_no_container_starts_without_each_of_its_secrets(name: str) -> None:
    with pytest.raises(Unset, match=name):
        load({key: value for key, value in ENVIRONMENT.items() if key != name})


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_bounded_unprivileged_and_pinned(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] in ("10001:10001", "postgres", "999:999")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "network_mode" not in service
    assert re.fullmatch(r"[\w-]+:\d+\.\d+[\w.-]*", service["image"])
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert service["logging"]["options"]["max-size"]
    once = name in ("init", "sandbox")
    assert service["restart"] == ("no" if once else "unless-stopped")
    assert ("healthcheck" in service) == (name != "init")


def test_everything_published_is_published_on_loopback() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_receiver_has_its_own_role_and_no_way_to_airflow() -> None:
    receiver = SERVICES["receiver"]
    assert set(receiver["environment"]) == {
        "CIN7_NAV_RECEIVER_DSN", "RECEIVER_HOST", "RECEIVER_WORKERS", "FORWARDED_ALLOW_IPS",
    }  # fmt: skip
    given = json.dumps(receiver)
    held = [name for name, value in ENVIRONMENT.items() if value in given]
    assert held == ["CIN7_NAV_SECRET_POSTGRES_RECEIVER"]
    assert "user=cin7_nav_receiver" in receiver["environment"]["CIN7_NAV_RECEIVER_DSN"]
    assert "volumes" not in receiver
    assert receiver["read_only"]
    for name in SERVICES.keys() - {"receiver", "postgres"}:
        assert not set(SERVICES[name]["networks"]) & set(receiver["networks"])


def test_only_init_knows_the_superuser_and_the_connections() -> None:
    for name, service in SERVICES.items():
        given = json.dumps(service)
        if name not in ("init", "postgres"):
            assert ENVIRONMENT["CIN7_NAV_SECRET_POSTGRES_SUPERUSER"] not in given
        assert ("AIRFLOW_CONN_" in given) == (name == "init")


def test_every_volume_and_network_is_named_and_every_dependency_is_there() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source, target = volume.split(":")[:2]
            assert source in COMPOSE["volumes"] or (ROOT / source).exists()
            assert target.startswith((WORKDIR, "/var/lib/postgresql", "/data"))
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        for needed, terms in service.get("depends_on", {}).items():
            healthy = "service_completed_successfully" if needed == "init" else "service_healthy"
            assert terms == {"condition": healthy}
    assert in_order(SERVICES)[:2] == ["postgres", "init"]


def test_the_image_is_pinned_and_gets_what_exists_and_never_a_secret() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", bases[0])
    assert f"WORKDIR {WORKDIR}" in DOCKERFILE
    assert DOCKERFILE.rstrip().endswith("USER 10001:10001")
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for name in line.split()[:-1]
    }  # fmt: skip
    assert all((ROOT / name).exists() for name in copied)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored
    assert copied == allowed
    assert not allowed & {".env", "var", ".git"}


def test_the_docs_name_services_that_exist() -> None:
    text = (ROOT / "docs" / "deployment.md").read_text()
    named = re.findall(r"docker compose (?:exec(?: -T)?|stop|start|logs|up -d|up) ([a-z][a-z-]+)", text)
    assert named
    assert set(named) <= set(SERVICES)

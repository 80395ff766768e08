"""Brings a whole stack up in the order that its parts need, as much as possible side by side."""

from __future__ import annotations

import json
import os
import sys
import time

import requests
from cin7_nav.store.migrate import RECEIVER_ROLE, migrate
from cin7_nav.store.schema import SchemaMismatch
from psycopg2 import OperationalError, extensions

from . import airflow, celery, connections, ports
from . import sandbox as sandbox_stack
from .client import AirflowClient
from .postgres import Postgres, Role
from .sandbox import Sandbox
from .settings import PORTS, Settings, StackError
from .supervisor import Service, Supervisor

OWN_DSN = "CIN7_NAV_DSN"
METADATA_DSN = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
RECEIVER_DSN = "CIN7_NAV_RECEIVER_DSN"
METADATA = [sys.executable, "-m", "stack.metadata"]
ROLES = [sys.executable, "-m", "stack.roles"]


class Stack:
    """All services of `settings` under one supervisor. `dsn` is that of our own database, for its owner."""

    def __init__(self, settings: Settings, supervisor: Supervisor) -> None:
        self.settings = settings
        self.supervisor = supervisor
        self.client = AirflowClient(settings)
        self.postgres = embedded_postgres(settings)
        self.dsn = self._own_dsn()
        self.sandbox = Sandbox.at(
            settings.port("SANDBOX_CIN7_PORT"),
            settings.port("SANDBOX_NAV_PORT"),
            settings.var / "sandbox",
            settings.flavour,
        )

    def start(self) -> None:
        """Returns when every service serves; raises StackError when one can't."""
        ports.check(self.settings, needed_ports(self.settings))
        beside = [self._sandbox_service()] if self.settings.demo else []
        if celery.has_own_broker(self.settings):
            beside.append(celery.broker_service(self.settings))
        self._bring_up_to_date(*beside)
        if self.settings.demo:
            self.supervisor.wait_healthy("sandbox", seconds=60)
            self.sandbox.nav.post("opening-stock", {})
            self.sandbox.nav.post("journal-batch", connections.SHARED_BATCH)
        self.supervisor.start(self._airflow_service("api-server"), self._receiver_service())
        workers = self._workers()
        self.supervisor.start(
            self._airflow_service("scheduler", "--skip-serve-logs"),
            self._airflow_service("dag-processor"),
            self._airflow_service("triggerer", "--skip-serve-logs"),
            *workers,
        )
        first = ["sandbox"] if self.settings.demo else []
        last = [worker.name for worker in workers]
        self.supervisor.wait_healthy(
            *first, "receiver", "api-server", "scheduler", "dag-processor", "triggerer", *last, seconds=180
        )

    def upgrade(self) -> None:
        """Bring both databases up to date and start nothing but the server that they are on."""
        if self.postgres:
            ports.check(self.settings, ["POSTGRES_PORT"])
        self._bring_up_to_date()

    def _bring_up_to_date(self, *beside: Service) -> None:
        """Start the database server, and `beside` it what does not need it yet; then migrate."""
        airflow.prepare(self.settings)
        if self.postgres:
            self.postgres.prepare()
            self.supervisor.start(self._postgres_service(self.postgres), *beside)
            self.supervisor.wait_healthy("postgres", seconds=60)
            self.postgres.ensure(*self._roles())
        elif beside:
            self.supervisor.start(*beside)
        self._migrate()

    def wait_for_dags(self, seconds: float) -> None:
        """Wait until every file of `dags/` is parsed. Raises StackError when one can't be read."""
        files = [path for path in airflow.DAGS.glob("*.py") if not path.name.startswith("_")]
        deadline = time.monotonic() + seconds
        while True:
            errors = self.client.import_errors()
            if errors:
                raise StackError("\n".join(f"{file}: {text.strip()}" for file, text in errors.items()))
            if len(self.client.dags()) >= len(files):
                return
            if time.monotonic() > deadline:
                raise StackError(
                    f"The DAGs are not parsed after {seconds:.0f} s; see the dag-processor's log."
                )
            time.sleep(0.2)

    def _migrate(self) -> None:
        try:
            migrate(self.dsn, self.settings.secret("postgres-receiver"))
        except OperationalError as error:
            raise StackError(f"The database that {OWN_DSN} names can't be used: {error}") from error
        except SchemaMismatch as error:
            raise StackError(str(error)) from error
        if self.postgres and OWN_DSN not in self.settings.environment:
            self.postgres.admit(RECEIVER_ROLE, "cin7_nav")
        self.supervisor.run("metadata", METADATA, metadata_environment(self.settings, self.dsn))
        if airflow.has_roles(self.settings):
            self.supervisor.run("roles", ROLES, roles_environment(self.settings))
        self.supervisor.say("databases are up to date")

    def _roles(self) -> list[Role]:
        roles = []
        if METADATA_DSN not in self.settings.environment:
            roles.append(Role("airflow", self.settings.secret("postgres-airflow")))
        if OWN_DSN not in self.settings.environment:
            roles.append(Role("cin7_nav", self.settings.secret("postgres-cin7-nav"), "CREATEROLE"))
        return roles

    def _own_dsn(self) -> str:
        if self.postgres and OWN_DSN not in self.settings.environment:
            return self.postgres.dsn("cin7_nav", self.settings.secret("postgres-cin7-nav"))
        return self.settings.environment[OWN_DSN]

    def _receiver_dsn(self) -> str:
        given = self.settings.environment.get(RECEIVER_DSN)
        if given:
            return given
        login = {"user": RECEIVER_ROLE, "password": self.settings.secret("postgres-receiver")}
        dsn: str = extensions.make_dsn(**extensions.parse_dsn(self.dsn) | login)
        return dsn

    def _postgres_service(self, server: Postgres) -> Service:
        return Service(
            "postgres",
            server.command,
            server.is_ready,
            {"PATH": os.defpath},
            user=server.user,
            stop_signal=server.stop_signal,
            grace=30,
        )

    def _sandbox_service(self) -> Service:
        command = sandbox_stack.command(
            self.settings.port("SANDBOX_CIN7_PORT"),
            self.settings.port("SANDBOX_NAV_PORT"),
            self.settings.var / "sandbox",
            f"http://127.0.0.1:{self.settings.port('RECEIVER_PORT')}",
            flavour=self.settings.flavour,
        )
        return Service("sandbox", command, self.sandbox.is_up, grace=5)

    def _receiver_service(self) -> Service:
        port = self.settings.port("RECEIVER_PORT")
        environment = {
            name: value for name, value in self.settings.environment.items()
            if not name.startswith((airflow.CONNECTION, "AIRFLOW__")) and name != OWN_DSN
        }  # fmt: skip
        environment |= {RECEIVER_DSN: self._receiver_dsn(), "RECEIVER_PORT": str(port)}
        return Service(
            "receiver",
            [sys.executable, "-m", "cin7_nav.receiver"],
            lambda: _answers(f"http://127.0.0.1:{port}/health"),
            environment,
            grace=10,
        )

    def _airflow_service(self, name: str, *options: str) -> Service:
        return Service(
            name,
            airflow.program(name, *options),
            lambda: self.client.is_healthy(name),
            airflow_environment(self.settings),
            grace=self._grace,
        )

    def _workers(self) -> list[Service]:
        if not celery.is_wanted(self.settings):
            return []
        return celery.worker_services(self.settings, airflow_environment(self.settings), self._grace)

    @property
    def _grace(self) -> float:
        return 5 if self.settings.demo else 30


def airflow_environment(settings: Settings) -> dict[str, str]:
    """The environment of every Airflow process of this stack."""
    metadata = None
    if METADATA_DSN not in settings.environment:
        password, port = settings.secret("postgres-airflow"), settings.port("POSTGRES_PORT")
        metadata = f"airflow:{password}@127.0.0.1:{port}/airflow"
    return celery.environment(settings) | airflow.environment(settings, metadata)


def metadata_environment(settings: Settings, dsn: str) -> dict[str, str]:
    """The environment of METADATA: with the connections that Airflow starts with, our database at `dsn`."""
    replaced = connections.database(dsn) | connections.written(settings)
    if settings.demo:
        replaced |= connections.sandbox(settings)
    wanted = {"replace": replaced, "add": connections.webhooks(settings)}
    return airflow_environment(settings) | {"CIN7_NAV_CONNECTIONS": json.dumps(wanted)}


def roles_environment(settings: Settings) -> dict[str, str]:
    """The environment of ROLES."""
    return airflow_environment(settings) | {"CIN7_NAV_ADMIN_PASSWORD": airflow.password(settings)}


def needed_ports(settings: Settings) -> list[str]:
    """The variables of the ports that this stack listens on."""
    names = list(PORTS)
    if not settings.demo:
        names = [name for name in names if not name.startswith("SANDBOX")]
    if embedded_postgres(settings) is None:
        names.remove("POSTGRES_PORT")
    if not celery.has_own_broker(settings):
        names.remove("REDIS_PORT")
    return names


def embedded_postgres(settings: Settings) -> Postgres | None:
    """The server of this stack, or None where `.env` names other servers for both databases."""
    if not settings.demo and {OWN_DSN, METADATA_DSN} <= settings.environment.keys():
        return None
    return Postgres(
        settings.var / "postgres",
        settings.port("POSTGRES_PORT"),
        settings.secret("postgres-superuser"),
        durable=not settings.demo,
    )


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False

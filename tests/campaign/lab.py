"""The servers of a campaign: a sandbox, and a PostgreSQL that may be killed and started again."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
from cin7_nav.store import webhook_secrets
from cin7_nav.store.database import Database
from cin7_nav.store.migrate import migrate
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from stack import connections, processes
from stack import sandbox as sandbox_stack
from stack.postgres import Postgres, Role, wait_until_ready
from stack.sandbox import Sandbox
from stack.settings import Settings
from stack.verdict import Ledger, PageLedger
from tests.campaign import runs

OURS = "cin7_nav"
DUMP = "dump"
SECRET = "a-long-random-secret-for-the-campaign"
KEPT = ("alembic_version", "reference", "reference_set", "webhook_secret")

_EMPTY = """
DO $$
DECLARE filled text;
BEGIN
    SET session_replication_role = replica;  -- no foreign key, no trigger that keeps the audit trail
    FOR filled IN SELECT tablename FROM pg_tables
            WHERE schemaname = 'public' AND NOT tablename = ANY (%s) LOOP
        EXECUTE 'DELETE FROM ' || quote_ident(filled);
    END LOOP;
    PERFORM setval(oid, 1, false) FROM pg_class WHERE relkind = 'S';
    DELETE FROM reference WHERE entity = 'account_defaults';
    UPDATE reference_set SET fetched_at = clock_timestamp();
END $$
"""


@dataclass
class Lab:
    """Both servers; our database has reference data from the start, for no seed is about them."""

    folder: Path
    postgres: Postgres
    sandbox: Sandbox
    settings: Settings
    _server: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def postmaster(self) -> int:
        return self._server[-1].pid

    def start_postgres(self) -> None:
        """Start the server, whatever the last one has left behind."""
        self.postgres.prepare()
        process = processes.spawn(
            self.postgres.command,
            self.folder / "postgres.log",
            user=self.postgres.user,
            last_signal=self.postgres.stop_signal,
        )
        self._server.append(process)
        wait_until_ready(self.postgres, process, 30)

    def end_postgres(self, signal_: int) -> None:
        processes.stop(self._server[-1], with_signal=signal_)

    def revive_postgres(self) -> bool:
        """Start the server again if it ended or is about to; whether it was."""
        if self.postgres.is_ready() and self._server[-1].poll() is None:
            return False
        processes.stop(self._server[-1], with_signal=self.postgres.stop_signal)
        self.start_postgres()
        return True

    def migrate(self) -> None:
        """Make our database and fetch reference data; logins cost little from now on."""
        self._administer("ALTER SYSTEM SET scram_iterations = 1")
        self._administer("SELECT pg_reload_conf()")
        self.postgres.ensure(Role(OURS, OURS, "CREATEROLE"))
        migrate(self.dsn, "receiver")
        database = Database(self.dsn)
        webhook_secrets.admit(database, "cin7", SECRET)
        database.close()
        self.reset()
        run = runs.Run("reference", "poll")
        ended = runs.Attempt(run, self.environment(), steps=("translate",)).end()
        if ended.failed or ended.broken:
            raise RuntimeError(f"no reference data: {ended}")

    def reset(self) -> None:
        """Both vendors as in the beginning."""
        self.sandbox.reset()
        self.sandbox.cin7.patch("settings", {"rate_limit": False})
        if self.settings.flavour != "online":
            self.sandbox.nav.post("journal-batch", connections.SHARED_BATCH)

    def entries(self) -> list[dict[str, Any]]:
        """Everything in NAV's general ledger."""
        nav, flavour = self.sandbox.nav, self.settings.flavour
        ledger = Ledger(nav) if flavour == "online" else PageLedger(nav, connections.INSTANCES[flavour])
        return ledger.entries()

    def environment(self) -> dict[str, str]:
        """The connections, as Airflow reads them; Cin7's calls are not counted."""
        known = connections.sandbox(self.settings) | connections.database(self.dsn)
        cin7 = json.loads(known["cin7_default"])
        cin7["extra"]["calls_per_minute"] = 0
        known["cin7_default"] = json.dumps(cin7)
        return {f"AIRFLOW_CONN_{name.upper()}": text for name, text in known.items()}

    @property
    def dsn(self) -> str:
        return self.postgres.dsn(OURS, OURS)

    def empty(self) -> None:
        """Leave nothing in our database but reference data, as if they had been fetched just now.

        In a fifth of the time that a copy of an empty database takes.
        """
        with contextlib.closing(psycopg2.connect(self.postgres.dsn(database=OURS))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(_EMPTY, (list(KEPT),))

    def copy(self, source: str, name: str) -> None:
        """Make the database `name` a copy of another one that nobody is connected to."""
        self._administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._administer(f"CREATE DATABASE {name} TEMPLATE {source} OWNER {OURS} STRATEGY file_copy")

    def execute(self, statement: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Run a statement in our database, on a connection of its own."""
        with contextlib.closing(_connected(self.dsn)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return list(cursor.fetchall()) if cursor.description else []

    def _administer(self, statement: str) -> None:
        with contextlib.closing(psycopg2.connect(self.postgres.dsn())) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)


@retry(
    retry=retry_if_exception_type(psycopg2.OperationalError),
    wait=wait_fixed(0.2),
    stop=stop_after_delay(15),
    reraise=True,
)
def _connected(dsn: str) -> psycopg2.extensions.connection:
    """A server that a seed has ended may still be closing connections when it is asked again."""
    return psycopg2.connect(dsn)


@contextlib.contextmanager
def lab(flavour: str = "online") -> Iterator[Lab]:
    """A running lab in a temporary folder; `flavour`: which NAV the sandbox plays."""
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="cin7-nav-campaign-"))
        folder.chmod(0o755)
        stack.callback(shutil.rmtree, folder)
        ports = {name: processes.free_port() for name in ("SANDBOX_CIN7_PORT", "SANDBOX_NAV_PORT")}
        given = {name: str(port) for name, port in ports.items()} | {"SANDBOX_NAV_FLAVOUR": flavour}
        settings = Settings(folder, True, given)
        server = Postgres(folder / "postgres", processes.free_port(), "postgres", durable=False)
        made = Lab(folder, server, _sandbox(folder, settings, stack), settings)
        stack.callback(server.destroy)
        made.start_postgres()
        stack.callback(made.end_postgres, server.stop_signal)
        made.migrate()
        yield made


def _sandbox(folder: Path, settings: Settings, stack: contextlib.ExitStack) -> Sandbox:
    cin7, nav = settings.port("SANDBOX_CIN7_PORT"), settings.port("SANDBOX_NAV_PORT")
    state = folder / "sandbox"
    process = processes.spawn(
        sandbox_stack.command(cin7, nav, state, "http://127.0.0.1:9", flavour=settings.flavour),
        folder / "sandbox.log",
    )
    stack.callback(processes.stop, process)
    running = Sandbox.at(cin7, nav, state, settings.flavour)
    processes.wait_until(
        lambda: process.poll() is not None or running.is_up(), 30, "the sandbox does not answer"
    )
    if process.poll() is not None:
        raise RuntimeError((folder / "sandbox.log").read_text())
    return running

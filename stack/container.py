"""What the containers of `docker-compose.yaml` run besides Airflow and the receiver."""

from __future__ import annotations

import secrets
import subprocess

from cin7_nav.store.migrate import RECEIVER_ROLE, migrate
from cin7_nav.store.schema import SchemaMismatch
from cryptography.fernet import Fernet
from psycopg2 import OperationalError

from . import airflow, postgres
from .postgres import Role
from .settings import Settings, StackError, secret_variable
from .startup import METADATA, METADATA_DSN, OWN_DSN, ROLES, metadata_environment, roles_environment

ADMIN_DSN = "POSTGRES_ADMIN_DSN"
SECRETS = (
    "postgres-superuser",
    "postgres-airflow",
    "postgres-cin7-nav",
    "postgres-receiver",
    "redis",
    "airflow-admin-password",
    "airflow-api-key",
    "airflow-jwt-secret",
    "webhook-secret",
)
"""Those that `.env` must give, and `fernet-key`, which has a form of its own."""


def new_secrets() -> int:
    """Print a line for `.env` for each secret, made at random."""
    made = {name: secrets.token_urlsafe(48) for name in SECRETS} | {
        "fernet-key": Fernet.generate_key().decode()
    }
    for name, value in made.items():
        print(f"{secret_variable(name)}={value}")
    return 0


def init() -> int:
    """Bring roles, both databases, Airflow's connections and its login up to date; safe to repeat.

    POSTGRES_ADMIN_DSN names a superuser of the server, by whom the roles and their databases are made.
    """
    settings = Settings.read(demo=False)
    missing = [name for name in (ADMIN_DSN, OWN_DSN, METADATA_DSN) if name not in settings.environment]
    if missing:
        raise StackError(
            f"{', '.join(missing)} must be set; docker-compose.yaml sets them for the service init."
        )
    administrator, dsn = settings.environment[ADMIN_DSN], settings.environment[OWN_DSN]
    try:
        postgres.ensure(
            administrator,
            Role("airflow", settings.secret("postgres-airflow")),
            Role("cin7_nav", settings.secret("postgres-cin7-nav"), "CREATEROLE"),
        )
        migrate(dsn, settings.secret("postgres-receiver"))
        postgres.admit(administrator, RECEIVER_ROLE, "cin7_nav")
    except OperationalError as error:
        raise StackError(f"The databases can't be used: {error}") from error
    except SchemaMismatch as error:
        raise StackError(str(error)) from error
    airflow.prepare(settings)
    code = subprocess.run(METADATA, env=metadata_environment(settings, dsn)).returncode
    if code:
        raise StackError(f"Airflow's database can't be brought up to date (code {code}); see above.")
    if airflow.has_roles(settings):
        code = subprocess.run(ROLES, env=roles_environment(settings)).returncode
        if code:
            raise StackError(f"The roles of Airflow can't be made (code {code}); see above.")
    print("databases, connections and login are up to date")
    return 0

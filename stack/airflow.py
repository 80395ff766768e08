"""Airflow's configuration as environment variables, and the programs that make up Airflow."""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path

from cryptography.fernet import Fernet

from .settings import ROOT, Settings

ADMIN = "admin"
CONNECTION = "AIRFLOW_CONN_"
AUTH_MANAGER = "AIRFLOW__CORE__AUTH_MANAGER"
DAGS = ROOT / "dags"
BIN = Path(sys.executable).parent


def url(settings: Settings) -> str:
    return f"http://localhost:{settings.port('AIRFLOW_PORT')}"


def has_roles(settings: Settings) -> bool:
    """Whether people log in with roles of their own: `.env` names Airflow's FAB auth manager."""
    return settings.environment.get(AUTH_MANAGER, "").endswith(".FabAuthManager")


def password(settings: Settings) -> str:
    """The password of ADMIN, made once."""
    return settings.secret("airflow-admin-password", lambda: secrets.token_urlsafe(12))


def environment(settings: Settings, metadata: str | None) -> dict[str, str]:
    """The environment of every Airflow process; an option that `.env` or the caller's environment sets wins.

    `metadata` is the URI of Airflow's own database without its scheme, None where an option names it.
    Variables `AIRFLOW_CONN_*` are left out: they would hide the connections of that database, which people
    edit in the UI; see `stack.metadata`.
    """
    home, port = settings.airflow_home, settings.port("AIRFLOW_PORT")
    options = {
        ("core", "dags_folder"): str(DAGS),
        ("core", "plugins_folder"): str(ROOT / "plugins"),
        ("core", "executor"): "LocalExecutor",
        ("core", "parallelism"): "8",
        ("core", "load_examples"): "False",
        ("core", "dags_are_paused_at_creation"): str(not settings.demo),
        ("core", "fernet_key"): settings.secret("fernet-key", lambda: Fernet.generate_key().decode()),
        ("core", "hostname_callable"): "socket.gethostname",
        ("core", "sensitive_var_conn_names"): "application_keys",
        ("core", "test_connection"): "Enabled",
        ("core", "simple_auth_manager_users"): f"{ADMIN}:admin",
        ("core", "simple_auth_manager_passwords_file"): str(home / "passwords.json"),
        ("core", "execution_api_server_url"): f"{settings.airflow_server}/execution/",
        ("core", "min_serialized_dag_update_interval"): "5",
        ("scheduler", "scheduler_idle_sleep_time"): "0.1",
        ("dag_processor", "refresh_interval"): "10",
        ("dag_processor", "bundle_refresh_check_interval"): "2",
        ("dag_processor", "min_file_process_interval"): "15",
        # So often Airflow 3.3 looks again for the end of a task that it has missed, as it often does.
        ("workers", "min_heartbeat_interval"): "1",
        ("api", "host"): "127.0.0.1",
        ("api", "port"): str(port),
        ("api", "workers"): "1",
        ("api", "base_url"): url(settings),
        ("api", "secret_key"): settings.secret("airflow-api-key"),
        ("api", "instance_name"): "cin7-nav demo" if settings.demo else "cin7-nav",
        ("api_auth", "jwt_secret"): settings.secret("airflow-jwt-secret", lambda: secrets.token_urlsafe(64)),
        ("logging", "colored_console_log"): "False",
    }  # fmt: skip
    if metadata:
        options["database", "sql_alchemy_conn"] = f"postgresql+psycopg2://{metadata}"
        options["database", "sql_alchemy_conn_async"] = f"postgresql+asyncpg://{metadata}"
    ours = {f"AIRFLOW__{section}__{name}".upper(): value for (section, name), value in options.items()}
    inherited = {
        name: value for name, value in settings.environment.items() if not name.startswith(CONNECTION)
    }
    return ours | inherited | {"AIRFLOW_HOME": str(home), "PYTHONUNBUFFERED": "1"}


def prepare(settings: Settings) -> None:
    """Write what Airflow reads from files: the login."""
    settings.airflow_home.mkdir(parents=True, exist_ok=True)
    path = settings.airflow_home / "passwords.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({ADMIN: password(settings)}))


def program(*arguments: str) -> list[str]:
    return [str(BIN / "airflow"), *arguments]

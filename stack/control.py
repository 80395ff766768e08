"""`up`, `down` and `status`: the stack in the background."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime

import psutil
import requests
from rich.console import Console
from rich.table import Table

from . import airflow, celery, supervisor
from .client import PARTS, AirflowClient
from .processes import wait_until
from .settings import ROOT, Settings, StackError
from .startup import Stack, airflow_environment, embedded_postgres
from .supervisor import Stopped, Supervisor

READY = "the stack is up"


def up() -> int:
    """Start the stack in the background; returns when it serves, or has given up and said why."""
    settings = Settings.read(demo=False)
    supervisor.take_lock(settings).close()
    background = subprocess.Popen(
        [sys.executable, "-m", "stack", "supervise"],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert background.stdout is not None
    try:
        for line in background.stdout:
            print(line, end="", flush=True)
            if line.rstrip().endswith(READY):
                _welcome(settings)
                return 0
    except KeyboardInterrupt:
        background.terminate()
    return background.wait() or 1


def supervise() -> int:
    """The background process of `up`: starts the stack and tends it until `down`."""
    settings = Settings.read(demo=False)
    settings.logs.mkdir(parents=True, exist_ok=True)
    log = (settings.logs / "supervisor.log").open("a", buffering=1)

    def say(text: str) -> None:
        log.write(f"{datetime.now().astimezone().isoformat(timespec='seconds')} {text}\n")
        with contextlib.suppress(BrokenPipeError):
            print(f"[stack] {text}", flush=True)

    with contextlib.suppress(Stopped), Supervisor(settings, say) as running:
        try:
            Stack(settings, running).start()
        except StackError as error:
            say(str(error))
            return 1
        say(READY)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(log.fileno(), 2)
        while True:
            running.tend()
            time.sleep(0.5)
    return 0


def down() -> int:
    """Stop the stack and wait until nothing of it is left."""
    settings = Settings.read(demo=False)
    pid = supervisor.holder(settings)
    if pid is None:
        print("Nothing is running.")
        return 0
    print(f"[stack] stopping (process {pid})", flush=True)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    try:
        wait_until(lambda: supervisor.holder(settings) is None, 120, "the stack is not down")
    except TimeoutError as error:
        raise StackError(f"{error}; see {settings.logs / 'supervisor.log'}.") from error
    print("[stack] everything has ended")
    return 0


def upgrade() -> int:
    """Stop what runs, bring both databases up to date with what is in them, and start again what ran."""
    settings = Settings.read(demo=False)
    ran = supervisor.holder(settings) is not None
    if ran:
        down()
    try:
        with Supervisor(settings, lambda text: print(f"[stack] {text}", flush=True)) as running:
            Stack(settings, running).upgrade()
    except Stopped:
        return 130
    return up() if ran else 0


def status() -> int:
    """A table of all services; exit code 0 when each is healthy and every DAG file can be read."""
    settings = Settings.read(demo=False)
    console = Console()
    if supervisor.holder(settings) is None:
        console.print("Nothing is running. `make up` starts the stack.")
        return 1
    state_file = settings.run / "state.json"
    state = json.loads(state_file.read_text()) if state_file.exists() else {}
    client = AirflowClient(settings)
    health = client.health()
    table = Table("service", "process", "port", "restarts", "health")
    well = bool(state)
    for name, entry in state.items():
        verdict = _health(settings, name, entry, health)
        well &= verdict == "healthy"
        colour = "green" if verdict == "healthy" else "red"
        table.add_row(
            name, str(entry["pid"]), _port(settings, name), str(entry["restarts"]), f"[{colour}]{verdict}"
        )
    console.print(table)
    try:
        errors = client.import_errors()
        paused = client.dags()
    except requests.RequestException as error:
        console.print(f"Airflow does not answer yet ({type(error).__name__}).")
        return 1
    for file, text in errors.items():
        console.print(f"[red]{file} can't be read:[/]\n{text.strip()}", markup=True, highlight=False)
    active = sorted(name for name, is_paused in paused.items() if not is_paused)
    console.print(f"{len(paused)} DAGs, {len(active)} active{': ' + ', '.join(active) if active else ''}.")
    console.print(f"Airflow: {airflow.url(settings)}  logs: {settings.logs}", highlight=False)
    return 0 if well and not errors else 1


def execute(program: list[str], *, demo: bool) -> int:
    """Become `program`, which then finds Airflow's database and connections."""
    settings = Settings.read(demo=demo)
    if embedded_postgres(settings) and supervisor.holder(settings) is None:
        raise StackError(f"Nothing is running. `make {'demo' if demo else 'up'}` starts the stack.")
    given = [part for part in program if part != "--"] if program[:1] == ["--"] else program
    path = f"{airflow.BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    os.environ["PATH"] = path
    os.execvpe(given[0], given, airflow_environment(settings) | {"PATH": path})


def _health(settings: Settings, name: str, entry: dict[str, int | bool], health: dict[str, str]) -> str:
    if entry["failed"]:
        return "failed"
    if not psutil.pid_exists(int(entry["pid"])):
        return "ended"
    if name in PARTS:
        return health.get(PARTS[name], "unknown")
    if name == "api-server":
        return "healthy" if health else "no answer"
    if name == "postgres":
        server = embedded_postgres(settings)
        return "healthy" if server and server.is_ready() else "no answer"
    if name == "redis":
        return "healthy" if celery.is_up(settings) else "no answer"
    if name.startswith("worker-"):
        well = celery.is_healthy(airflow_environment(settings), celery.node(name))
        return "healthy" if well else "no answer"
    try:
        answer = requests.get(f"http://127.0.0.1:{settings.port('RECEIVER_PORT')}/health", timeout=5)
    except requests.RequestException:
        return "no answer"
    return "healthy" if answer.ok else f"answers {answer.status_code}"


def _port(settings: Settings, name: str) -> str:
    variable = {
        "api-server": "AIRFLOW_PORT",
        "receiver": "RECEIVER_PORT",
        "postgres": "POSTGRES_PORT",
        "redis": "REDIS_PORT",
    }.get(name)
    return str(settings.port(variable)) if variable else ""


def _welcome(settings: Settings) -> None:
    print(f"\nAirflow: {airflow.url(settings)}   user {airflow.ADMIN}, password {airflow.password(settings)}")
    print("`make status` shows the services, `make down` ends them.")
    missing = [
        name
        for name in ("cin7_default", "nav_default")
        if f"{airflow.CONNECTION}{name.upper()}" not in settings.environment
    ]
    if missing:
        print(
            f"Not given yet: {' and '.join(missing)}. Give them in .env (see .env.example) or in Airflow "
            "under Admin, Connections."
        )
    print("All DAGs start paused: switch on those you want.")

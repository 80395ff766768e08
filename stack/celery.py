"""Airflow's CeleryExecutor: a Redis that passes the tasks on, and the workers that carry them out."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import redis
from celery import Celery

from . import airflow
from .settings import CELERY_WORKERS, EXECUTOR, Settings, StackError
from .supervisor import Service

BROKER = "AIRFLOW__CELERY__BROKER_URL"
PRELOADED = ["cin7_nav_plugin"]
"""What a worker imports before it forks the processes that carry out tasks."""

PROGRAMS = ("redis-server", "valkey-server")


def is_wanted(settings: Settings) -> bool:
    """Whether `.env` names the CeleryExecutor."""
    return settings.environment.get(EXECUTOR) == "CeleryExecutor"


def has_own_broker(settings: Settings) -> bool:
    """Whether this stack runs a Redis of its own, because `.env` names none."""
    return is_wanted(settings) and BROKER not in settings.environment


def environment(settings: Settings) -> dict[str, str]:
    """What every Airflow process is told of it; workers share as many tasks at once as LocalExecutor has."""
    if not is_wanted(settings):
        return {}
    tasks = max(2, 8 // _workers(settings))
    told = {
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(tasks),
        "AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": json.dumps({"imports": PRELOADED}),
    }
    if has_own_broker(settings):
        told |= {BROKER: _url(settings, 0), "AIRFLOW__CELERY__RESULT_BACKEND": _url(settings, 1)}
    return told


def broker_service(settings: Settings) -> Service:
    """Redis, which keeps what it has taken on disk. Raises StackError where the machine has none."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise StackError(
            f"{EXECUTOR}=CeleryExecutor needs Redis and there is no redis-server here. Install it (Debian: "
            f"apt-get install redis-server), or name a Redis of yours in .env ({BROKER})."
        )
    folder = settings.var / "redis"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Service("redis", [program, str(_written(settings, folder))], lambda: is_up(settings), grace=10)


def worker_services(settings: Settings, environment: Mapping[str, str], grace: float) -> list[Service]:
    """One for each of CELERY_WORKERS. Asked to end, they first end the tasks that they have begun."""
    names = [f"worker-{number}" for number in range(1, _workers(settings) + 1)]
    return [
        Service(
            name,
            airflow.program(
                "celery", "worker", "--skip-serve-logs", "--without-gossip", "--without-mingle",
                "--celery-hostname", node(name), "--pid", str(settings.run / f"{name}.pid"),
            ),
            partial(is_healthy, environment, node(name)),
            environment,
            stop_signal=signal.SIGTERM,
            grace=grace,
        )
        for name in names
    ]  # fmt: skip


def is_healthy(environment: Mapping[str, str], node: str) -> bool:
    """Whether the worker of this name answers over the broker of this environment."""
    with Celery(broker=environment[BROKER], set_as_current=False) as app:
        try:
            return bool(app.control.inspect([node], timeout=1).ping())
        except OSError:
            return False


def _workers(settings: Settings) -> int:
    text = settings.environment.get(CELERY_WORKERS, "2")
    if not text.isdecimal() or not int(text):
        raise StackError(f"{CELERY_WORKERS} is {text!r}; it must be a number of workers.")
    return int(text)


def node(worker: str) -> str:
    """The name that the service `worker-<n>` has in Celery."""
    return f"{worker}@cin7-nav"


def _url(settings: Settings, database: int) -> str:
    password, port = settings.secret("redis"), settings.port("REDIS_PORT")
    return f"redis://:{password}@127.0.0.1:{port}/{database}"


def _written(settings: Settings, folder: Path) -> Path:
    """The configuration in a file, so that the password is in no list of processes."""
    path = folder / "redis.conf"
    path.touch(mode=0o600)
    path.write_text(
        f"bind 127.0.0.1\nport {settings.port('REDIS_PORT')}\nrequirepass {settings.secret('redis')}\n"
        f'dir "{folder}"\nappendonly yes\nsave ""\n'
    )
    return path


def is_up(settings: Settings) -> bool:
    """Whether this stack's own Redis answers."""
    with redis.Redis.from_url(_url(settings, 0), socket_timeout=2) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False

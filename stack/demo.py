"""`make demo`: one trading day of the seeded company, from authorised invoices to posted G/L entries."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cin7_nav.store.database import Database
from rich.console import Console

from . import airflow, connections, watch
from .sandbox import Sandbox
from .settings import ROOT, Settings
from .startup import Stack, embedded_postgres
from .supervisor import Stopped, Supervisor
from .verdict import Ledger, PageLedger, Verdict, judge
from .watch import Screen

INVOICES = 24
DAY_SECONDS = 70
ANNOUNCED = 0.7
"""The share of invoices that Cin7 tells of by webhook; polling finds the others."""

PATIENCE_SECONDS = 150
"""So long after the last invoice the books may take."""

POLL_EACH_MINUTE = 'poll: "* * * * *"\n'

WEBHOOK_DELAY_SECONDS = 1.0

SCHEDULE, MAPPINGS = "CIN7_NAV_SCHEDULE", "CIN7_NAV_MAPPINGS"


def run(*, once: bool) -> int:
    """Exit code 0 when the verdict is complete, or when somebody ends a demo without `once`."""
    console = Console(highlight=False)
    settings = Settings.read(demo=True)

    def say(text: str) -> None:
        console.print(f"[demo] {text}", markup=False, soft_wrap=True)

    started = time.monotonic()
    schedule, posts = settings.var / "schedule.yaml", connections.can_post(settings)
    mappings = settings.var / "mappings"
    places = {SCHEDULE: str(schedule)} | ({} if posts else {MAPPINGS: str(mappings)})
    settings = replace(settings, environment={**settings.environment, **places})
    with contextlib.suppress(Stopped), Supervisor(settings, say) as supervisor:
        _forget_last_demo(settings)
        schedule.write_text(POLL_EACH_MINUTE)
        if not posts:
            _staging(mappings)
            say(f"{settings.flavour} can't be asked to post: documents are staged, and a clerk posts them")
        stack = Stack(settings, supervisor)
        stack.start()
        stack.wait_for_dags(60)
        say(f"everything is up after {time.monotonic() - started:.0f} s")
        stack.sandbox.cin7.patch("settings", {"webhook_first_delay": WEBHOOK_DELAY_SECONDS})
        say(f"Cin7's webhooks come {WEBHOOK_DELAY_SECONDS:.0f} s after the event (Cin7 itself: a minute)")
        verdict = _trading_day(stack, console, say)
        for line in verdict.lines():
            say(line)
        say(f"Airflow: {airflow.url(settings)}   user {airflow.ADMIN}, password {airflow.password(settings)}")
        if once:
            return 0 if verdict.is_complete else 1
        say("Ctrl-C ends everything.")
        while True:
            supervisor.tend()
            time.sleep(0.5)
    return 1 if once else 0


def _staging(directory: Path) -> None:
    """The mappings as they are shipped, but that people post."""
    shutil.copytree(ROOT / "include" / "mappings", directory)
    company = directory / "company.yaml"
    company.write_text(company.read_text().replace("posting: post\n", "posting: stage\n"))


def clean() -> int:
    """Delete what the last demo has left on disk."""
    settings = Settings.read(demo=True)
    if settings.var.exists():
        with Supervisor(settings, print):
            _forget_last_demo(settings)
        shutil.rmtree(settings.var)
    return 0


def _forget_last_demo(settings: Settings) -> None:
    server = embedded_postgres(settings)
    if server:
        server.destroy()
    for path in settings.var.iterdir():
        if path == settings.run:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _trading_day(stack: Stack, console: Console, say: Callable[[str], None]) -> Verdict:
    flavour, posts = stack.settings.flavour, connections.can_post(stack.settings)
    nav = stack.sandbox.nav
    ledger = Ledger(nav) if flavour == "online" else PageLedger(nav, connections.INSTANCES[flavour])
    opening = ledger.last_number()
    say(f"a trading day begins: {INVOICES} invoices within {DAY_SECONDS} s")
    stack.sandbox.cin7.post(
        "trading-day", {"invoices": INVOICES, "seconds": DAY_SECONDS, "seed": 1, "announced": ANNOUNCED}
    )
    deadline = time.monotonic() + DAY_SECONDS + PATIENCE_SECONDS
    database = Database(stack.dsn)
    with contextlib.closing(database), Screen(console) as screen:
        while True:
            day = stack.sandbox.cin7.get("trading-day")
            of_the_day = _invoices(stack.sandbox, day["authorised"])
            found = watch.rows(of_the_day, database)
            screen.show(found)
            over = len(day["authorised"]) >= day["planned"] and all(row.posted_at for row in found)
            if over or time.monotonic() > deadline:
                break
            stack.supervisor.tend()
            if not posts:
                nav.post("clerk", connections.SHARED_BATCH)
            time.sleep(0.5)
    for line in watch.timing(found):
        say(line)
    return judge(of_the_day, ledger.entries(opening), day["planned"])


def _invoices(sandbox: Sandbox, task_ids: list[str]) -> list[dict[str, Any]]:
    wanted = set(task_ids)
    return [invoice for invoice in sandbox.cin7.get("truth")["invoices"] if invoice["task_id"] in wanted]

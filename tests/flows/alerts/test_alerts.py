"""People are told once of each cause, and once when it is over."""

from __future__ import annotations

import asyncio
import datetime as dt
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cin7_nav.flows.alerts.causes import PREFIX, causes
from cin7_nav.flows.alerts.notifiers import FailureNotifier, RecoveryNotifier, late
from cin7_nav.flows.alerts.tasks import notifiers, tell, told, watch
from cin7_nav.flows.status import Status, status
from cin7_nav.mappings.alerts import Alerts, load
from cin7_nav.store import alerts
from cin7_nav.store.database import Database
from cin7_nav.store.figures import Flow, Waiting
from cin7_nav.store.subscriptions import Trouble

from stack import processes

NOW = dt.datetime(2026, 11, 25, 12, 0, tzinfo=dt.UTC)
CONTEXT = {"dag_run": SimpleNamespace(dag_id="alerts", run_id="run-1")}
DAY = dt.timedelta(days=1)
CALM = Status({}, {}, (), (), 0, 0, {}, {}, (), (), (), (), ())
BAD_FILE = "waiting_hours: soon\nwebhook: true\ndifferences: -1\n"


def waits(state: str, cause: str, age: dt.timedelta, records: int = 1, what: str = "documents") -> Waiting:
    return Waiting(what, state, cause, "mapping editor", records, age)


def test_a_calm_installation_has_no_causes() -> None:
    assert causes(CALM, Alerts(), NOW) == {}


def test_documents_that_wait_for_one_cause_are_one_message() -> None:
    waiting = (
        waits("needs_attention", "account_unmapped", 2 * DAY, 40),
        waits("needs_attention", "party_blocked", DAY / 2),
        waits("unknown", "unknown", DAY / 4),
    )
    found = causes(replace(CALM, waiting=waiting), Alerts(), NOW)
    assert set(found) == {
        f"{PREFIX}documents needs_attention account_unmapped",
        f"{PREFIX}documents unknown unknown",
    }
    told_of = found[f"{PREFIX}documents needs_attention account_unmapped"]
    assert "40 documents" in told_of
    assert "48 hours" in told_of
    assert "mapping editor" in told_of


def test_stock_and_parties_that_wait_are_causes_of_their_own() -> None:
    waiting = tuple(
        waits("needs_attention", "blocked", 2 * DAY, 3, what) for what in ("movements", "parties")
    )
    found = causes(replace(CALM, waiting=waiting), Alerts(), NOW)
    assert [message.partition(" are")[0] for message in found.values()] == ["3 movements", "3 parties"]


def test_a_subscription_that_needs_a_person_is_a_cause() -> None:
    trouble = Trouble("nav", "vendors", "nav_not_renewed", "it ends in 5 h", "data team")
    found = causes(replace(CALM, troubles=(trouble,)), Alerts(), NOW)
    assert found == {f"{PREFIX}nav vendors nav_not_renewed": "it ends in 5 h (data team can fix it)"}


def test_silence_and_unclaimed_events_are_causes() -> None:
    events = Flow("invoices", 3, DAY, None, None, 0, 0, 0)
    quiet = {"sale_list": NOW - 2 * DAY, "purchase_list": NOW, "nav_entries": None}
    found = causes(replace(CALM, flows=(events,), last_read=quiet), Alerts(), NOW)
    assert set(found) == {f"{PREFIX}events of invoices", f"{PREFIX}silence of sale_list"}


def test_an_empty_rule_is_never_told_of() -> None:
    rules = Alerts(waiting_hours=None)
    assert causes(replace(CALM, waiting=(waits("held", "twin_in_nav", 9 * DAY),)), rules, NOW) == {}


def test_a_mistake_in_the_file_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "alerts.yaml").write_text(BAD_FILE)
    rules, warnings = load(tmp_path / "alerts.yaml")
    assert (rules.waiting_hours, rules.webhook, rules.differences) == (24, True, 0)
    assert len(warnings) == 2


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """An incoming webhook as chat programs have it; the texts that came."""
    texts: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            texts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connection = {"conn_type": "http", "host": "127.0.0.1", "port": server.server_port, "schema": "http"}
    monkeypatch.setenv("AIRFLOW_CONN_CIN7_NAV_ALERTS", json.dumps(connection))
    yield texts
    server.shutdown()


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EmailMessage]]:
    """A mail server; the messages that came."""
    messages: list[EmailMessage] = []

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            parsed = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            messages.append(parsed)
            return "250 OK"

    port = processes.free_port()
    server = Controller(Handler(), hostname="127.0.0.1", port=port)
    server.start()
    extra = {"from_email": "cin7-nav@example.com", "disable_ssl": True, "disable_tls": True}
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
    yield messages
    server.stop()


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "alerts.yaml"
    path.write_text("webhook: true\n")
    monkeypatch.setenv("CIN7_NAV_ALERTS", str(path))
    return path


@pytest.mark.usefixtures("airflow_connection", "rules")
def test_a_cause_is_told_once_and_its_end_once(database: Database, webhook: list[str]) -> None:
    alerts.settle(database, PREFIX, {f"{PREFIX}silence": "nothing was read"})
    assert tell(CONTEXT) == 1
    alerts.settle(database, PREFIX, {f"{PREFIX}silence": "nothing was read for longer"})
    assert tell(CONTEXT) == 0
    assert watch(CONTEXT) == 0
    assert tell(CONTEXT) == 1
    assert tell(CONTEXT) == 0
    first, over = webhook
    assert "nothing was read" in first
    assert "over: silence" in over


@pytest.mark.usefixtures("airflow_connection")
def test_a_cause_and_its_end_come_by_mail(
    database: Database, mailbox: list[EmailMessage], rules: Path
) -> None:
    rules.write_text("email: [accounts@example.com, data@example.com]\n")
    alerts.settle(database, PREFIX, {f"{PREFIX}silence": "nothing was read <for> hours"})
    assert tell(CONTEXT) == 1
    assert watch(CONTEXT) == 0
    assert tell(CONTEXT) == 1
    first, over = mailbox
    assert first["To"] == "accounts@example.com, data@example.com"
    assert first["Subject"] == "cin7-nav: silence"
    body = first.get_body()
    assert body is not None
    assert "nothing was read &lt;for&gt; hours" in body.get_content()
    assert over["Subject"] == "cin7-nav: over: silence"


@pytest.mark.usefixtures("airflow_connection", "rules")
def test_what_could_not_be_told_is_told_by_the_next_run(
    database: Database, webhook: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alerts.arise(database, {"failed: a.b": "it failed"})
    with monkeypatch.context() as away:
        away.setenv(
            "AIRFLOW_CONN_CIN7_NAV_ALERTS", json.dumps({"conn_type": "http", "host": "127.0.0.1", "port": 9})
        )
        with pytest.raises(RuntimeError, match=r"failed: a\.b"):
            tell(CONTEXT)
    assert tell(CONTEXT) == 1
    assert len(webhook) == 1


class Ti:
    dag_id, task_id, run_id = "invoices_to_journal", "deliver", "run-1"


@pytest.mark.usefixtures("airflow_connection")
def test_failures_of_one_task_are_one_cause_until_it_succeeds(database: Database) -> None:
    for run in ("run-1", "run-2"):
        ti = Ti()
        ti.run_id = run
        FailureNotifier().notify({"ti": ti, "exception": ValueError("NAV is away\nand more")})
    asyncio.run(late(None, dag_id="invoices_to_journal", minutes=120))
    failed, slow = alerts.standing(database)
    assert (failed.cause, slow.cause) == ("failed: invoices_to_journal.deliver", "late: invoices_to_journal")
    assert "NAV is away" in failed.message
    assert "and more" not in failed.message
    RecoveryNotifier().notify({"ti": Ti()})
    assert alerts.standing(database) == []


def test_mail_carries_text_and_no_markup_of_its_cause(database: Database) -> None:
    alerts.arise(database, {"failed: x": "<script>"})
    (alert,) = alerts.untold(database)
    mail, chat = notifiers(Alerts(email=["a@example.com"], webhook=True), alert)
    fields: Any = mail
    assert "&lt;script&gt;" in fields.html_content
    assert fields.to == ["a@example.com"]
    assert type(chat).__name__ == "HttpNotifier"
    assert told(database, Alerts(), {}) == 0


def test_the_status_of_an_empty_installation_is_plain_json(database: Database) -> None:
    found = json.loads(json.dumps(status(database).as_json()))
    assert found["documents"] == {}
    assert found["flows"][0]["catches_up_in"] == 0
    assert Decimal(found["difference_amount"]) == 0

"""The commands at the keyboard, on a real database."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from cin7_nav.cli import app
from cin7_nav.store import subscriptions, webhook_secrets
from typer.testing import CliRunner, Result

from tests.flows.invoices.conftest import Flow, flow
from tests.flows.reconciliation.conftest import connect

__all__ = ["flow"]


@pytest.fixture
def run(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on the database of the `flow`."""
    dsn = psycopg2.extensions.parse_dsn(flow.database.dsn)
    database = {
        "conn_type": "postgres", "host": dsn["host"], "port": int(dsn["port"]), "login": dsn["user"],
        "password": dsn.get("password", ""), "schema": dsn["dbname"],
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_CIN7_NAV_DB", json.dumps(database))
    monkeypatch.setenv("CIN7_NAV_MAPPINGS", str(flow.directory))

    def command(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return command


def posted(flow: Flow) -> dict[str, Any]:
    made = flow.sale("100.00")
    flow.ready()
    flow.deliver()
    return made


def test_status_tells_what_waits_since_when_and_who_can_fix_it(flow: Flow, run: Any) -> None:
    flow.sale(charges=[{"tax_rule": "Levy 3%"}])
    flow.ready()
    flow.translate()
    shown = run("status")
    assert shown.exit_code == 0, shown.output
    assert "1 needs_attention" in shown.output
    assert "mapping editor can fix it" in shown.output
    assert "tried 1 times" in shown.output


def test_status_says_why_a_document_that_is_ready_was_not_sent(flow: Flow, run: Any) -> None:
    made = flow.sale()
    flow.ready()
    flow.sandbox.nav.fault("status", "/journals$", "POST", times=2, status=401)
    assert flow.deliver() == {"ready": 1}
    shown = run("status").output
    assert f"{made['number']} of {made['order_number']}: ready" in shown
    assert "not sent, to be tried again: NAV refuses our login" in shown
    assert flow.deliver() == {"posted": 1}
    assert "refuses our login" not in run("status").output


def test_the_trail_shows_the_chain_of_postings(flow: Flow, run: Any) -> None:
    made = posted(flow)
    flow.act(made, "void")
    flow.ready()
    flow.deliver()
    shown = run("trail", made["number"])
    assert shown.exit_code == 0, shown.output
    assert f"takes back C7S-{made['number']}" in shown.output
    assert "reversed" in shown.output
    assert "the chain of the audit trail is whole" in shown.output


def test_what_is_to_apply_is_listed_until_somebody_says_it_is_done(flow: Flow, run: Any) -> None:
    made = posted(flow)
    flow.act(made, "void")
    flow.ready()
    flow.deliver()
    (_, reversal) = [number for number, *_ in flow.deliveries(made)]
    assert f"{reversal} (-120.00) to C7S-{made['number']}: takes it back" in run("to-apply").output
    assert run("applied", reversal).exit_code == 0
    assert run("to-apply").output.strip() == "nothing"
    assert run("applied", reversal).exit_code == 1


def test_a_document_is_put_aside_with_a_reason(flow: Flow, run: Any) -> None:
    made = flow.sale(charges=[{"tax_rule": "Levy 3%"}])
    flow.ready()
    assert run("decide", made["number"], "post", "--reason", "why not").exit_code == 1
    assert run("decide", made["number"], "skip", "--reason", "a test order").exit_code == 0
    flow.translate()
    assert flow.state(made) == "skipped"


def test_a_preview_shows_the_journal_and_what_nav_holds_of_it(
    flow: Flow, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(flow, monkeypatch)
    made = flow.sale("100.00")
    shown = run("preview", made["number"])
    assert shown.exit_code == 0, shown.output
    lines = [" ".join(line.split()) for line in shown.output.splitlines()]
    assert f"NAV holds nothing under C7S-{made['number']}" in lines
    assert any(line.startswith("Customer C00010 debit 120.00 ") for line in lines)
    assert any(line.startswith("rules ") and "accounts.yaml:" in line for line in lines)
    assert flow.batches() == {}
    flow.ready()
    flow.deliver()
    assert "2310 120.00" in run("preview", made["number"]).output
    assert run("preview", "INV-99999").exit_code == 1


def test_the_clearing_account_is_told_by_purchase(
    flow: Flow, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(flow, monkeypatch)
    made = flow.purchase("100.00")
    flow.ready()
    flow.deliver()
    shown = run("clearing")
    assert shown.exit_code == 0, shown.output
    assert f"{made['order_number']}: invoiced, not received: 100" in shown.output
    assert "balance of NAV account 5450: 100" in shown.output


def test_a_webhook_secret_is_admitted_beside_the_former_one_until_it_is_the_only_one(
    flow: Flow, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give(secret: str) -> None:
        monkeypatch.setenv(
            "AIRFLOW_CONN_CIN7_NAV_WEBHOOKS", json.dumps({"conn_type": "http", "password": secret})
        )

    def counts() -> list[str]:
        rows = flow.sql("SELECT encode(sha256, 'hex') FROM webhook_secret WHERE source = 'cin7'")
        return [
            word for word in ("former", "newer") if (webhook_secrets.fingerprint(word * 4).hex(),) in rows
        ]

    give("former" * 4)
    assert run("admit-webhook-secret").exit_code == 0
    give("newer" * 4)
    assert run("admit-webhook-secret").exit_code == 0
    assert counts() == ["former", "newer"]
    assert run("admit-webhook-secret", "--only").exit_code == 0
    assert counts() == ["newer"]
    give("short")
    refused = run("admit-webhook-secret")
    assert (refused.exit_code, "at least 16 characters" in refused.output) == (1, True)


def test_an_unknown_number_is_said(run: Any) -> None:
    shown = run("trail", "INV-99")
    assert shown.exit_code == 1
    assert "INV-99" in shown.output


def test_broken_mappings_are_named_with_file_and_line(flow: Flow, run: Any) -> None:
    file = Path(flow.directory) / "company.yaml"
    file.write_text(file.read_text().replace("valuation: nav", "valuation: both"))
    shown = run("check")
    assert shown.exit_code == 1
    assert "company.yaml:" in shown.output


def test_the_status_as_json_is_one_document(flow: Flow, run: Any) -> None:
    posted(flow)
    flow.sale(charges=[{"tax_rule": "Levy 3%"}])
    flow.ready()
    found = json.loads(run("status", "--json").output)
    assert found["documents"] == {"posted": 1, "needs_attention": 1}
    (waiting,) = found["waiting"]
    assert (waiting["cause"], waiting["fixer"]) == ("tax_rule_unmapped", "mapping editor")
    assert found["flows"][0]["last_posted"]


def test_the_audit_trail_is_verified_and_the_broken_row_named(flow: Flow, run: Any) -> None:
    posted(flow)
    shown = run("audit", "verify")
    assert shown.exit_code == 0, shown.output
    assert "the chain is whole" in shown.output
    flow.sql("ALTER TABLE audit DISABLE TRIGGER audit_no_change")
    ((broken,),) = flow.sql("UPDATE audit SET why = 'other' WHERE to_state = 'sending' RETURNING id")
    shown = run("audit", "verify")
    assert shown.exit_code == 1
    assert f"at row {broken}" in shown.output


def test_documents_are_listed_by_the_filters_of_a_replay(flow: Flow, run: Any) -> None:
    made = posted(flow)
    shown = run("list", "--text", made["number"], "--state", "posted")
    assert f"C7S-{made['number']}" in shown.output
    assert run("list", "--state", "held").output == ""
    assert run("list", "--state", "lost").exit_code == 2


def test_a_replay_is_shown_refused_and_done_at_the_keyboard(
    flow: Flow, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(flow, monkeypatch)
    made = flow.sale("100.00")
    refused = run("replay", "--from", "2026-11-30", "--to", "2026-11-01", "--state", "lost")
    assert refused.exit_code == 2
    assert "reversed" in refused.output
    assert "lost" in refused.output
    shown = run("replay", "--documents", made["number"])
    assert shown.exit_code == 0, shown.output
    assert f"not read yet, looked for in Cin7: {made['number']}" in shown.output
    assert "nothing was sent" in shown.output
    assert run("replay", "--documents", made["number"], "--send").exit_code == 0
    assert flow.is_posted_once(made)
    above = run("replay", "--state", "posted", "--send", "--cap", "1")
    assert above.exit_code == 0, above.output
    flow.sale("100.00")
    flow.ready()
    above = run("replay", "--to", str(flow.today), "--send", "--cap", "1")
    assert above.exit_code == 1
    assert "more than the cap of 1" in above.output


def test_a_mistake_in_the_alerts_is_named(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "alerts.yaml").write_text("waiting_hours: soon\n")
    monkeypatch.setenv("CIN7_NAV_ALERTS", str(tmp_path / "alerts.yaml"))
    shown = run("check")
    assert shown.exit_code == 1
    assert "alerts.yaml:1" in shown.output


def test_subscriptions_shows_both_sides_what_landed_and_what_is_wrong(flow: Flow, run: Any) -> None:
    now = dt.datetime(2026, 11, 20, 8, 0, tzinfo=dt.UTC)
    assert "nothing is registered yet" in run("subscriptions").output
    subscriptions.seen(flow.database, "nav", "vendors", "an-id", now, now + dt.timedelta(days=3))
    subscriptions.lost(flow.database, "cin7", "Sale/Undo", now, "it was deleted in Cin7")
    shown = run("subscriptions")
    assert shown.exit_code == 0, shown.output
    lines = [" ".join(line.split()) for line in shown.output.splitlines()]
    assert lines == [
        "cin7 Sale/Undo not there; nothing landed yet; silent since 2026-11-20 08:00: it was deleted in Cin7",
        "nav vendors active, ends 2026-11-23 08:00; nothing landed yet",
    ]
    wrong = subscriptions.Trouble("nav", "vendors", "nav_subscription", "NAV refused", "NAV administrator")
    subscriptions.note(flow.database, [wrong], now)
    shown = run("subscriptions")
    assert shown.exit_code == 1
    assert "NAV refused [NAV administrator can fix it]" in " ".join(shown.output.split())

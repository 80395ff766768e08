"""What the receiver answers, lands and says, over real HTTP."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests
from cin7_nav.receiver import events, intake
from cin7_nav.store import inbox, webhook_secrets
from cin7_nav.store.database import Database

INVOICE = "Sale/InvoiceAuthorised"
SALE = "8B1538E4-FA56-49C8-89C9-38D106439577"
BODY = json.dumps({"SaleTaskID": SALE, "OrderNumber": "SO-00001", "CustomerContactEmail": "ann@example.com"})

Rows = Callable[[], list[tuple[Any, ...]]]


def test_an_event_lands_and_waits_for_its_flow(receiver: Any, rows: Rows) -> None:
    assert receiver.post(INVOICE, BODY).status_code == 200
    assert rows() == [(INVOICE, "invoices", SALE.lower(), "SO-00001", "waiting", 0)]


def test_an_event_that_concerns_two_flows_waits_for_each_of_them(
    receiver: Any, rows: Rows, database: Database
) -> None:
    for _ in range(2):
        assert receiver.post("Sale/CreditNoteAuthorised", BODY).status_code == 200
    found = sorted((flow, state, repeats) for _, flow, _, _, state, repeats in rows())
    assert found == [("invoices", "waiting", 1), ("stock", "waiting", 1)]
    (event,) = inbox.claim(database, "stock", "a run", 10)
    inbox.done(database, [event.id])
    assert [one.record_id for one in inbox.claim(database, "invoices", "a run", 10)] == [SALE.lower()]


def test_the_secret_may_come_in_a_header_of_its_own(receiver: Any, rows: Rows) -> None:
    secret = "a-long-random-secret-for-tests"
    assert receiver.post(INVOICE, BODY, secret=None, X_Webhook_Secret=secret).status_code == 200
    assert len(rows()) == 1


@pytest.mark.parametrize("secret", [None, "wrong", "a-long-random-secret-for-test", "geheimnis-\xfc"])
def test_a_wrong_secret_lands_nothing(receiver: Any, rows: Rows, secret: str | None) -> None:
    answer = receiver.post(INVOICE, BODY, secret=secret)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert rows() == []


def test_a_wrong_secret_is_refused_before_the_json_is_looked_at(
    receiver: Any, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[bytes] = []
    monkeypatch.setattr(events, "parse", looked_at.append)
    assert receiver.post(INVOICE, "not json", secret="wrong").status_code == 401
    assert (looked_at, rows()) == ([], [])


def test_a_nav_secret_does_not_open_the_cin7_door(receiver: Any, database: Database) -> None:
    webhook_secrets.admit(database, "nav", "a-secret-of-the-other-sender")
    assert receiver.post(INVOICE, BODY, secret="a-secret-of-the-other-sender").status_code == 401


def test_two_secrets_are_valid_during_a_rotation(receiver: Any, database: Database) -> None:
    webhook_secrets.admit(database, "cin7", "the-next-long-random-secret")
    assert receiver.post(INVOICE, BODY).status_code == 200
    assert receiver.post(INVOICE, BODY, secret="the-next-long-random-secret").status_code == 200
    webhook_secrets.keep_only(database, "cin7", "the-next-long-random-secret")
    assert receiver.post(INVOICE, BODY).status_code == 401
    assert receiver.post(INVOICE, BODY, secret="the-next-long-random-secret").status_code == 200


def test_only_post_is_taken(receiver: Any) -> None:
    answer = requests.get(f"{receiver.url}/cin7/{INVOICE}", timeout=10)
    assert (answer.status_code, answer.json()) == (405, {"error": "This method is not allowed here."})


@pytest.mark.parametrize("path", ["", "docs", "cin7/", "cin7/Sale", "cin7/Sale/Undo/", "cin7/Sale/Un%20do"])
def test_nothing_else_is_there(receiver: Any, path: str) -> None:
    headers = {"Authorization": "Bearer a-long-random-secret-for-tests", "Content-Type": "application/json"}
    answer = requests.post(f"{receiver.url}/{path}", data=BODY, headers=headers, timeout=10)
    assert answer.status_code == 404
    assert answer.json() == {"error": "There is nothing here."}


@pytest.mark.parametrize("extra", [0, 1])
@pytest.mark.parametrize("chunked", [False, True])
def test_the_body_has_a_largest_size(receiver: Any, rows: Rows, chunked: bool, extra: int) -> None:
    body = BODY.encode().ljust(intake.LARGEST["cin7"] + extra)

    def chunks() -> Iterator[bytes]:
        yield body[:1000]
        yield body[1000:]

    answer = receiver.post(INVOICE, chunks() if chunked else body)
    assert answer.status_code == (413 if extra else 200)
    assert len(rows()) == 1 - extra


def test_a_body_that_dawdles_is_given_up(receiver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "BODY_TIMEOUT_S", 0.05)
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as connection:
        connection.sendall(
            f"POST /cin7/{INVOICE} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{{".encode()
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("application/json", 200), ("Application/JSON; charset=utf-8", 200), ("application/x.y+json", 200),
     ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("application/jsonp", 415)],
)  # fmt: skip
def test_only_json_is_taken(receiver: Any, content_type: str, status: int) -> None:
    assert receiver.post(INVOICE, BODY, Content_Type=content_type).status_code == status


def test_a_compressed_body_is_refused(receiver: Any) -> None:
    assert receiver.post(INVOICE, BODY, Content_Encoding="gzip").status_code == 415


@pytest.mark.parametrize(
    "body",
    [b"{", b"", b'"text"', b"\xff\xfe{}", b'{"SaleTaskID": NaN}', b"[" * 200_000,
     b'{"a": ' * 33 + b"1" + b"}" * 33,
     b'{"OrderNumber": "SO-1", "x": "\\u0000"}', b'{"OrderNumber": "SO-1", "x": "\\ud800"}', b"{\x00}",
     b'{"OrderNumber": "SO-1", "x": 1e999999}', b'{"CustomerName": "nothing to look at"}',
     b'"' + b'\\"' * 130_000],
    ids=range(13),
)  # fmt: skip
def test_a_body_that_cant_be_read_is_kept_and_accepted(receiver: Any, rows: Rows, body: bytes) -> None:
    assert receiver.post(INVOICE, body).status_code == 202
    assert rows() == [(INVOICE, "invoices", "", "", "quarantined", 0)]


def test_an_identical_event_that_waits_is_merged(receiver: Any, rows: Rows, database: Database) -> None:
    for _ in range(3):
        receiver.post(INVOICE, BODY)
    assert [row[-1] for row in rows()] == [2]
    with database.transaction() as cursor:
        cursor.execute("UPDATE inbox SET state = 'claimed'")
    receiver.post(INVOICE, BODY)
    assert [row[-2:] for row in rows()] == [("claimed", 2), ("waiting", 0)]


def test_an_event_without_a_flow_is_kept_and_done(receiver: Any, rows: Rows) -> None:
    body = '[{"TaskID": "t", "Name": "call back"}]'
    assert receiver.post("Task/Overdue", body).status_code == 200
    assert rows() == [("Task/Overdue", "none", "", "", "done", 0)]


def test_each_record_of_a_list_lands_with_its_own_part(receiver: Any, database: Database) -> None:
    first, second = "11111111-0000-4000-8000-000000000001", "11111111-0000-4000-8000-000000000002"
    customers = [{"Customer": {"ID": id_, "Discount": 1.0000}, "Addresses": []} for id_ in (first, second)]
    body = json.dumps({"NumberOfCustomers": 2, "CustomerDetailsList": customers})
    assert receiver.post("Customer/Updated", body).status_code == 200
    with database.transaction() as cursor:
        cursor.execute("SELECT record_id, flow, payload->'Customer'->>'ID' FROM inbox ORDER BY id")
        assert cursor.fetchall() == [(first, "parties", first), (second, "parties", second)]


def test_decimals_are_kept_as_written(receiver: Any, database: Database) -> None:
    body = '[{"ID": "11111111-0000-4000-8000-000000000001", "SKU": "HV-0001", "OnHand": 497.0000}]'
    receiver.post("Stock/AvailableStockLevelChanged", body)
    with database.transaction() as cursor:
        cursor.execute("SELECT payload FROM inbox")
        row = cursor.fetchone()
    assert row is not None
    assert str(row[0][0]["OnHand"]) == str(Decimal("497.0000"))


def test_a_database_that_is_away_is_our_fault(receiver: Any, database: Database) -> None:
    with database.transaction() as cursor:
        cursor.execute("ALTER TABLE webhook_secret RENAME TO hidden")
    answer = receiver.post(INVOICE, BODY)
    assert (answer.status_code, answer.json()) == (503, {"error": "The inbox can't be reached."})


def test_it_starts_without_a_database_and_says_so(serve: Any) -> None:
    with serve("postgresql://nobody:nothing@127.0.0.1:9/none") as receiver:
        assert requests.get(f"{receiver.url}/health", timeout=10).status_code == 503
        assert receiver.post(INVOICE, BODY).status_code == 503


def test_it_recovers_when_the_database_ended_its_connections(
    receiver: Any, end_sessions: Callable[[str], int], rows: Rows
) -> None:
    receiver.post(INVOICE, BODY)
    assert end_sessions("cin7_nav_receiver") == 1
    assert receiver.post(INVOICE, BODY).status_code == 200
    assert rows()[0][-1] == 1


def test_it_is_healthy(receiver: Any) -> None:
    answer = requests.get(f"{receiver.url}/health", timeout=10)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_the_log_names_records_and_nothing_of_the_sender(
    receiver: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.post(INVOICE, BODY)
    receiver.post(INVOICE, '{"SaleTaskID": "broken", "CustomerContactEmail": "ann@example.com"')
    receiver.post(INVOICE, BODY, secret="wrong-but-private")
    said = [(r.getMessage(), vars(r)["fields"]) for r in caplog.records if r.name == "cin7_nav.receiver"]
    assert said == [
        ("landed", {"type": INVOICE, "records": [SALE.lower()]}),
        ("quarantined", {"type": INVOICE, "why": "not JSON"}),
        ("refused", {"status": 401}),
    ]
    assert not [word for word in ("ann@", "wrong-but", "a-long-random") if word in f"{caplog.text}{said}"]


@pytest.mark.parametrize("shown", [None, "wrong"])
def test_a_wrong_secret_calls_for_help_at_once_and_once(
    receiver: Any, rings: Rows, shown: str | None
) -> None:
    """Cin7 switches the webhook off after six of them."""
    for _ in range(3):
        receiver.post(INVOICE, BODY, secret=shown)
    assert rings() == [("cin7", "receiver/wrong-secret", "waiting", 2)]


def test_an_address_that_is_always_wrong_is_put_off_and_the_right_secret_still_passes(
    receiver: Any, rows: Rows
) -> None:
    assert receiver.post(INVOICE, BODY).status_code == 200
    answers = [receiver.post(INVOICE, BODY, secret="wrong").status_code for _ in range(62)]
    assert (answers[0], answers[-1]) == (401, 429)
    assert receiver.post(INVOICE, BODY).status_code == 200


def test_what_is_counted_can_be_read(receiver: Any) -> None:
    def counted() -> dict[str, float]:
        lines = requests.get(f"{receiver.url}/metrics", timeout=10).text.splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line[0] != "#"}

    landed = 'cin7_nav_receiver_requests_total{outcome="landed",source="cin7"}'
    refused = 'cin7_nav_receiver_requests_total{outcome="wrong secret",source="cin7"}'
    before = counted()
    receiver.post(INVOICE, BODY)
    receiver.post(INVOICE, BODY, secret="wrong")
    after = counted()
    assert after[landed] - before.get(landed, 0) == 1
    assert after[refused] - before.get(refused, 0) == 1

"""Landing, claiming, leases, and who may come in."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from cin7_nav.store import inbox, webhook_secrets
from cin7_nav.store.database import Database

SECRET = webhook_secrets.fingerprint("a-long-random-secret-for-tests")
Land = Callable[..., bool]


@pytest.fixture
def land(database: Database) -> Land:
    webhook_secrets.admit(database, "cin7", "a-long-random-secret-for-tests")

    def land(*numbers: str, flow: str = "invoices", secret: bytes = SECRET, body: str = "{}") -> bool:
        records = json.dumps([{"record_id": "", "number": number, "path": []} for number in numbers])
        with database.transaction() as cursor:
            cursor.execute(
                "SELECT valid FROM "
                "land_event('default', 'cin7', %s, 'Sale/Voided', %s, 'hash', %s, %s, false)",
                (secret, flow, body, records),
            )
            return bool((cursor.fetchone() or (False,))[0])

    return land


def let_leases_expire(database: Database) -> None:
    with database.transaction() as cursor:
        cursor.execute("UPDATE inbox SET lease_until = clock_timestamp() WHERE state = 'claimed'")


def numbers(events: list[inbox.Event]) -> list[str]:
    return [event.number for event in events]


def test_events_are_claimed_once_and_oldest_first(database: Database, land: Land) -> None:
    land("2", "1")
    land("3")
    land("other", flow="stock")
    assert numbers(inbox.claim(database, "invoices", "a", 2)) == ["1", "2"]
    assert numbers(inbox.claim(database, "invoices", "b", 9)) == ["3"]
    assert inbox.claim(database, "invoices", "b", 9, held=[3]) == []


def test_a_claimed_event_carries_what_landed(database: Database, land: Land) -> None:
    land("SO-1", body='{"OrderNumber": "SO-1"}')
    land("SO-1", body='{"OrderNumber": "SO-1"}')
    (event,) = inbox.claim(database, "invoices", "a", 1)
    assert (event.source, event.type, event.record_id, event.number) == ("cin7", "Sale/Voided", "", "SO-1")
    assert (event.payload, event.sha256, event.repeats) == ({"OrderNumber": "SO-1"}, "hash", 1)


def test_a_retried_task_gets_its_own_events_again_at_once(database: Database, land: Land) -> None:
    land("1", "2")
    inbox.claim(database, "invoices", "dag run", 1)
    assert numbers(inbox.claim(database, "invoices", "dag run", 9)) == ["1", "2"]


def test_a_loop_over_claims_ends(database: Database, land: Land) -> None:
    land("1", "2", "3")
    held: list[int] = []
    while events := inbox.claim(database, "invoices", "a", 2, held=held):
        held += [event.id for event in events]
    assert held == [1, 2, 3]


def test_an_expired_lease_is_taken_over(database: Database, land: Land) -> None:
    land("1")
    inbox.claim(database, "invoices", "dead", 1)
    assert inbox.claim(database, "invoices", "alive", 1) == []
    let_leases_expire(database)
    assert inbox.waiting(database, "invoices") == 1
    assert numbers(inbox.claim(database, "invoices", "alive", 1)) == ["1"]


def test_what_is_done_never_comes_back(database: Database, land: Land) -> None:
    land("1", "2")
    inbox.done(database, [event.id for event in inbox.claim(database, "invoices", "a", 1)])
    let_leases_expire(database)
    assert numbers(inbox.claim(database, "invoices", "a", 9)) == ["2"]


def test_a_waiting_event_cant_be_done_unseen(database: Database, land: Land) -> None:
    land("1")
    inbox.done(database, [1])
    assert inbox.waiting(database, "invoices") == 1


def test_a_released_event_is_free_for_anyone_though_an_identical_one_landed(
    database: Database, land: Land
) -> None:
    land("1")
    events = inbox.claim(database, "invoices", "a", 1)
    land("1")
    inbox.release(database, [event.id for event in events])
    assert inbox.waiting(database, "invoices") == 2
    assert len(inbox.claim(database, "invoices", "b", 9)) == 2


def test_workers_at_the_same_time_share_without_overlap(database: Database, land: Land) -> None:
    land(*(str(number) for number in range(60)))

    def drain(owner: str) -> list[int]:
        held: list[int] = []
        while events := inbox.claim(database, "invoices", owner, 4, held=held):
            held += [event.id for event in events]
        return held

    with ThreadPoolExecutor(4) as pool:
        claimed = [id_ for ids in pool.map(drain, "abcd") for id_ in ids]
    assert sorted(claimed) == list(range(1, 61))


def test_a_locked_event_is_passed_over_not_waited_for(database: Database, land: Land) -> None:
    land("1", "2")
    with database.transaction() as cursor:
        cursor.execute("SELECT FROM inbox WHERE number = '1' FOR UPDATE")
        assert numbers(inbox.claim(database, "invoices", "a", 9)) == ["2"]


def test_the_age_is_that_of_the_oldest_claimable_event(database: Database, land: Land) -> None:
    assert (inbox.waiting(database, "invoices"), inbox.oldest_age(database, "invoices")) == (0, None)
    land("1", "2")
    with database.transaction() as cursor:
        cursor.execute("UPDATE inbox SET landed_at = landed_at - interval '1 hour' * id")
    age = inbox.oldest_age(database, "invoices")
    assert age is not None
    assert dt.timedelta(hours=2) <= age < dt.timedelta(hours=2, minutes=1)


def test_one_body_may_name_many_records_without_an_id(database: Database, land: Land) -> None:
    land("1", "2")
    land("1", "2")
    assert [event.repeats for event in inbox.claim(database, "invoices", "a", 9)] == [1, 1]


def test_the_channel_rings_for_each_landing_each_release_and_each_wrong_secret(
    database: Database, land: Land
) -> None:
    listener = database.connect()
    listener.autocommit = True
    with listener.cursor() as cursor:
        cursor.execute(f"LISTEN {inbox.CHANNEL}")
        land("1")
        land("1")
        land("2", flow="none")
        land(flow="stock")
        land("3", secret=b"\0" * 32)
        inbox.release(database, [event.id for event in inbox.claim(database, "invoices", "a", 9)])
        cursor.execute("SELECT")  # its answer brings every notification that was sent before
    told = [notice.payload for notice in listener.notifies]
    assert told == ["invoices", "invoices", "subscriptions", "invoices"]
    listener.close()


def test_without_records_only_the_secret_is_checked(database: Database, land: Land) -> None:
    assert (land(), land(secret=b"\0" * 32)) == (True, False)
    assert inbox.waiting(database, "invoices") == 0


def test_the_secret_before_the_last_one_ends_with_the_next_rotation(database: Database) -> None:
    secrets = [f"long-random-secret-number-{number}" for number in range(3)]
    for secret in [*secrets, secrets[2]]:
        webhook_secrets.admit(database, "cin7", secret)
    with database.transaction() as cursor:
        cursor.execute("SELECT sha256 FROM webhook_secret ORDER BY admitted_at")
        kept = [bytes(row[0]) for row in cursor.fetchall()]
    assert kept == [webhook_secrets.fingerprint(secret) for secret in secrets[1:]]


def test_a_rotation_never_ends_without_a_secret(database: Database, land: Land) -> None:
    webhook_secrets.keep_only(database, "cin7", "one-that-nobody-admitted")
    assert land("1")


def test_a_short_secret_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="16 characters"):
        webhook_secrets.admit(database, "cin7", "p" * 15)


@pytest.mark.parametrize(
    ("token", "expires_in", "answered"),
    [("expected", "1 minute", True), ("expected", "-1 second", False), ("another", "1 minute", False)],
)
def test_only_an_expected_handshake_is_answered(
    database: Database, receiver_dsn: str, token: str, expires_in: str, answered: bool
) -> None:
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO expected_handshake VALUES ('default', %s, clock_timestamp() + %s::interval)",
            (webhook_secrets.fingerprint("expected"), expires_in),
        )
    with contextlib.closing(psycopg2.connect(receiver_dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT answer_handshake('default', %s)", (webhook_secrets.fingerprint(token),))
        assert cursor.fetchone() == (answered,)


def test_what_is_no_known_source_is_refused_by_the_database(database: Database) -> None:
    with pytest.raises(psycopg2.errors.CheckViolation):
        webhook_secrets.admit(database, "elsewhere", "a-long-random-secret-for-tests")

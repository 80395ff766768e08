"""Cin7's side of the renewal, against the sandbox."""

from __future__ import annotations

from typing import Any

import pytest
from cin7_nav.mappings.subscriptions import Subscriptions

from tests.flows.subscriptions.conftest import SECRET, until

UNDO = "Sale/Undo"


def test_what_is_wanted_is_registered_with_secret_and_headers(office: Any) -> None:
    assert office.renew().changed["cin7 created"] == 2
    webhook = office.webhooks()[UNDO]
    assert webhook["ExternalURL"] == f"{office.base}/cin7/{UNDO}"
    assert (webhook["ExternalAuthorizationType"], webhook["ExternalBearerToken"]) == ("bearerauth", SECRET)
    assert webhook["ExternalHeaders"] == [{"Key": "X-Webhook-Secret", "Value": SECRET}]
    assert webhook["IsActive"] is True
    assert office.audited("cin7", UNDO)[0].startswith("new; silent from ")


def test_an_event_of_it_lands(office: Any) -> None:
    office.renew()
    office.sandbox.cin7.patch("settings", {"webhook_first_delay": 0})
    lines = [{"sku": "HV-0001", "quantity": 1, "price": "10.00", "account": "200"}]
    office.sandbox.cin7.post("sale-invoice", {"lines": lines, "announce": True})
    until(lambda: office.events("invoices"), "no event came")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"IsActive": False}, "Cin7 had switched it off"),
        ({"ExternalBearerToken": None}, "it carried another secret"),
        ({"ExternalAuthorizationType": "noauth"}, "it carried another secret"),
        ({"ExternalURL": "https://elsewhere.example/cin7"}, "it led to another address"),
    ],
)
def test_what_differs_is_put_right_with_everything_and_caught_up_with(
    office: Any, change: dict[str, Any], why: str
) -> None:
    office.renew()
    before = office.webhooks()[UNDO]
    office.cut_off(before, **change)
    done = office.renew()
    assert done.changed["cin7 repaired"] == 1
    assert done.changed["gaps caught up with"] == 1
    assert office.webhooks()[UNDO] == before
    assert office.audited("cin7", UNDO)[-1].startswith(f"{why}; silent from ")


def test_headers_that_others_added_are_kept(office: Any) -> None:
    office.renew()
    theirs = {"Key": "X-Trace", "Value": "1"}
    office.cut_off(office.webhooks()[UNDO], ExternalHeaders=[theirs])
    done = office.renew()
    assert theirs in office.webhooks()[UNDO]["ExternalHeaders"]
    assert done.changed["gaps caught up with"] == 0  # the bearer token was right all the time


def test_a_deleted_webhook_is_made_again_and_what_was_missed_is_counted_once(office: Any) -> None:
    office.wanted = Subscriptions(nav=(), cin7=(UNDO, "Sale/Voided", "Purchase/Updated"))
    office.renew()
    for webhook in office.webhooks().values():
        office.cin7.delete_webhook(webhook["ID"])
    lines = [{"sku": "HV-0001", "quantity": 1, "price": "10.00", "account": "200"}]
    for _ in range(2):
        office.sandbox.cin7.post("sale-invoice", {"lines": lines, "announce": False})
    office.sandbox.cin7.delete("calls")
    assert office.renew().changed["cin7 created"] == 3
    assert "2 records found by polling" in office.audited("cin7", UNDO)[-1]
    assert "2 records found by polling" in office.audited("cin7", "Sale/Voided")[-1]
    assert "0 records found by polling" in office.audited("cin7", "Purchase/Updated")[-1]
    calls = office.sandbox.cin7.get("calls")["by_route"]
    assert sum(count for route, count in calls.items() if "salelist" in route.lower()) <= 2


def test_the_flows_are_to_poll_after_a_gap_and_only_then(office: Any) -> None:
    renewal = office.renew()
    office.cut_off(office.webhooks()[UNDO], IsActive=False)
    renewal.now = office.now
    assert renewal.once() is True
    assert renewal.once() is False


def test_strangers_are_left_alone_and_ours_removed_when_nobody_wants_them(office: Any) -> None:
    theirs = office.cin7.create_webhook(
        {"Type": UNDO, "IsActive": False, "ExternalURL": "https://theirs.example/x",
         "ExternalAuthorizationType": "noauth"}
    )  # fmt: skip
    office.renew()
    office.wanted = Subscriptions(nav=(), cin7=("Sale/InvoiceAuthorised",))
    assert office.renew().changed["cin7 removed"] == 1
    left = {row["ID"]: row for row in office.cin7.webhooks()}
    assert left.pop(theirs["ID"]) == theirs
    assert [row["Type"] for row in left.values()] == ["Sale/InvoiceAuthorised"]


def test_one_that_was_registered_by_hand_to_our_address_is_taken_over(office: Any) -> None:
    by_hand = office.cin7.create_webhook(
        {"Type": UNDO, "IsActive": True, "ExternalURL": f"{office.base}/cin7/{UNDO}",
         "ExternalAuthorizationType": "bearerauth", "ExternalBearerToken": SECRET}
    )  # fmt: skip
    office.renew()
    assert office.webhooks()[UNDO]["ID"] == by_hand["ID"]
    assert len(office.cin7.webhooks()) == 2


def test_an_answer_that_was_lost_makes_no_second_webhook(office: Any) -> None:
    office.sandbox.cin7.fault("lost_after", "webhooks", "POST", times=1)
    office.renew()
    office.renew()
    assert sorted(row["Type"] for row in office.cin7.webhooks()) == ["Sale/InvoiceAuthorised", UNDO]


def test_five_of_a_type_are_a_limit_that_is_told(office: Any) -> None:
    for number in range(5):
        office.cin7.create_webhook(
            {"Type": UNDO, "IsActive": True, "ExternalURL": f"https://app{number % 2}.example/x",
             "ExternalAuthorizationType": "noauth"}
        )  # fmt: skip
    office.renew()
    assert ("cin7", UNDO, "cin7_limit") in office.troubles()
    assert "to app0.example, app1.example" in office.told()[0]


def test_a_wrong_secret_is_healed_and_told_as_soon_as_the_receiver_meets_it(office: Any) -> None:
    office.renew()
    office.sandbox.cin7.patch("settings", {"webhook_first_delay": 0})
    office.cut_off(office.webhooks()[UNDO], ExternalBearerToken="wrong", ExternalHeaders=[])
    made = office.sandbox.cin7.post(
        "sale-invoice",
        {"lines": [{"sku": "HV-0001", "quantity": 1, "price": "10.00", "account": "200"}], "announce": False},
    )
    office.sandbox.cin7.post(f"invoice/{made['task_id']}/undo", {"announce": True})

    def rung() -> bool:
        with office.database.transaction() as cursor:
            cursor.execute("SELECT FROM inbox WHERE type = 'receiver/wrong-secret'")
            return cursor.rowcount > 0

    until(rung, "nobody was told")
    assert office.renew().changed["cin7 repaired"] == 1
    assert office.webhooks()[UNDO]["ExternalBearerToken"] == SECRET
    assert "came with a wrong secret" in " ".join(office.told())


def test_a_new_secret_goes_everywhere_and_the_former_one_ends_later(office: Any) -> None:
    office.renew()
    office.secret = "the-next-secret-of-our-webhooks"
    assert office.renew().changed["cin7 repaired"] == 2
    with office.database.transaction() as cursor:
        cursor.execute("SELECT count(*) FROM webhook_secret")
        assert cursor.fetchone() == (2,)
        cursor.execute("UPDATE webhook_secret SET admitted_at = admitted_at - interval '4 hours'")
    office.renew()
    with office.database.transaction() as cursor:
        cursor.execute("SELECT count(*) FROM webhook_secret")
        assert cursor.fetchone() == (1,)


def test_a_secret_that_anybody_could_guess_is_refused(office: Any) -> None:
    office.secret = "short"
    office.renew()
    assert office.troubles() == [("cin7", "", "cin7_secret")]
    assert office.webhooks() == {}


@pytest.mark.parametrize("status", [400, 404])
def test_an_account_without_webhooks_is_said_once(office: Any, status: int) -> None:
    office.sandbox.cin7.fault("status", "webhooks", "GET", times=None, status=status)
    office.renew()
    assert office.troubles() == [("cin7", "", "cin7_without_webhooks")]
    assert len(office.told()) == 1
    office.pass_time(days=3)
    office.renew()
    assert office.told() == []


@pytest.mark.parametrize(
    ("base", "told"),
    [("http://hooks.example.com", "must begin with https://"),
     ("https://nothing.invalid", "can't be resolved"),
     ("https://user:pw@hooks.example.com", "without user"), ("", "is not given"),
     ("https://10.1.2.3", "private address"), ("ftp://hooks.example.com", "https://")],
)  # fmt: skip
def test_nothing_is_registered_at_an_address_that_nobody_reaches(office: Any, base: str, told: str) -> None:
    office.base = base
    office.renew()
    assert {code for _, _, code in office.troubles()} == {"receiver_address"}
    assert told in office.told()[0]
    assert office.webhooks() == {}
    assert office.subscriptions() == {}

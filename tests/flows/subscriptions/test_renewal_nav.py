"""NAV's side of the renewal, against the sandbox: over TLS, with handshakes at a receiver that listens."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from cin7_nav.mappings.reader import MappingError
from cin7_nav.mappings.subscriptions import Subscriptions

from tests.flows.subscriptions.conftest import until


def end(row: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(row["expirationDateTime"])


def test_what_is_wanted_is_subscribed_to_with_a_secret_of_its_own(office: Any) -> None:
    done = office.renew()
    assert done.changed["nav created"] == 3
    found = office.subscriptions()
    assert set(found) == {"vendors", "items", "generalLedgerEntries"}
    assert all(row["notificationUrl"].startswith(f"{office.base}/nav/") for row in found.values())
    assert len({row["clientState"] for row in found.values()}) == 3
    assert len({row["notificationUrl"] for row in found.values()}) == 3
    assert office.troubles() == []


def test_a_second_round_costs_one_call_and_changes_nothing(office: Any) -> None:
    office.renew()
    before = office.subscriptions()
    for side in (office.sandbox.nav, office.sandbox.cin7):
        side.delete("calls")
    assert not +office.renew().changed
    assert office.sandbox.nav.get("calls")["by_route"] == {"GET subscriptions": 1}
    assert office.sandbox.cin7.get("calls")["total"] == 1
    assert office.subscriptions() == before


def test_no_handshake_is_expected_when_all_is_done(office: Any) -> None:
    office.renew()
    with office.database.transaction() as cursor:
        cursor.execute("SELECT count(*) FROM expected_handshake")
        assert cursor.fetchone() == (0,)


def test_our_database_keeps_no_secret_in_clear(office: Any) -> None:
    office.renew()
    secrets = [row["clientState"] for row in office.subscriptions().values()]
    with office.database.transaction() as cursor:
        cursor.execute("SELECT row_to_json(s)::text FROM subscription s UNION ALL "
                       "SELECT row_to_json(n)::text FROM notification_secret n")  # fmt: skip
        text = str(cursor.fetchall())
    assert not [secret for secret in secrets if secret in text]


def test_a_subscription_is_renewed_when_half_of_its_life_is_over(office: Any) -> None:
    office.renew()
    before = office.subscriptions()
    office.pass_time(hours=35)
    assert not +office.renew().changed
    office.pass_time(hours=2)
    assert office.renew().changed["nav renewed"] == 3
    after = office.subscriptions()
    for entity, row in before.items():
        assert after[entity]["subscriptionId"] == row["subscriptionId"]
        assert end(after[entity]) - end(row) > dt.timedelta(hours=36)
        assert after[entity]["clientState"] != row["clientState"]
    assert office.audited("nav", "vendors")[1:] == []


def test_the_margin_is_what_the_file_says(office: Any) -> None:
    office.wanted = Subscriptions(nav=("vendors",), cin7=(), renew_when_left=10)
    office.renew()
    office.pass_time(hours=60)
    assert not +office.renew().changed
    office.pass_time(hours=6)
    assert office.renew().changed["nav renewed"] == 1


def test_a_change_in_nav_lands_for_its_flow(office: Any) -> None:
    office.sandbox.nav.patch("settings", {"notification_delay_seconds": 0})
    office.renew()
    office.events("parties")
    made = office.vendor()
    until(lambda: (found := office.events("parties")) and found[0].record_id == made, "no event came")


@pytest.mark.parametrize("how", ["deleted", "lapsed"])
def test_one_that_is_gone_is_made_again_and_its_flow_reads_since_the_last_delivery(
    office: Any, how: str
) -> None:
    office.sandbox.nav.patch("settings", {"notification_delay_seconds": 0})
    office.renew()
    office.events("parties")
    proven = office.vendor("Proven")
    until(lambda: [one.record_id for one in office.events("parties")] == [proven], "no event came")
    told_at = office.nav.get(office.nav.entity(f"vendors({proven})"))["lastModifiedDateTime"]
    row = office.subscriptions()["vendors"]
    if how == "deleted":
        office.nav.write("DELETE", f"api/v2.0/subscriptions('{row['subscriptionId']}')")
    else:
        office.pass_time(days=3, minutes=1)
    office.vendor("Missed 1")
    office.vendor("Missed 2")
    assert office.renew().changed["nav created"] >= 1
    (event,) = office.events("parties")
    since = dt.datetime.fromisoformat(told_at) - dt.timedelta(minutes=10)
    assert (event.source, event.type) == ("nav", "vendors/collection")
    assert dt.datetime.fromisoformat(event.number) == since
    why = office.audited("nav", "vendors")[-1]
    assert why.startswith("it was deleted in NAV" if how == "deleted" else "it lapsed on ")
    assert f"silent from {since:%Y-%m-%d %H:%M:%S} to " in why
    assert "3 records found by polling" in why  # the proven one lies in the overlap


def test_a_copied_environment_has_none_and_gets_all_again(office: Any) -> None:
    office.renew()
    for row in office.subscriptions().values():
        office.nav.write("DELETE", f"api/v2.0/subscriptions('{row['subscriptionId']}')")
    assert office.renew().changed["nav created"] == 3
    assert len(office.subscriptions()) == 3


def test_one_whose_secret_is_unknown_here_is_taken_over(office: Any) -> None:
    """As after a restored database."""
    office.renew()
    with office.database.transaction() as cursor:
        cursor.execute("DELETE FROM subscription; DELETE FROM notification_secret")
    before = office.subscriptions()
    assert office.renew().changed["nav renewed"] == 3
    after = office.subscriptions()
    assert {k: v["subscriptionId"] for k, v in after.items()} == {
        k: v["subscriptionId"] for k, v in before.items()
    }
    assert after["vendors"]["notificationUrl"] != before["vendors"]["notificationUrl"]
    assert "its secret was not known here" in office.audited("nav", "vendors")[-1]


def test_an_answer_that_was_lost_makes_no_second_subscription(office: Any) -> None:
    office.sandbox.nav.fault("lost_after", "subscriptions$", "POST", times=1)
    office.renew()
    office.renew()
    entities = [row["resource"].rpartition("/")[2] for row in office.nav.rows("api/v2.0/subscriptions")]
    assert sorted(entities) == ["generalLedgerEntries", "items", "vendors"]
    assert office.troubles() == []


def stranger(office: Any, entity: str, host: str = "127.0.0.1") -> str:
    """Somebody else's subscription, to an address that answers the handshake; its id."""
    token = "somebody-elses-address-0123456789012345"
    office.sql(
        "INSERT INTO expected_handshake SELECT 'default', sha256(%s), clock_timestamp() + '1 minute'",
        token.encode(),
    )
    body = {
        "notificationUrl": f"http://{host}:{office.port}/nav/{token}",
        "resource": f"/{office.nav.entity(entity)}",
        "clientState": "theirs",
    }
    made = office.nav.write("POST", "api/v2.0/subscriptions", body)
    office.sql("DELETE FROM expected_handshake")
    return str(made["subscriptionId"])


def test_strangers_are_left_alone_and_ours_are_removed_when_nobody_wants_them(office: Any) -> None:
    office.renew()
    theirs = {stranger(office, "customers"), stranger(office, "items", "localhost")}
    office.wanted = Subscriptions(nav=("items",), cin7=())
    assert office.renew().changed["nav removed"] == 2
    rows = {row["subscriptionId"]: row for row in office.nav.rows("api/v2.0/subscriptions")}
    assert {one for one, row in rows.items() if row["clientState"] == "theirs"} == theirs
    assert [row["resource"].rpartition("/")[2] for one, row in rows.items() if one not in theirs] == ["items"]


def test_while_the_file_is_invalid_what_is_there_is_kept_alive(office: Any) -> None:
    office.renew()
    office.wanted = [MappingError("subscriptions.yaml", 3, "vendor", "vendors")]
    office.pass_time(hours=40)
    assert office.renew().changed["nav renewed"] == 3
    assert len(office.subscriptions()) == 3
    assert office.troubles() == [("", "", "subscriptions_invalid")]


def test_an_unreachable_receiver_is_told_while_there_is_time(office: Any) -> None:
    office.renew()
    office.close()
    office.pass_time(hours=40)
    office.renew()
    (message,) = [one for one in office.told() if "vendors" in one]
    assert "the subscription to vendors ends in 31 h and can't be renewed" in message
    assert "did not reach the receiver at 127.0.0.1" in message
    assert "no connection can be made" in message
    assert office.told() == []
    office.pass_time(hours=12)
    office.renew()
    assert len([one for one in office.told() if "ends in 19 h" in one]) == 3
    office.open()
    office.renew()
    assert office.troubles() == []


def test_the_limit_is_told_with_what_to_do(office: Any) -> None:
    office.sandbox.nav.patch("settings", {"subscription_limit": 1})
    office.renew()
    assert {code for _, _, code in office.troubles()} == {"nav_not_subscribed"}
    message = office.told()[0]
    assert "takes no more" in message
    assert "subscriptions.yaml" in message


def test_what_nav_cant_tell_of_is_said_once_and_the_rest_goes_on(office: Any) -> None:
    office.wanted = Subscriptions(nav=("itemLedgerEntries", "vendors"), cin7=())
    office.renew()
    assert set(office.subscriptions()) == {"vendors"}
    assert [one for one in office.told() if "itemLedgerEntries" in one]
    office.pass_time(days=2)
    office.renew()
    assert office.told() == []


def test_a_nav_without_subscriptions_is_said_once(office: Any) -> None:
    office.sandbox.nav.fault("status", "subscriptions$", "GET", times=None, status=404)
    office.renew()
    assert office.troubles() == [("nav", "", "nav_without_webhooks")]
    assert len(office.told()) == 1
    office.pass_time(days=5)
    office.renew()
    assert office.told() == []


def test_an_outage_of_nav_is_told_only_when_it_lasts(office: Any) -> None:
    office.renew()
    office.sandbox.nav.fault("status", "subscriptions$", "GET", times=None, status=503)
    office.pass_time(hours=1)
    office.renew()
    assert office.troubles() == []
    office.pass_time(hours=7)
    office.renew()
    assert office.troubles() == [("nav", "", "nav_unreachable")]

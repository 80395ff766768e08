"""Reading NAV's notifications: every form of a pointer, and nothing that is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cin7_nav.receiver.events import Unreadable
from cin7_nav.receiver.notifications import UNREADABLE, notifications, without_states
from cin7_nav.store.webhook_secrets import fingerprint

COMPANY = "99999999-9999-4999-8999-999999999999"
RECORD = "8B1538E4-FA56-49C8-89C9-38D106439577"
STATE = "a-client-state"


def entry(resource: str, kind: str = "updated", state: Any = STATE) -> dict[str, Any]:
    return {"subscriptionId": "abc", "clientState": state, "resource": resource, "changeType": kind}


def read(*entries: Any) -> list[tuple[str, str, str, str]]:
    found = notifications({"value": [*entries]})
    return [(one.type, one.flow, one.record_id, one.number) for one in found]


@pytest.mark.parametrize(
    "prefix",
    ["api/v2.0/", "/api/v2.0/", "https://api.businesscentral.dynamics.com/v2.0/tenant/production/api/v2.0/"],
)
@pytest.mark.parametrize("kind", ["created", "updated", "deleted"])
def test_a_record_is_named_by_entity_set_change_and_id(prefix: str, kind: str) -> None:
    resource = f"{prefix}companies({COMPANY})/vendors({RECORD})"
    assert read(entry(resource, kind)) == [(f"vendors/{kind}", "parties", RECORD.lower(), "")]


@pytest.mark.parametrize(
    ("query", "since"),
    [
        ("?$filter=lastModifiedDateTime%20gt%202026-01-15T11:00:00Z", "2026-01-15T11:00:00+00:00"),
        ("?$filter=lastModifiedDateTime gt 2026-01-15T11:00:00.25Z", "2026-01-15T11:00:00.250000+00:00"),
        ("", ""),
        ("?$filter=number eq 'V1'", ""),
        ("?$filter=lastModifiedDateTime gt 2026-99-15T11:00:00Z", ""),
    ],
)
def test_a_collection_says_since_when_to_read_or_that_all_is_to_be_read(query: str, since: str) -> None:
    resource = f"/api/v2.0/companies({COMPANY})/items{query}"
    assert read(entry(resource, "collection")) == [("items/collection", "stock", "", since)]


@pytest.mark.parametrize(
    ("entity", "flow"),
    [("customers", "parties"), ("itemLedgerEntries", "stock"), ("generalLedgerEntries", "invoices"),
     ("purchaseInvoices", "invoices"), ("salesInvoices", "invoices"), ("currencies", "none")],
)  # fmt: skip
def test_each_entity_set_has_its_flow(entity: str, flow: str) -> None:
    assert read(entry(f"api/v2.0/companies({COMPANY})/{entity}({RECORD})"))[0][1] == flow


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "text",
        entry("api/v1.0/companies(x)/vendors(y)"),
        entry("companies()"),
        entry(f"api/v2.0/companies({COMPANY})/vendors", "updated"),
        entry(f"api/v2.0/companies({COMPANY})/vendors({RECORD})", "collection"),
        entry(f"api/v2.0/companies({COMPANY})/vendors({RECORD})", "renamed"),
        entry(f"api/v2.0/companies({COMPANY})/vendors({RECORD})", state=5),
        entry(f"api/v2.0/companies({COMPANY})/vendors({RECORD})", state=None),
    ],
)
def test_an_odd_entry_is_marked_and_the_others_are_read(odd: Any) -> None:
    good = entry(f"api/v2.0/companies({COMPANY})/vendors({RECORD})")
    found = notifications({"value": [odd, good]})
    assert [one.type for one in found] == [UNREADABLE, "vendors/updated"]
    assert (found[0].secret, found[1].secret) == ("", fingerprint(STATE).hex())


@pytest.mark.parametrize("payload", [[], {}, {"value": []}, {"value": {}}, {"Value": [1]}])
def test_without_entries_there_is_nothing_to_read(payload: Any) -> None:
    with pytest.raises(Unreadable):
        notifications(payload)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"value": [entry("x")]}).encode(),
        b'{"value": [{"clientState" : "a-client-state", "x": 1}]',
        b'{"clientState":"a-client-state',
        b'{"CLIENTSTATE":"a-client-\\"state"}',
    ],
)
def test_what_is_kept_has_no_secret_in_it(body: bytes) -> None:
    assert b"a-client" not in without_states(body)

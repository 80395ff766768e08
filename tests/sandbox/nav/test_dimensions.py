"""Dimensions on journal lines."""

from __future__ import annotations

from typing import Any

import pytest

EXISTS = (
    "The dimension set line already exists. Check existing dimension set lines and the default dimension set "
    "lines on the parent."
)


def dimension(nav: Any, code: str) -> str:
    return str(nav.get(f"dimensions?$filter=code eq '{code}'").rows[0]["id"])


def the_line(nav: Any, account: str = "8310") -> str:
    return str(nav.lines(nav.ready((account, 5)))[0]["id"])


def test_dimensions_are_added_changed_and_removed(nav: Any) -> None:
    path = f"journalLines({the_line(nav)})"
    etag = nav.get(path).body["@odata.etag"]
    made = nav.post(f"{path}/dimensionSetLines", {"code": "REGION", "valueCode": "LONDON"})
    assert made.status == 201
    assert made.body["id"] == dimension(nav, "REGION")
    assert (made.body["displayName"], made.body["valueDisplayName"]) == ("Region", "London")
    assert made.body["parentType"] == "Journal_x0020_Line"
    assert nav.get(path).body["@odata.etag"] != etag
    own = f"{path}/dimensionSetLines({dimension(nav, 'REGION')})"
    assert nav.patch(own, {"valueCode": "GLASGOW"}).body["valueCode"] == "GLASGOW"
    assert nav.delete(own).status == 204
    assert nav.get(f"{path}/dimensionSetLines").rows == []


def test_a_default_dimension_is_there_already(nav: Any) -> None:
    path = f"journalLines({the_line(nav, '8110')})/dimensionSetLines"
    assert [(row["code"], row["valueCode"]) for row in nav.get(path).rows] == [("CHANNEL", "TRADE")]
    refused = nav.post(path, {"code": "CHANNEL", "valueCode": "WEB"})
    assert (refused.status, refused.code, refused.message) == (400, "Application_DialogException", EXISTS)
    changed = nav.patch(f"{path}({dimension(nav, 'CHANNEL')})", {"valueCode": "WEB"})
    assert changed.body["valueCode"] == "WEB"


def test_a_default_dimension_fails_the_whole_deep_insert(nav: Any) -> None:
    line = {
        "accountNumber": "8110",
        "amount": 5,
        "dimensionSetLines": [{"code": "CHANNEL", "valueCode": "TRADE"}],
    }
    body = {"code": "C7DEEP", "templateDisplayName": "CIN7", "journalLines": [line]}
    assert nav.post("journals", body).message == EXISTS
    assert nav.get("journals?$filter=templateDisplayName eq 'CIN7'").rows == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"valueCode": "LONDON"}, 'The "id" or "code" field must be filled in.'),
        ({"code": "REGION"}, 'The "valueId" or "valueCode" field must be filled in.'),
        ({"code": "NONE", "valueCode": "LONDON"}, 'The "code" does not match to a Dimension.'),
        ({"code": "REGION", "valueCode": "WEB"}, 'The "valueCode" does not match to a Dimension Value.'),
    ],
)
def test_what_does_not_match_is_refused(nav: Any, body: dict[str, str], message: str) -> None:
    answer = nav.post(f"journalLines({the_line(nav)})/dimensionSetLines", body)
    assert (answer.status, answer.message) == (400, message)


def test_dimensions_need_their_parent(nav: Any) -> None:
    answer = nav.post("dimensionSetLines", {"code": "REGION", "valueCode": "LONDON"})
    assert answer.message == "You must get to the parent first to create a dimension set line."


def test_ledger_entries_show_dimensions_but_keep_them(nav: Any) -> None:
    batch = nav.ready(("8110", 5), ("6110", -5))
    nav.post_journal(batch)
    first = nav.get("generalLedgerEntries?$expand=dimensionSetLines,account($select=number)").rows[0]
    assert first["account"]["number"] == "8110"
    assert [row["valueCode"] for row in first["dimensionSetLines"]] == ["TRADE"]
    path = f"generalLedgerEntries({first['id']})/dimensionSetLines"
    answer = nav.post(path, {"code": "REGION", "valueCode": "LONDON"})
    assert answer.message.startswith(f"Parent with ID {first['id']} does not exist or")


def test_by_id_or_through_the_batch_works_too(nav: Any) -> None:
    batch = nav.ready(("8310", 5))
    line = nav.lines(batch)[0]["id"]
    region = dimension(nav, "REGION")
    value = nav.get(f"dimensions({region})/dimensionValues?$filter=code eq 'LONDON'").rows[0]["id"]
    path = f"journals({batch})/journalLines({line})/dimensionSetLines"
    assert nav.post(path, {"id": region, "valueId": value}).body["valueCode"] == "LONDON"

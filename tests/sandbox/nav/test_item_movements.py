"""Reclassification, posting by the company's own action, and what NAV refuses to post to its item ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from sandbox.world import COMPANY
from tests.sandbox.nav.test_items import ITEM, insert, ledger, pages

ACTION = "C7Inventory_PostItemJournal"


def reclass(nav: Any, quantity: Any = 4, **more: Any) -> Any:
    body = {
        "Journal_Template_Name": "RECLASS",
        "Journal_Batch_Name": "CIN7",
        "Line_No": 20000,
        "Item_No": ITEM,
        "Document_No": "TR1",
        "Location_Code": "LONDON",
        "New_Location_Code": "GLASGOW",
        "Quantity": quantity,
        **more,
    }
    return nav.post(f"{pages(nav)}/ItemReclassJournal", body)


def act(nav: Any, document: str, template: str = "ITEM", company: str = COMPANY) -> Any:
    address = f"{nav.side.url}/v2.0/sandbox/ODataV4/{ACTION}?company={quote(company)}"
    body = {"journalTemplateName": template, "journalBatchName": "CIN7", "documentNo": document}
    return nav.post(address, body)


def moved(nav: Any) -> list[tuple[str, str, Decimal, Decimal]]:
    return [
        (row["Entry_Type"], row["Location_Code"], row["Quantity"], row["Cost_Amount_Actual"])
        for row in ledger(nav)
    ]


def test_the_action_posts_one_document_and_leaves_the_others(nav: Any) -> None:
    insert(nav, 20000, Document_No="IM1")
    insert(nav, 30000, Document_No="IM2")
    answer = act(nav, "IM1")
    assert (answer.status, answer.body["value"]) == (200, "1")
    assert [row["Document_No"] for row in ledger(nav)] == ["IM1"]
    rows = nav.get(f"{pages(nav)}/ItemJournal").rows
    assert [(row["Document_No"], row["Line_No"]) for row in rows] == [("IM2", 30000)]
    assert act(nav, "IM1").message == "There is nothing to post."


def test_the_action_is_there_only_where_somebody_published_it(nav: Any) -> None:
    nav.settings(item_posting_action=False)
    assert act(nav, "IM1").status == 404


def test_a_reclassification_moves_pieces_at_their_cost(nav: Any) -> None:
    insert(nav)
    act(nav, "IM1")
    assert reclass(nav).status == 201
    assert act(nav, "TR1", "RECLASS").status == 200
    assert moved(nav)[1:] == [("Transfer", "LONDON", -4, -10), ("Transfer", "GLASGOW", 4, 10)]


def test_a_reclassification_to_an_unknown_location_is_refused(nav: Any) -> None:
    answer = reclass(nav, New_Location_Code="LEEDS")
    assert (answer.status, answer.code) == (400, "Internal_InvalidTableRelation")


@pytest.mark.parametrize(
    ("settings", "line", "text"),
    [
        ({"location_mandatory": True}, {"Location_Code": ""}, "Location Code must have a value"),
        ({"prevent_negative_inventory": True}, {"Entry_Type": "Sale"}, "You have insufficient quantity"),
        ({"inventory_closed_until": "2099-12-31"}, {}, "inventory period is already closed"),
        ({}, {"Location_Code": "OWN LOG."}, "You can use In-Transit location OWN LOG."),
    ],
)
def test_nav_does_not_post(nav: Any, settings: Any, line: Any, text: str) -> None:
    nav.settings(**settings)
    assert insert(nav, **line).status == 201
    answer = act(nav, "IM1")
    assert answer.status == 400
    assert text in answer.message
    assert ledger(nav) == []


def test_a_blocked_item_is_not_posted(nav: Any) -> None:
    insert(nav)
    nav.side.post("item", {"number": ITEM, "blocked": True})
    assert "Blocked must be equal to 'No'" in act(nav, "IM1").message


def test_a_person_keys_in_a_movement(nav: Any) -> None:
    nav.side.post("item-entry", {"item": ITEM, "location": "LONDON", "quantity": 5, "unit_cost": 2})
    nav.side.post("item-entry", {"item": ITEM, "location": "LONDON", "quantity": -2})
    nav.side.post(
        "item-entry", {"item": ITEM, "location": "LONDON", "new_location": "GLASGOW", "quantity": 1}
    )
    assert moved(nav) == [
        ("Positive Adjmt.", "LONDON", 5, 10),
        ("Negative Adjmt.", "LONDON", -2, -4),
        ("Transfer", "LONDON", -1, -2),
        ("Transfer", "GLASGOW", 1, 2),
    ]

"""What only the channel over published pages meets: lines one by one, in a batch that all documents share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from cin7_nav.hooks.errors import Misconfigured, NotFound, Refused
from cin7_nav.hooks.nav_general_journal import PageLine
from cin7_nav.hooks.nav_items import ItemCard, NavItems
from cin7_nav.hooks.nav_odata_v4 import NavODataV4

pytestmark = pytest.mark.parametrize("channel", ["odata_v4"], indirect=True)


class Killed(BaseException):
    """The process dies here."""


def lines_in_nav(flow: Any) -> list[PageLine]:
    return list(flow.nav._lines({}))


@pytest.fixture
def other(flow: Any) -> Any:
    """Lines of somebody else in the shared batch."""
    flow.edit("company.yaml", "posting: post", "posting: stage")
    made = flow.sale("7.00")
    flow.ready()
    journal = replace(flow.stored(made).journal, document_no="THEIRS", external_document_no="THEIRS")
    flow.nav.insert_journal("CIN7", "THEIRS", journal, {})
    flow.act(made, "void")
    flow.edit("company.yaml", "posting: stage", "posting: post")
    return journal


@pytest.mark.parametrize("after", [1, 2])
def test_a_task_killed_between_two_lines_begins_the_document_anew(
    flow: Any, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    made = flow.sale("100.00")
    flow.ready()
    insert, sent = NavODataV4._insert, []

    def killed(self: NavODataV4, *args: Any) -> Any:
        if len(sent) == after:
            raise Killed
        sent.append(args)
        return insert(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(NavODataV4, "_insert", killed)
        with pytest.raises(Killed):
            flow.deliver()
    assert len(lines_in_nav(flow)) == after
    flow.forget_leases()
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)
    assert lines_in_nav(flow) == []


@pytest.mark.parametrize("line", [1, 2, 3])
@pytest.mark.parametrize("kind", ["lost_before", "lost_after"])
def test_whichever_lines_answer_is_lost_it_is_posted_once(
    flow: Any, monkeypatch: pytest.MonkeyPatch, kind: str, line: int
) -> None:
    made = flow.sale("100.00")
    flow.ready()
    insert, sent = NavODataV4._insert, []

    def lost(self: NavODataV4, *args: Any) -> Any:
        sent.append(args)
        if len(sent) == line:
            flow.sandbox.nav.fault(kind, flow.routes.insert, "POST")
        return insert(self, *args)

    monkeypatch.setattr(NavODataV4, "_insert", lost)
    assert flow.deliver() == {"unknown": 1}
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)
    assert lines_in_nav(flow) == []


def test_a_line_that_nav_refuses_takes_the_others_with_it(flow: Any) -> None:
    made = flow.sale("100.00")
    flow.ready()
    whole = flow.stored(made).journal
    blocked = replace(whole, lines=(*whole.lines[:2], replace(whole.lines[2], account_no="6950")))
    with pytest.raises(Refused, match="6950"):
        flow.nav.insert_journal("CIN7", "C7", blocked, {})
    assert lines_in_nav(flow) == []


def test_the_lines_of_others_in_the_batch_are_neither_counted_nor_posted(flow: Any, other: Any) -> None:
    made = flow.sale("100.00")
    flow.ready()
    assert flow.deliver()["posted"] == 1
    assert flow.is_posted_once(made)
    assert {line.document_no for line in lines_in_nav(flow)} == {"THEIRS"}
    assert len(lines_in_nav(flow)) == len(other.lines)


def test_where_nav_cannot_post_what_is_to_be_posted_is_not_sent(flow: Any) -> None:
    made = flow.sale("100.00")
    flow.ready()
    del flow.nav._hook.settings.extra.services["post_general_journal"]
    assert flow.deliver() == {"needs_attention": 1}
    (problem,) = flow.stored(made).problems
    assert (problem.code, problem.fixer) == ("posting_not_possible", "mapping editor")
    assert lines_in_nav(flow) == []


def test_a_page_that_takes_the_first_batch_is_found_out_at_the_first_line(flow: Any) -> None:
    flow.sandbox.nav.post("journal-batch", {"template": "CIN7", "batch": "AAA"})
    made = flow.sale("100.00")
    flow.ready()
    flow.sandbox.nav.patch("settings", {"first_batch": True})
    whole = flow.stored(made).journal
    with pytest.raises(Misconfigured, match="batch AAA of template CIN7: its page 39 takes the first batch"):
        flow.nav.insert_journal("CIN7", "C7", whole, {})
    assert lines_in_nav(flow) == []


def test_a_dimension_that_is_no_shortcut_is_refused_before_anything_is_sent(flow: Any) -> None:
    made = flow.sale("100.00")
    flow.ready()
    whole = flow.stored(made).journal
    odd = replace(whole.lines[1], dimensions=(("PROJECT", "P1"),))
    with pytest.raises(Refused, match="make it a shortcut dimension"):
        flow.nav.insert_journal("CIN7", "C7", replace(whole, lines=(whole.lines[0], odd)), {})
    assert lines_in_nav(flow) == []


def test_a_german_nav_takes_and_shows_german_options(flow: Any) -> None:
    flow.sandbox.nav.patch("settings", {"option_language": "de-DE"})
    with pytest.raises(Misconfigured, match="which is not of the language en-US"):
        flow.reference.refresh(flow.passed)
    flow.nav = NavODataV4(_speaking(flow.nav._hook, "de-DE"))
    flow.__post_init__()
    made = flow.sale("100.00")
    flow.ready()
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)


def _speaking(hook: Any, language: str) -> Any:
    hook.settings.extra.language = language
    return hook


def test_what_is_posted_is_an_invoice_or_credit_memo_in_the_partys_ledger(flow: Any) -> None:
    """Also a reversal is a credit memo: NAV checks the sign by it."""
    sold, bought = flow.sale("100.00"), flow.purchase("80.00")
    flow.ready()
    assert flow.deliver() == {"posted": 2}
    flow.act(sold, "void")
    flow.collect()
    flow.translate()
    assert flow.deliver() == {"reversed": 1}
    hook = flow.nav._hook
    kinds = {
        service: [row["Document_Type"] for row in hook.rows(hook.service(service))]
        for service in ("customer_ledger", "vendor_ledger")
    }
    assert kinds == {"customer_ledger": ["Invoice", "Credit Memo"], "vendor_ledger": ["Invoice"]}
    assert flow.is_posted_once(bought)


def test_a_bill_that_somebody_keyed_in_is_refused_by_nav_itself(flow: Any) -> None:
    """Where the lists of posted documents are not published, NAV's own check of external numbers is left."""
    del flow.nav._hook.settings.extra.services["posted_purchase_invoices"]
    made = flow.purchase("100.00")
    flow.ready()
    vendor = next(line for line in flow.stored(made).journal.lines if "Vendor" in line.account_type)
    keyed = {"party": vendor.account_no, "external_number": made["number"], "amount": "100.00"}
    flow.sandbox.nav.post("purchase-invoice", keyed)
    assert flow.deliver() == {"needs_attention": 1}
    assert flow.problems(made) == ["nav_refused_external_number"]
    assert lines_in_nav(flow) == []


def test_items_and_locations_are_read_from_their_pages(flow: Any) -> None:
    items = NavItems(flow.nav._hook)
    assert {"LONDON", "GLASGOW"} <= items.location_codes()
    assert items.cards(["HV-0001", "NONE"]) == {"HV-0001": ItemCard("Inventory", False)}
    del flow.nav._hook.settings.extra.services["location_list"]
    with pytest.raises(NotFound, match="location_list"):
        items.location_codes()


def test_a_line_number_that_somebody_took_meanwhile_is_drawn_anew(
    flow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = flow.sale("100.00")
    flow.ready()
    monkeypatch.setattr(NavODataV4, "_last_line", _once(NavODataV4._last_line, -5_000))
    line = {"Account_Type": "G/L Account", "Account_No": "8310", "Document_No": "GJ-1", "Amount": Decimal(5)}
    place = {"Journal_Template_Name": "CIN7", "Journal_Batch_Name": "CIN7", "Line_No": 5_000}
    flow.nav._hook.write("POST", flow.nav._hook.service("general_journal"), {**place, **line})
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)
    assert [line.document_no for line in lines_in_nav(flow)] == ["GJ-1"]


def _once(then: Callable[..., int], first: int) -> Callable[..., int]:
    """A method that answers `first` once."""
    answers = [first]
    return lambda self, template: answers.pop() if answers else then(self, template)

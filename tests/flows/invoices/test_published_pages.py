"""What only the channel over published pages meets: lines one by one, in a batch that all documents share."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from cin7_nav.hooks.errors import Misconfigured, NotFound, NotPublished, Refused
from cin7_nav.hooks.nav_general_journal import PageLine
from cin7_nav.hooks.nav_items import ItemCard, NavItems
from cin7_nav.hooks.nav_odata_v4 import NavODataV4
from cin7_nav.rules.amounts import cents
from cin7_nav.store import audit

from sandbox.world import build_world

CUSTOMERS = build_world(1).customers
EURO_CUSTOMER, EURO_CARD = next((one.name, one.nav_number) for one in CUSTOMERS if one.currency == "EUR")
POUND_CUSTOMER = CUSTOMERS[0]

UNUSED = ("Applies_to_Doc_Type", "Applies_to_Doc_No", "VAT_Prod_Posting_Group")

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
    with pytest.raises(Misconfigured, match="batch AAA of template CIN7: its page 253 takes the first batch"):
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


@pytest.mark.parametrize("lines", [1, 3])
def test_what_lies_in_nav_without_our_knowing_is_not_inserted_again(flow: Any, lines: int) -> None:
    """As after the restore of an older database of ours."""
    made = flow.sale("100.00")
    flow.ready()
    journal = flow.stored(made).journal
    flow.nav.insert_journal("CIN7", "C7", replace(journal, lines=journal.lines[:lines]), {})
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)
    assert lines_in_nav(flow) == []


def test_other_lines_under_our_number_stay_as_they_are_and_nothing_is_posted(flow: Any) -> None:
    made = flow.sale("100.00")
    flow.ready()
    journal = flow.stored(made).journal
    other = replace(journal.lines[1], amount=Decimal("-7.00"))
    flow.nav.insert_journal("CIN7", "C7", replace(journal, lines=(other,)), {})
    assert flow.deliver() == {"unknown": 1}
    assert flow.problems(made) == ["batch_in_use"]
    assert [line.line.amount for line in lines_in_nav(flow)] == [Decimal("-7.00")]


# --- currency, due date, application, VAT ---


def ledger(flow: Any, service: str = "customer_ledger") -> list[dict[str, Any]]:
    hook = flow.nav._hook
    return list(hook.rows(hook.service(service)))


def test_a_document_in_the_cards_currency_stays_in_it_and_so_does_its_reversal(flow: Any) -> None:
    """The general ledger has local currency at the document's own rate."""
    made = flow.sale("1028.75", customer=EURO_CUSTOMER, rate="0.9", document_rate="0.85431")
    flow.ready()
    assert flow.deliver() == {"posted": 1}
    total, local = Decimal(made["total"]), cents(Decimal(made["total"]) * Decimal("0.85431"))
    (entry,) = ledger(flow)
    assert (entry["Currency_Code"], entry["Amount"], entry["Amount_LCY"]) == ("EUR", total, local)
    assert flow.net(made)["2310"] == local
    assert flow.net(made)["6110"] == -cents(Decimal("1028.75") * Decimal("0.85431"))
    flow.act(made, "void")
    flow.collect()
    flow.translate()
    assert flow.deliver() == {"reversed": 1}
    assert flow.net(made) == {}
    assert [(row["Currency_Code"], row["Amount"], row["Open"]) for row in ledger(flow)] == [
        ("EUR", total, False),
        ("EUR", -total, False),
    ]


@pytest.mark.parametrize("rate", ["0.0068", "0.85431", "123.456789"])
def test_whatever_the_rate_nav_finds_both_currencies_in_balance(flow: Any, rate: str) -> None:
    lines = [
        {"sku": f"HV-{number:04}", "quantity": 3, "price": f"{number}.3333", "tax_rule": "20% VAT on Sales"}
        for number in range(1, 20)
    ]
    made = flow.sale(lines=lines, customer=EURO_CUSTOMER, document_rate=rate)
    flow.ready()
    assert flow.deliver() == {"posted": 1}
    (entry,) = ledger(flow)
    assert entry["Amount"] == Decimal(made["total"])
    assert sum(flow.net(made).values()) == 0


def test_a_document_in_local_currency_is_not_sent_to_a_card_in_another(flow: Any) -> None:
    flow.edit("parties.yaml", "customers:\n", f'customers:\n  "{POUND_CUSTOMER.name}": {EURO_CARD}\n')
    made = flow.sale("100.00", customer=POUND_CUSTOMER.name)
    flow.ready()
    assert flow.deliver() == {"needs_attention": 1}
    (problem,) = flow.stored(made).problems
    assert problem.code == "party_currency"
    assert "has currency EUR, and the document goes to NAV in GBP" in problem.message


def set_currency(flow: Any, code: str) -> None:
    hook = flow.nav._hook
    hook.write("PATCH", f"{hook.service('customer_card')}(No='{EURO_CARD}')", {"Currency_Code": code})


def test_a_card_that_got_the_documents_currency_meanwhile_is_followed(flow: Any) -> None:
    set_currency(flow, "")
    made = flow.sale("100.00", customer=EURO_CUSTOMER)
    flow.ready()
    set_currency(flow, "EUR")
    flow.reference.refresh(dt.timedelta(0))
    assert flow.deliver() == {"needs_attention": 1}
    assert flow.problems(made) == ["party_currency"]
    flow.translate(retry=True)
    assert flow.deliver() == {"posted": 1}
    assert [row["Currency_Code"] for row in ledger(flow)] == ["EUR"]


@pytest.mark.parametrize("published", [True, False])
def test_the_documents_due_date_goes_with_it_where_its_page_is_published(flow: Any, published: bool) -> None:
    sold, bought = flow.sale("100.00"), flow.purchase("80.00")
    flow.ready()
    if not published:
        del flow.nav._hook.settings.extra.services["sales_journal"]
        del flow.nav._hook.settings.extra.services["purchase_journal"]
    assert flow.deliver() == {"posted": 2}
    for made, service in ((sold, "customer_ledger"), (bought, "vendor_ledger")):
        due = flow.stored(made).document.due_date
        assert due is not None
        assert [row["Due_Date"] for row in ledger(flow, service)] == [
            due.isoformat() if published else "0001-01-01"
        ]


def credited(flow: Any) -> tuple[Any, Any]:
    """A posted invoice, and a credit note to it that is ready."""
    made = flow.sale("100.00")
    flow.ready()
    flow.deliver()
    note = flow.sandbox.cin7.post(f"invoice/{made['task_id']}/credit", {"announce": False})
    flow.collect()
    flow.translate()
    return made, note


def test_a_credit_note_settles_what_it_credits(flow: Any) -> None:
    credited(flow)
    assert flow.deliver() == {"posted": 1}
    assert [(row["Open"], row["Remaining_Amt_LCY"]) for row in ledger(flow)] == [(False, 0), (False, 0)]


def test_a_credit_note_to_what_was_settled_meanwhile_stays_open_and_is_listed(flow: Any) -> None:
    made, _ = credited(flow)
    number, customer = flow.nav_number(made), ledger(flow)[0]["Customer_No"]
    lines = [
        {"type": "Customer", "account": customer, "amount": "-120.00"},
        {"account": "6110", "amount": "120.00"},
    ]
    flow.sandbox.nav.post("by-hand/post-journal", {"number": "PAID", "lines": lines})
    flow.sandbox.nav.post("by-hand/apply", {"party": "customer", "documents": [number, "PAID"]})
    assert flow.deliver() == {"posted": 1}
    assert [row["Open"] for row in ledger(flow)] == [False, False, True]
    assert flow.sql("SELECT applies_to, done_at FROM application") == [(number, None)]


def test_a_credit_note_for_more_than_is_left_to_pay_is_not_applied_in_part(flow: Any) -> None:
    made, _ = credited(flow)
    number, customer = flow.nav_number(made), ledger(flow)[0]["Customer_No"]
    lines = [
        {"type": "Customer", "account": customer, "amount": "-100.00"},
        {"account": "6110", "amount": "100.00"},
    ]
    flow.sandbox.nav.post("by-hand/post-journal", {"number": "PAID", "lines": lines})
    flow.sandbox.nav.post("by-hand/apply", {"party": "customer", "documents": [number, "PAID"]})
    assert flow.deliver() == {"posted": 1}
    assert [(row["Open"], row["Remaining_Amt_LCY"]) for row in ledger(flow)] == [
        (True, 20),
        (False, 0),
        (True, -120),
    ]
    assert flow.sql("SELECT applies_to, done_at FROM application") == [(number, None)]


def test_what_people_post_is_listed_until_nav_is_seen_to_have_applied_it(flow: Any) -> None:
    """They may have taken the application off the staged line."""
    made, note = credited(flow)
    flow.edit("company.yaml", "posting: post", "posting: stage")
    flow.translate()
    flow.sql("UPDATE document SET posting = 'stage' WHERE state = 'ready'")
    assert flow.deliver() == {"staged": 1}
    assert next(line.applies_to for line in lines_in_nav(flow)) == flow.nav_number(made)
    flow.sandbox.nav.post("clerk", {"template": "CIN7", "batch": "CIN7"})
    flow.settle(follow=True)
    assert flow.state(note) == "posted"
    assert flow.sql("SELECT done_at FROM application") == [(None,)]


def test_a_credit_note_is_listed_where_the_ledger_is_not_published(flow: Any) -> None:
    made, _ = credited(flow)
    customers = ledger(flow)
    del flow.nav._hook.settings.extra.services["customer_ledger"]
    assert flow.deliver() == {"posted": 1}
    assert flow.sql("SELECT applies_to, done_at FROM application") == [(flow.nav_number(made), None)]
    assert len(customers) == 1


def test_a_vat_code_goes_with_its_line(flow: Any) -> None:
    flow.edit("company.yaml", "posting: post", "posting: stage")
    made = flow.sale("100.00")
    flow.ready()
    journal = flow.stored(made).journal
    lines = (*journal.lines[:1], *(replace(line, tax_code="STANDARD") for line in journal.lines[1:]))
    flow.nav.insert_journal("CIN7", "C7", replace(journal, lines=lines), {})
    assert [line.line.tax_code for line in lines_in_nav(flow)] == ["", "STANDARD", "STANDARD"]


# --- older versions ---


def test_descriptions_are_cut_to_what_this_version_holds(flow: Any) -> None:
    flow.sandbox.nav.patch("settings", {"longest_text": 50})
    made = flow.sale("100.00")
    (sale,) = [one for one in flow.sandbox.cin7.get("truth")["invoices"] if one["task_id"] == made["task_id"]]
    flow.sandbox.cin7.post(f"sale/{sale['order_id']}/raw", {"Customer": "N" * 255})
    flow.ready()
    assert flow.deliver() == {"posted": 1}
    assert {len(entry.description) for entry in flow.entries(made)} == {50}


def told(flow: Any, made: Any) -> str:
    return str(audit.trail(flow.database, str(flow.stored(made).key))[-1].why)


@pytest.mark.parametrize(
    "column", ["GeneralJournal.External_Document_No", "SalesJournal.Due_Date", "GeneralJournal.Description"]
)
def test_a_column_that_the_journal_page_lacks_is_named_and_nothing_stays_in_nav(
    flow: Any, column: str
) -> None:
    made = flow.sale("100.00")
    flow.ready()
    flow.sandbox.nav.patch("settings", {"lacking_columns": [column]})
    assert flow.deliver() == {"ready": 1}
    page, _, name = column.partition(".")
    assert flow.problems(made) == ["nav_misconfigured"]
    assert f"published page {page} has no column {name}" in told(flow, made)
    assert lines_in_nav(flow) == []
    flow.sandbox.nav.patch("settings", {"lacking_columns": []})
    flow.nav._hook._columns = {}
    flow.sql("DELETE FROM reference_set WHERE entity = 'columns'")
    assert flow.deliver() == {"posted": 1}


@pytest.mark.parametrize("page", ["GeneralJournal", "SalesJournal"])
def test_a_page_that_is_not_published_any_more_is_named_and_the_document_goes_on_after_it_is(
    flow: Any, page: str
) -> None:
    made = flow.sale("100.00")
    flow.ready()
    flow.sandbox.nav.patch("settings", {"unpublished": [page]})
    with contextlib.suppress(NotPublished):
        flow.deliver()
    flow.sandbox.nav.patch("settings", {"unpublished": []})
    assert flow.state(made) == "ready"
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)


def test_a_column_that_no_line_has_a_use_for_may_be_lacking(flow: Any) -> None:
    lacking = [f"{page}.{column}" for page in ("GeneralJournal", "SalesJournal") for column in UNUSED]
    flow.sandbox.nav.patch("settings", {"lacking_columns": lacking})
    made = flow.sale("100.00")
    flow.ready()
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)


def test_a_column_that_this_document_needs_is_missed_before_anything_is_inserted(flow: Any) -> None:
    _, note = credited(flow)
    flow.nav._hook._columns = {}
    flow.sandbox.nav.patch("settings", {"lacking_columns": ["GeneralJournal.Applies_to_Doc_No"]})
    flow.sandbox.nav.delete("calls")
    assert flow.deliver() == {"ready": 1}
    assert flow.problems(note) == ["nav_misconfigured"]
    assert not any(route.startswith("POST") for route in flow.sandbox.nav.get("calls")["by_route"])


@pytest.mark.parametrize("column", ["G_L_Account_Card.Direct_Posting", "Customer_Card.Currency_Code"])
def test_a_column_that_a_page_read_lacks_is_named(flow: Any, column: str) -> None:
    flow.sandbox.nav.patch("settings", {"lacking_columns": [column]})
    page, _, name = column.partition(".")
    with pytest.raises(Misconfigured, match=f"published page {page} has no column {name}"):
        flow.reference.refresh(dt.timedelta(0))

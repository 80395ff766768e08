"""Documents that wait in NAV for people: what these do there is noticed, told and respected."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from cin7_nav.flows.invoices import staged
from cin7_nav.hooks.channel import Entity
from cin7_nav.store import deliveries
from cin7_nav.store.documents import Scope
from cin7_nav.triggers import journal_posted
from cin7_nav.triggers.journal_posted import Look

LINE = "journalLines({})"
API_V2 = pytest.mark.api_v2
ON_PAGE = {
    "amount": "Amount",
    "documentNumber": "Document_No",
    "accountNumber": "Account_No",
    "description": "Description",
    "externalDocumentNumber": "External_Document_No",
}


class People:
    """Those who work in NAV on the one document of ours that lies there."""

    def __init__(self, flow: Any) -> None:
        self.flow = flow
        self.nav = flow.sandbox.nav
        self.hook = flow.nav._hook
        (code,) = flow.batches()
        (self.batch,) = flow.lying(code)

    @classmethod
    def of(cls, flow: Any) -> People:
        return cls(flow) if flow.nav.is_atomic else PagePeople(flow)

    @property
    def lines(self) -> list[Any]:
        path = self.hook.entity(f"journals({self.batch.journal_id})/journalLines")
        return list(self.hook.rows(path, {"$expand": "dimensionSetLines"}))

    def change(self, account: str, **fields: Any) -> None:
        (line,) = [line for line in self.lines if line["accountNumber"] == account]
        self.hook.write("PATCH", self.hook.entity(LINE.format(line["id"])), fields)

    def add(self, **fields: Any) -> None:
        body = {"accountType": "G/L Account", "documentNumber": "GJ-1", **fields}
        self.hook.write("POST", self.hook.entity(f"journals({self.batch.journal_id})/journalLines"), body)

    def delete_line(self, account: str) -> None:
        (line,) = [line for line in self.lines if line["accountNumber"] == account]
        self.hook.write("DELETE", self.hook.entity(LINE.format(line["id"])))

    def change_dimension(self, account: str, code: str, value: str) -> None:
        (line,) = [line for line in self.lines if line["accountNumber"] == account]
        (dimension,) = [one for one in line["dimensionSetLines"] if one["code"] == code]
        path = f"{LINE.format(line['id'])}/dimensionSetLines({dimension['id']})"
        self.hook.write("PATCH", self.hook.entity(path), {"valueCode": value})

    def post(self) -> None:
        self.flow.nav.post_journal(self.batch.journal_id)

    def delete(self) -> None:
        self.flow.nav.delete_journal(self.batch.journal_id)

    def approval(self, what: str) -> None:
        self.nav.post(what, {"template": "CIN7", "batch": self.batch.batch})

    @property
    def approvals(self) -> list[str]:
        every = self.nav.get("approvals")["batches"]
        return [one["approval"] for one in every if one["batch"] == self.batch.batch]


class PagePeople(People):
    """The same where documents lie in the shared batch of a published page."""

    def change(self, account: str, **fields: Any) -> None:
        self.hook.write("PATCH", self._path(account), {ON_PAGE[name]: v for name, v in fields.items()})

    def delete_line(self, account: str) -> None:
        self.hook.write("DELETE", self._path(account))

    def change_dimension(self, account: str, code: str, value: str) -> None:
        self.hook.write("PATCH", self._path(account), {self.flow.nav._shortcuts[code]: value})

    def _path(self, account: str) -> str:
        lines = self.flow.nav._of_documents("CIN7", list(self.batch.document_nos))
        (line,) = [line for line in lines if line.line.account_no == account]
        return str(self.flow.nav._path(line))


@pytest.fixture
def staging(flow: Any) -> Any:
    """A company whose accountants post."""
    flow.edit("company.yaml", "posting: post", "posting: stage")
    return flow


@pytest.fixture
def look(staging: Any) -> Callable[[], dict[str, int]]:
    return lambda: dict(staged.look(staging.database, staging.nav, staging.run))


def put_in(flow: Any) -> tuple[dict[str, Any], People]:
    """A sale that lies in NAV, and the people there."""
    made = flow.sale()
    flow.ready()
    assert flow.deliver() == {"staged": 1}
    return made, People.of(flow)


def message(flow: Any, made: dict[str, Any]) -> str:
    (problem,) = flow.stored(made).problems
    return str(problem.message)


def test_an_approval_is_waited_for_and_never_disturbed(staging: Any) -> None:
    staging.sandbox.nav.patch("settings", {"approval": True})
    made, people = put_in(staging)
    people.approval("request-approval")
    for _ in range(2):
        staging.settle()
        assert staging.deliver() == {}
    assert people.approvals == ["pending"]
    people.approval("approve")
    assert staging.settle()["posted"] == 1
    assert staging.is_posted_once(made)


def test_an_untouched_batch_costs_one_call_and_tells_nothing(
    staging: Any, look: Any, calls: Callable[[str], dict[str, int]]
) -> None:
    for price in ("10.00", "20.00", "30.00"):
        staging.sale(price)
    staging.ready()
    staging.deliver()
    rows = staging.sql("SELECT count(*) FROM audit")
    calls("nav")
    assert look() == {}
    assert calls("nav") == {staging.routes.waiting: 1}
    assert staging.sql("SELECT count(*) FROM audit") == rows


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda people: people.change("6110", amount=-99), "-99 instead of -100.00 on G/L Account 6110"),
        pytest.param(
            lambda people: people.change("6110", documentNumber="X1"),
            "document number X1 instead of C7S-",
            marks=API_V2("a document is known by its number"),
        ),
        (lambda people: people.change("6110", accountNumber="6120"), "on G/L Account 6120 was added"),
        (lambda people: people.delete_line("6110"), "the line of -100.00 on G/L Account 6110 is missing"),
        pytest.param(
            lambda people: people.add(accountNumber="8310", amount=5),
            "a line of 5 on G/L Account 8310 was",
            marks=API_V2("others' lines lie in the shared batch by right"),
        ),
    ],
    ids=["amount", "document number", "account", "missing line", "stranger's line"],
)
def test_what_people_change_is_told(
    staging: Any, look: Any, change: Callable[[People], None], told: str
) -> None:
    made, people = put_in(staging)
    change(people)
    assert look() == {"needs_attention": 1}
    assert staging.problems(made) == ["staged_lines_changed"]
    assert told in message(staging, made)
    staging.translate()
    assert staging.deliver() == {}
    assert staging.entries(made) == []


def test_a_changed_dimension_is_told(staging: Any, look: Any) -> None:
    made, people = put_in(staging)
    (line,) = [line for line in people.batch.lines if line.account_no == "6110"]
    code, value = line.dimensions[0]
    dimension = {one["id"]: one["code"] for one in staging.nav.reference(Entity.DIMENSIONS)}
    values = staging.nav.reference(Entity.DIMENSION_VALUES)
    other = next(
        row["code"] for row in values if dimension[row["dimensionId"]] == code and row["code"] != value
    )
    people.change_dimension("6110", code, other)
    look()
    assert f"{code} {other} instead of" in message(staging, made)


def test_lines_put_right_again_are_staged_again(staging: Any, look: Any) -> None:
    made, people = put_in(staging)
    people.change("6110", amount=-99)
    look()
    people.change("6110", amount=-100)
    assert look() == {"staged": 1}
    assert (staging.state(made), staging.problems(made)) == ("staged", [])


def test_changed_lines_that_people_post_are_compared_with_what_was_sent(staging: Any, look: Any) -> None:
    made, people = put_in(staging)
    people.change("6110", accountNumber="6120")
    look()
    people.post()
    staging.settle()
    assert (staging.state(made), staging.problems(made)) == ("needs_attention", ["posted_differently"])
    assert staging.sql("SELECT state FROM delivery") == [("posted",)]


def test_deleted_lines_wait_for_a_person_and_are_sent_again_for_one_who_names_them(
    staging: Any, look: Any
) -> None:
    made, people = put_in(staging)
    people.delete()
    assert look() == {"needs_attention": 1}
    assert staging.problems(made) == ["staged_lines_deleted"]
    staging.ready()
    assert staging.deliver() == {}
    assert staging.batches() == {}
    named = Scope(numbers=(made["number"],))
    assert dict(staged.send_again(staging.database, staging.nav, staging.run, named)) == {"received": 1}
    staging.translate(named)
    assert staging.deliver(named) == {"staged": 1}
    assert list(staging.batches().values()) == [3]
    People(staging).post()
    staging.settle()
    assert staging.is_posted_once(made)


def test_an_emptied_batch_is_made_room_for_the_lines_that_are_sent_again(staging: Any, look: Any) -> None:
    made, people = put_in(staging)
    for line in people.batch.lines:
        people.delete_line(line.account_no)
    look()
    named = Scope(numbers=(made["order_number"],))
    staged.send_again(staging.database, staging.nav, staging.run, named)
    staging.translate(named)
    assert staging.deliver(named) == {"staged": 1}
    assert list(staging.batches().values()) == [3]


def test_naming_a_document_that_nav_posted_meanwhile_sends_nothing(staging: Any, look: Any) -> None:
    made, people = put_in(staging)
    staging.sql("UPDATE document SET state = 'needs_attention', problems = %s::jsonb",
        '[{"code": "staged_lines_deleted", "message": "", "where": "", "fixer": "accountant"}]')  # fmt: skip
    people.post()
    named = Scope(numbers=(made["number"],))
    assert dict(staged.send_again(staging.database, staging.nav, staging.run, named)) == {"posted": 1}
    assert staging.is_posted_once(made)


def test_naming_a_document_whose_lines_lie_in_nav_leaves_them(staging: Any) -> None:
    made, _ = put_in(staging)
    named = Scope(numbers=(made["number"],))
    assert dict(staged.send_again(staging.database, staging.nav, staging.run, named)) == {}
    assert list(staging.batches().values()) == [3]


def test_a_document_that_changed_in_cin7_goes_on_when_its_batch_is_deleted(staging: Any, look: Any) -> None:
    made, people = put_in(staging)
    staging.act(made, "void")
    staging.collect()
    assert staging.problems(made) == ["changed_after_staging"]
    assert look() == {}
    people.delete()
    assert look() == {"received": 1}
    staging.translate()
    assert staging.state(made) == "skipped"
    assert staging.deliver() == {}


def test_of_what_another_run_has_posted_meanwhile_nothing_is_told(flow: Any) -> None:
    made = flow.sale()
    flow.ready()
    flow.sandbox.nav.fault("no_effect", flow.routes.post)
    assert flow.deliver() == {"staged": 1}
    People.of(flow).delete()
    staged.look(flow.database, flow.nav, flow.run)
    assert flow.problems(made) == ["staged_lines_deleted"]

    def send_again() -> None:
        named = Scope(numbers=(made["number"],))
        staged.send_again(flow.database, flow.nav, flow.run, named)
        flow.translate(named)
        assert flow.deliver(named) == {"posted": 1}

    flow.interrupt("posted_entries", send_again)
    staged.look(flow.database, flow.nav, flow.run)
    assert flow.is_posted_once(made)


# --- what the sensor waits for ---


def test_a_look_finds_what_lies_in_nav_no_more(
    staging: Any, monkeypatch: pytest.MonkeyPatch, calls: Callable[[str], dict[str, int]]
) -> None:
    for price in ("10.00", "20.00", "30.00"):
        staging.sale(price)
    staging.ready()
    staging.deliver()
    calls("nav")
    assert journal_posted.look(staging.database, staging.nav) == Look(staged=3, moved=0)
    assert calls("nav") == {staging.routes.waiting: 1}
    posted, deleted, _ = staging.lying(*staging.batches())
    staging.nav.post_journal(posted.journal_id)
    staging.nav.delete_journal(deleted.journal_id)
    monkeypatch.setattr(deliveries, "STAGED_PAGE", 2)
    assert journal_posted.look(staging.database, staging.nav) == Look(staged=3, moved=2)
    staged.look(staging.database, staging.nav, staging.run)
    assert journal_posted.look(staging.database, staging.nav) == Look(staged=1, moved=0)


@pytest.mark.usefixtures("airflow_connection")
def test_the_trigger_goes_through_the_airflow_connections(
    staging: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = staging.nav._hook.settings
    monkeypatch.setenv(
        "AIRFLOW_CONN_NAV_DEFAULT",
        json.dumps(
            {
                "conn_type": "nav",
                "host": staging.sandbox.nav.url,
                "login": connection.user,
                "password": connection.secret,
                "extra": connection.extra.model_dump(mode="json"),
            }
        ),
    )
    monkeypatch.setattr(journal_posted, "FIRST_PAUSE_S", 0.01)
    _, people = put_in(staging)
    people.post()

    async def rung() -> list[Any]:
        return [event.payload async for event in journal_posted.JournalPostedTrigger().run()]

    assert asyncio.run(rung()) == [{"moved": 1}]


# --- what NAV is to post itself and does not ---


def in_doubt(flow: Any) -> tuple[dict[str, Any], People]:
    """A sale whose posting got lost on its way, so that its lines lie in NAV."""
    made = flow.sale()
    flow.ready()
    flow.sandbox.nav.fault("lost_before", flow.routes.post)
    assert flow.deliver() == {"unknown": 1}
    return made, People.of(flow)


def test_lines_in_doubt_that_are_under_approval_stay_there(flow: Any) -> None:
    made, people = in_doubt(flow)
    flow.sandbox.nav.patch("settings", {"approval": True})
    people.approval("request-approval")
    for _ in range(2):
        assert flow.deliver() == {"unknown": 1}
    assert people.approvals == ["pending"]
    assert "requires approval" in message(flow, made)
    people.approval("approve")
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)


def test_lines_in_doubt_that_nav_refuses_go_on_when_their_batch_is_deleted(flow: Any) -> None:
    made, people = in_doubt(flow)
    flow.sandbox.nav.patch("settings", {"allow_posting_to": "2020-01-01"})
    assert flow.deliver() == {"unknown": 1}
    people.delete()
    flow.sandbox.nav.patch("settings", {"allow_posting_to": ""})
    assert flow.deliver() == {"posted": 1}
    assert flow.is_posted_once(made)


@API_V2("the shared batch is not ours to remove")
def test_an_emptied_batch_that_nav_does_not_give_up_holds_up_no_other(flow: Any) -> None:
    made, people = in_doubt(flow)
    for line in people.lines:
        people.delete_line(line["accountNumber"])
    other = flow.sale("55.00")
    flow.ready()
    flow.interrupt("find_journals", lambda: people.add(accountNumber="8310", amount=5))
    assert flow.deliver() == {"unknown": 1, "posted": 1}
    assert flow.is_posted_once(other)
    assert (flow.problems(made), flow.entries(made)) == (["batch_in_use"], [])
    assert [line["accountNumber"] for line in people.lines] == ["8310"]

"""The invoice flow between the sandbox's two sides, step by step, with a clock that the test moves."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
from airflow.sdk import Connection
from cin7_nav.flows.invoices import collect as collecting
from cin7_nav.flows.invoices import settle as settling
from cin7_nav.flows.invoices import translate as translating
from cin7_nav.flows.invoices.collect import Collected, Occasion
from cin7_nav.flows.invoices.deliver import Deliverer
from cin7_nav.flows.invoices.reference import FRESH, Reference
from cin7_nav.hooks.channel import JournalName, NavChannel, PostedEntry, StagedJournal
from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.hooks.nav import NavHook
from cin7_nav.hooks.nav_channel import nav_channel
from cin7_nav.hooks.nav_odata_v4 import POST_ACTION
from cin7_nav.hooks.nav_pages import PAGES
from cin7_nav.mappings import Mappings, load
from cin7_nav.mappings.reader import MappingError
from cin7_nav.store import documents, webhook_secrets
from cin7_nav.store.database import Database
from cin7_nav.store.documents import Run, Scope, Stored

from stack.sandbox import Sandbox

SHIPPED = Path(__file__).resolve().parents[3] / "include" / "mappings"
KEYS = ("44444444-4444-4444-8444-444444444441", "44444444-4444-4444-8444-444444444442")
SECRET = "a-long-random-secret-for-tests"
MADE_UP = "00000000-0000-4000-8000-000000000000"


class Routes(NamedTuple):
    """How the two writes and the proof of a document end in an address of NAV."""

    insert: str
    post: str
    entries: str
    waiting: str
    """What lies unposted, as the call log names it."""


ROUTES = {
    "api_v2": Routes("journals$", "Microsoft.NAV.post$", "generalLedgerEntries$", "GET journals"),
    "odata_v4": Routes(
        "GeneralJournal$", "C7Journal_PostGeneralJournal$", "G_LEntries$", "GET GeneralJournal"
    ),
}


@dataclass
class Flow:
    """One company on both sides, and the steps of the flow on it."""

    database: Database
    sandbox: Sandbox
    cin7: Cin7Hook
    nav: NavChannel
    directory: Path
    """Mapping files that the test may edit."""
    run: Run = field(default_factory=lambda: Run("invoices_to_journal/run-1", "poll"))
    passed: dt.timedelta = dt.timedelta(0)
    """How far the test moved the clock that reference data ages by."""

    def __post_init__(self) -> None:
        self.mappings: Mappings | list[MappingError] = load(self.directory)
        assert isinstance(self.mappings, Mappings)
        nav, cin7 = self.nav, self.cin7
        self.reference = Reference(
            self.database,
            lambda: nav,
            lambda: cin7,
            lambda: dt.datetime.now(dt.UTC) + self.passed,
            self.mappings.company,
        )
        health = self.sandbox.cin7.get("health")
        self.today = dt.date.fromisoformat(health["now"][:10])
        self.collected = Collected()

    # --- what people do ---

    def sale(self, price: str = "100.00", **spec: Any) -> dict[str, Any]:
        lines = [{"sku": "HV-0001", "quantity": 1, "price": price, "account": "200"}]
        return self._made("sale-invoice", {"lines": lines, "channel": "Shopify", **spec})

    def purchase(self, price: str = "100.00", **spec: Any) -> dict[str, Any]:
        lines = [{"sku": "HV-0001", "quantity": 1, "price": price}]
        return self._made("purchase-invoice", {"lines": lines, **spec})

    def _made(self, what: str, spec: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = self.sandbox.cin7.post(what, {"announce": False, **spec})
        return made

    def act(self, made: dict[str, Any], action: str, **spec: Any) -> None:
        self.sandbox.cin7.post(f"invoice/{made['task_id']}/{action}", {"announce": False, **spec})

    def land(self, event: str, record_id: str = "", number: str = "") -> None:
        """A webhook lands."""
        records = json.dumps([{"record_id": record_id, "number": number, "path": []}])
        with self.database.transaction() as cursor:
            cursor.execute(
                "SELECT valid FROM land_event('default', 'cin7', %s, %s, 'invoices', %s, '{}', %s, false)",
                (webhook_secrets.fingerprint(SECRET), event, f"{event}{record_id}{number}", records),
            )
            assert cursor.fetchone() == (True,)

    @property
    def routes(self) -> Routes:
        return ROUTES["api_v2" if self.nav.is_atomic else "odata_v4"]

    def edit(self, file: str, old: str, new: str) -> None:
        """Somebody edits a mapping file."""
        text = (self.directory / file).read_text()
        assert old in text
        (self.directory / file).write_text(text.replace(old, new))
        self.mappings = load(self.directory)

    # --- the steps ---

    def collect(self, occasion: Occasion = Occasion.POLL, scope: Scope | None = None) -> Collected:
        go_live = dt.date(2026, 1, 1)
        self.collected = collecting.collect(
            self.database, self.cin7, self.run, occasion, scope or Scope(), go_live
        )
        return self.collected

    def translate(self, scope: Scope | None = None, *, retry: bool = True) -> dict[str, int]:
        self.reference.refresh(FRESH, products=True)
        outcome = translating.translate(
            self.database, self.mappings, self.reference, self.run, scope or Scope(), retry=retry
        )
        return dict(outcome)

    def ready(self) -> None:
        """Everything up to the first byte to NAV's journals."""
        self.collect()
        self.translate()

    def deliver(self, scope: Scope | None = None) -> dict[str, int]:
        assert isinstance(self.mappings, Mappings)
        deliverer = Deliverer(self.database, self.nav, self.reference, self.mappings, self.run)
        return dict(deliverer.deliver(scope or Scope()))

    def settle(self, *, follow: bool = True) -> dict[str, int]:
        return dict(settling.settle(self.database, self.nav, self.run, self.collected.events, follow=follow))

    def interrupt(self, method: str, action: Callable[..., None], *, before: bool = False) -> None:
        """Let `action` happen right before or after the next call of this method of the NAV channel.

        An action that comes before gets the arguments of the call.
        """
        self.nav = cast(NavChannel, _Interrupted(self.nav, method, action, before))

    # --- what there is afterwards ---

    def stored(self, made: dict[str, Any]) -> Stored:
        (found,) = documents.find(self.database, made["number"])
        return found

    def state(self, made: dict[str, Any]) -> str:
        return self.stored(made).state

    def problems(self, made: dict[str, Any]) -> list[str]:
        return [problem.code for problem in self.stored(made).problems]

    def nav_number(self, made: dict[str, Any]) -> str:
        journal = self.stored(made).journal
        assert journal is not None
        return journal.document_no

    def entries(self, made: dict[str, Any]) -> list[PostedEntry]:
        return self.nav.posted_entries([self.nav_number(made)])

    def amount(self, made: dict[str, Any], account: str) -> list[Decimal]:
        """What was posted to an account."""
        return [entry.amount for entry in self.entries(made) if entry.account_no == account]

    def deliveries(self, made: dict[str, Any]) -> list[tuple[Any, ...]]:
        """`(NAV number, external number, state, whether it is a reversal)` of all that was sent, in order."""
        return self.sql(
            "SELECT nav_document_no, external_document_no, state, reverses IS NOT NULL FROM delivery"
            " WHERE document_id = %s ORDER BY revision",
            self.stored(made).id,
        )

    def net(self, made: dict[str, Any]) -> dict[str, Decimal]:
        """What stands in NAV's ledger of a document, all its postings and reversals together, by account."""
        numbers = [number for number, *_ in self.deliveries(made)]
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for entry in self.nav.posted_entries(numbers):
            sums[entry.account_no] += entry.amount
        return {account: amount for account, amount in sums.items() if amount}

    def is_posted_once(self, made: dict[str, Any]) -> bool:
        """Posted whole, once, with the total on the party's account, and known to be so."""
        stored = self.stored(made)
        entries = self.entries(made)
        assert stored.journal is not None
        control = [one.amount for one in entries if one.account_no in ("2310", "5410")]
        whole = len(entries) == len(stored.journal.lines) and sum(one.amount for one in entries) == 0
        return (
            whole
            and [abs(amount) for amount in control] == [Decimal(made["total"])]
            and (stored.state == "posted")
        )

    def batches(self) -> dict[str, int]:
        """Our batches in NAV and how many lines they hold, NAV's blank one not counted."""
        codes = self.sql("SELECT batch_code FROM delivery")
        return {one.code: len(one.lines) for one in self.lying(*(code for (code,) in codes))}

    def lying(self, *codes: str) -> list[StagedJournal]:
        """What lies in NAV under these codes, of our deliveries or of others'."""
        numbers = dict(self.sql("SELECT batch_code, nav_document_no FROM delivery"))
        names = [JournalName("CIN7", code, numbers.get(code, "")) for code in codes]
        return list(self.nav.find_journals(names).values())

    def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.database.transaction() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall()) if cursor.description else []

    def forget_leases(self) -> None:
        """The run died: its leases end."""
        self.sql("UPDATE document SET lease_until = clock_timestamp() WHERE lease_owner IS NOT NULL")


class _Interrupted:
    def __init__(self, nav: NavChannel, method: str, action: Callable[..., None], before: bool) -> None:
        self._nav, self._method, self._action, self._before = nav, method, action, before

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._nav, name)
        if name != self._method:
            return found

        def interrupted(*args: Any, **kwargs: Any) -> Any:
            self._method = ""
            if self._before:
                self._action(*args, **kwargs)
                return found(*args, **kwargs)
            answer = found(*args, **kwargs)
            self._action()
            return answer

        return interrupted


@pytest.fixture(params=["api_v2", "odata_v4"])
def channel(request: pytest.FixtureRequest, sandbox: Sandbox) -> dict[str, Any]:
    """How the connection names the channel, on which NAV's administrator has set up what it needs."""
    if request.param == "api_v2":
        return {}
    sandbox.nav.patch("settings", {"journal_posting_action": True})
    sandbox.nav.post("journal-batch", {"template": "CIN7", "batch": "CIN7"})
    services = {key: page.name for key, page in PAGES.items()}
    services[POST_ACTION] = "C7Journal_PostGeneralJournal"
    return {"channel": request.param, "services": services}


@pytest.fixture
def flow(database: Database, sandbox: Sandbox, tmp_path: Path, channel: dict[str, Any]) -> Flow:
    sandbox.cin7.patch("settings", {"rate_limit": False})
    webhook_secrets.admit(database, "cin7", SECRET)
    cin7 = Cin7Hook(
        connection=Connection(
            conn_id="cin7_default",
            conn_type="cin7",
            host=f"{sandbox.cin7.url}/ExternalApi/v2",
            login="33333333-3333-4333-8333-333333333333",
            password=KEYS[0],
            extra=json.dumps({"application_keys": KEYS[1:]}),
        ),
        sleep=lambda _: None,
    )
    nav = NavHook(
        connection=Connection(
            conn_id="nav_default",
            conn_type="nav",
            host=sandbox.nav.url,
            login="22222222-2222-4222-8222-222222222222",
            password="sandbox-nav-secret",
            extra=json.dumps(
                {
                    "company": "Harbour & Vale Trading Ltd.",
                    "tenant_id": "11111111-1111-4111-8111-111111111111",
                    "environment": "sandbox",
                    "authority": sandbox.nav.url,
                    "ca_bundle": str(sandbox.nav.ca),
                    **channel,
                }
            ),
        ),
        sleep=lambda _: None,
    )
    directory = tmp_path / "mappings"
    shutil.copytree(SHIPPED, directory)
    return Flow(database, sandbox, cin7, nav_channel(nav), directory)


@pytest.fixture
def calls(sandbox: Sandbox) -> Callable[[str], dict[str, int]]:
    """Calls of one side since the last look, by route."""

    def look(side: str) -> dict[str, int]:
        of: Any = getattr(sandbox, side)
        found: dict[str, int] = of.get("calls")["by_route"]
        of.delete("calls")
        return found

    return look

"""What NAV and Cin7 know of accounts, dimensions, parties and products, cached for the invoice flow."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from cin7_nav.hooks.channel import Entity, NavChannel
from cin7_nav.hooks.cin7 import Cin7Hook
from cin7_nav.mappings.company import Company
from cin7_nav.model import AccountType, Journal, Kind, PartyKind, SourceDocument
from cin7_nav.rules.party import TaxNumberMatch, tax_number_key
from cin7_nav.rules.precheck import Chart, ChartAccount, ChartParty, DefaultDimension
from cin7_nav.rules.twins import NavDocument, NavLines, is_alive, may_vanish, twin_key, twin_keys
from cin7_nav.store import parties
from cin7_nav.store import reference as store
from cin7_nav.store.database import Database
from cin7_nav.store.reference import Row

FRESH = dt.timedelta(minutes=10)
"""Age up to which a polling or daily run takes reference data as it is cached."""
USABLE = dt.timedelta(hours=1)
"""The same for a run on a landed event, which should not wait for reference data."""
DOUBT = dt.timedelta(minutes=1)
"""Age above which data is fetched anew before a document is held back because of it."""
WHOLE = dt.timedelta(hours=20)
"""Age above which parties, products, invoices and credit memos are read whole, for deletions; before, only
what changed. Where a document is about to be held back, parties are read whole already above `FRESH`: their
default dimensions change without a trace on the card."""
OVERLAP = dt.timedelta(minutes=10)
BEFORE_GO_LIVE = dt.timedelta(days=92)
"""How long before go-live NAV may have dated an invoice that Cin7 dates after it."""

NAV, CIN7 = "nav", "cin7"
WAITING = "waitingJournalLines"
DEFAULTS = "account_defaults"


class Reference:
    """Cached reference data, refreshed by age. Reads go to Postgres, one query per question and batch.

    The vendors are connected to only when something is fetched.
    """

    def __init__(
        self,
        database: Database,
        nav: Callable[[], NavChannel],
        cin7: Callable[[], Cin7Hook],
        now: Callable[[], dt.datetime],
        company: Company | None = None,
    ) -> None:
        """Without `company`, as while the mappings are invalid, nothing is known of what people keyed in."""
        self.database = database
        self.nav = nav
        self.cin7 = cin7
        self.company = company
        self._now = now
        self._parties: dict[tuple[bool, str], TaxNumberMatch] = {}
        self._currencies: dict[tuple[Entity, str], str] = {}

    def now(self) -> dt.datetime:
        """The time by which reference data ages."""
        return self._now()

    # --- keeping it fresh ---

    def refresh(
        self, age: dt.timedelta, *, products: bool = False, whole_parties: dt.timedelta = WHOLE
    ) -> bool:
        """Fetch what is older than `age`; whether anything was."""
        fetched = [self._refresh_nav(entity, age) for entity in _NAV_ENTITIES]
        fetched += [self._refresh_nav(entity, age, whole_parties) for entity in _NAV_PARTIES]
        if self.company:
            fetched += [self._refresh_nav(entity, age, WHOLE) for entity in _DOCUMENTS]
            fetched.append(self._refresh_waiting_lines(self.company.template.value, age))
        fetched += [self._refresh_cin7(entity, age) for entity in ("customers", "suppliers")]
        if products:
            fetched.append(self._refresh_cin7("products", age))
        self._parties.clear()
        self._currencies.clear()
        return any(fetched)

    def refresh_for_doubt(self) -> bool:
        """Fetch again what a document is about to be held back for, unless it is as good as new."""
        return self.refresh(DOUBT, whole_parties=FRESH)

    def refresh_documents(self, entities: Collection[str]) -> None:
        """Fetch now what changed among NAV's invoices and credit memos, those of these entity sets."""
        for entity in _DOCUMENTS:
            if self.company and entity in entities:
                self._refresh_nav(entity, dt.timedelta(0), WHOLE)

    def forget_deleted(self, twins: Collection[NavDocument | NavLines]) -> bool:
        """Forget those of these documents that people deleted in NAV, which no list of changes tells; whether
        any was. NAV is asked only about what it lets people delete."""
        gone = False
        for entity, fields in _DOCUMENTS.items():
            ids = {
                twin.id
                for twin in twins
                if isinstance(twin, NavDocument) and twin.kind is fields.kind and may_vanish(twin.status)
            }
            if ids:
                left = ids - self.nav().existing(entity, sorted(ids))
                asked_at = store.fetched_at(self.database, NAV, entity) or self._now()
                rows = [Row(one, {}) for one in left]
                store.store(self.database, NAV, entity, rows, asked_at, whole=False)
                gone = gone or bool(left)
        return gone

    def _refresh_nav(self, entity: Entity, age: dt.timedelta, whole: dt.timedelta | None = None) -> bool:
        def fetch(since: dt.datetime | None) -> Iterable[Row]:
            bounded = self.company is not None and entity in _DOCUMENTS and since is None
            posted = self.company.go_live - BEFORE_GO_LIVE if self.company and bounded else None
            rows = self.nav().reference(entity, modified_since=since, posted_since=posted)
            return (_nav_row(entity, row) for row in rows)

        return self._refresh(NAV, entity, age, fetch, whole_after=whole)

    def _refresh_waiting_lines(self, template: str, age: dt.timedelta) -> bool:
        def fetch(_: dt.datetime | None) -> Iterable[Row]:
            return map(_lines_row, self.nav().waiting_lines(template))

        return self._refresh(NAV, WAITING, age, fetch, whole_after=None)

    def _refresh_cin7(self, entity: str, age: dt.timedelta) -> bool:
        def fetch(since: dt.datetime | None) -> Iterable[Row]:
            cin7 = self.cin7()
            fetchers = {"customers": cin7.customers, "suppliers": cin7.suppliers, "products": cin7.products}
            return (_cin7_row(entity, row) for row in fetchers[entity](since))

        return self._refresh(CIN7, entity, age, fetch, whole_after=WHOLE)

    def _refresh(
        self,
        source: str,
        entity: str,
        age: dt.timedelta,
        fetch: Callable[[dt.datetime | None], Iterable[Row]],
        *,
        whole_after: dt.timedelta | None,
    ) -> bool:
        """`whole_after`: the age up to which only changes are read; None for what is always read whole."""
        asked_at = self._now()
        last = store.fetched_at(self.database, source, entity)
        if last and asked_at - last <= age:
            return False
        whole_at = store.fetched_at(self.database, source, f"{entity}:whole")
        whole = whole_after is None or last is None or whole_at is None or asked_at - whole_at > whole_after
        since = None if whole or last is None else last - OVERLAP
        store.store(self.database, source, entity, fetch(since), asked_at, whole=whole)
        if whole:
            store.store(self.database, source, f"{entity}:whole", (), asked_at, whole=False)
        return True

    # --- questions ---

    def chart(self, journals: Sequence[Journal]) -> Chart:
        """NAV's reference data as far as these journals name it."""
        lines = [line for journal in journals for line in journal.lines]
        numbers: dict[AccountType, set[str]] = {kind: set() for kind in AccountType}
        for line in lines:
            numbers[line.account_type].add(line.account_no)
        setup = next(iter(self._rows(Entity.GENERAL_LEDGER_SETUP)), {})
        used = {f"{code}/{value}" for line in lines for code, value in line.dimensions}
        return Chart(
            accounts={
                row["number"]: ChartAccount(
                    row["number"],
                    row["displayName"],
                    row["accountType"],
                    row["blocked"],
                    row["directPosting"],
                )
                for row in self._rows(Entity.ACCOUNTS, numbers[AccountType.GL])
            },
            dimension_values=self._dimension_values(used),
            customers=self._party_cards(Entity.CUSTOMERS, numbers[AccountType.CUSTOMER]),
            vendors=self._party_cards(Entity.VENDORS, numbers[AccountType.VENDOR]),
            local_currency=setup.get("localCurrencyCode") or "",
            posting_from=_date(setup.get("allowPostingFrom")),
            posting_to=_date(setup.get("allowPostingTo")),
            closed_periods=self._closed_periods(),
        )

    def twins(
        self, pairs: Sequence[tuple[SourceDocument, Journal]]
    ) -> list[tuple[NavDocument | NavLines, ...]]:
        """What NAV holds under the numbers of each of these documents without our having posted it.

        Journal lines are named whoever put them there, ourselves included.
        """
        keys = [twin_keys(document, journal) for document, journal in pairs]
        found: defaultdict[tuple[Kind | None, str], list[NavDocument | NavLines]] = defaultdict(list)
        for entity, fields in _DOCUMENTS.items():
            wanted = [one for (d, _), one in zip(pairs, keys, strict=True) if d.key.kind is fields.kind]
            lookups = frozenset[str]().union(*wanted)
            for row in store.rows(self.database, NAV, entity, lookups=lookups) if lookups else ():
                found[fields.kind, row.lookup].append(_nav_document(row.key, fields.kind, row.body))
        numbers = {journal.document_no for _, journal in pairs}
        for row in store.rows(self.database, NAV, WAITING, lookups=numbers):
            found[None, row.lookup].append(_nav_lines(row.body))
        return [
            tuple(
                twin
                for key in [*((document.key.kind, one) for one in sorted(mine)), (None, journal.document_no)]
                for twin in found.get(key, ())
            )
            for (document, journal), mine in zip(pairs, keys, strict=True)
        ]

    def prepare_parties(self, documents: Sequence[SourceDocument]) -> None:
        """Look up the links and tax numbers of all parties of these documents, in a few queries for all."""
        for is_sale in (True, False):
            ids = {d.party_id for d in documents if d.key.kind.is_sale is is_sale}
            ids -= {party for sale, party in self._parties if sale is is_sale}
            if not ids:
                continue
            cin7, nav = ("customers", Entity.CUSTOMERS) if is_sale else ("suppliers", Entity.VENDORS)
            cards = {row.key: row for row in store.rows(self.database, CIN7, cin7, keys=ids)}
            taxes = {card.lookup for card in cards.values() if card.lookup}
            sharing = [row.lookup for row in store.rows(self.database, CIN7, cin7, lookups=taxes)]
            there = [(r.lookup, r.key) for r in store.rows(self.database, NAV, nav, lookups=taxes)]
            known = parties.known(self.database, PartyKind.CUSTOMER if is_sale else PartyKind.SUPPLIER, ids)
            for party in ids:
                card = cards.get(party)
                tax = card.lookup if card else ""
                its = known.get(party, parties.Known())
                self._parties[is_sale, party] = TaxNumberMatch(
                    card.body.get("TaxNumber") or "" if card else "",
                    sharing.count(tax) if tax else 0,
                    tuple(
                        number
                        for lookup, number in there
                        if tax and lookup == tax and number not in its.never
                    ),
                    its.number,
                    its.link_id or 0,
                )

    def tax_number_match(self, document: SourceDocument) -> TaxNumberMatch:
        """What both systems know of the party's tax number; `prepare_parties` comes first."""
        return self._parties.get((document.key.kind.is_sale, document.party_id), TaxNumberMatch())

    def card_currency(self, document: SourceDocument, number: str) -> str:
        """The currency in which NAV takes documents of the customer or vendor with this number: that of the
        card; empty for local currency, as always over a channel that carries no other."""
        entity = Entity.CUSTOMERS if document.key.kind.is_sale else Entity.VENDORS
        if (entity, number) not in self._currencies:
            cards = self._party_cards(entity, [number]) if self.nav().carries_currency else {}
            self._currencies[entity, number] = cards[number].currency if number in cards else ""
        return self._currencies[entity, number]

    def categories(self, product_ids: Collection[str]) -> dict[str, str]:
        """Product category by product id; products not known are left out."""
        return {
            row.key: row.body.get("Category") or ""
            for row in store.rows(self.database, CIN7, "products", keys=product_ids)
        }

    def account_defaults(self) -> dict[str, list[str]]:
        """Account → dimension codes that NAV puts on its lines by itself, as learnt so far."""
        return {row.key: list(row.body["codes"]) for row in store.rows(self.database, NAV, DEFAULTS)}

    def learn_defaults(self, learnt: Mapping[str, Sequence[str]]) -> None:
        """Remember what an insert taught about the accounts' default dimensions."""
        rows = [Row(account, {"codes": list(codes)}) for account, codes in learnt.items()]
        store.store(self.database, NAV, DEFAULTS, rows, self._now(), whole=False)

    def _rows(self, entity: Entity, keys: Collection[str] | None = None) -> list[Mapping[str, Any]]:
        return [row.body for row in store.rows(self.database, NAV, entity, keys=keys)]

    def _dimension_values(self, used: Collection[str]) -> frozenset[tuple[str, str]]:
        if not used:
            return frozenset()
        codes = {row["id"]: row["code"] for row in self._rows(Entity.DIMENSIONS)}
        return frozenset(
            (codes.get(row["dimensionId"], ""), row["code"]) for row in self._rows(Entity.DIMENSION_VALUES)
        )

    def _party_cards(self, entity: Entity, numbers: Collection[str]) -> dict[str, ChartParty]:
        return {
            row["number"]: ChartParty(
                row["number"],
                str(row["blocked"]).strip(),
                row.get("currencyCode") or "",
                tuple(
                    DefaultDimension(
                        one["dimensionCode"], one["dimensionValueCode"], one["postingValidation"]
                    )
                    for one in row.get("defaultDimensions") or ()
                ),
            )
            for row in (self._rows(entity, numbers) if numbers else ())
        }

    def _closed_periods(self) -> tuple[tuple[dt.date, dt.date], ...]:
        periods = sorted(
            (dt.date.fromisoformat(row["startingDate"]), bool(row["closed"]))
            for row in self._rows(Entity.ACCOUNTING_PERIODS)
        )
        ends = [start - dt.timedelta(days=1) for start, _ in periods[1:]]
        return tuple((start, end) for (start, closed), end in zip(periods, ends, strict=False) if closed)


_NAV_ENTITIES = (
    Entity.ACCOUNTS,
    Entity.DIMENSIONS,
    Entity.DIMENSION_VALUES,
    Entity.GENERAL_LEDGER_SETUP,
    Entity.ACCOUNTING_PERIODS,
)
_NAV_PARTIES = (Entity.CUSTOMERS, Entity.VENDORS)

_PARTY_FIELDS = (
    "number",
    "displayName",
    "blocked",
    "currencyCode",
    "taxRegistrationNumber",
    "defaultDimensions",
)


@dataclass(frozen=True, slots=True)
class _DocumentFields:
    """How NAV names what identifies a document keyed in by hand."""

    kind: Kind
    party: str
    external: str


_DOCUMENTS = {
    Entity.PURCHASE_INVOICES: _DocumentFields(Kind.PURCHASE_INVOICE, "vendorNumber", "vendorInvoiceNumber"),
    Entity.SALES_INVOICES: _DocumentFields(Kind.SALE_INVOICE, "customerNumber", "externalDocumentNumber"),
    Entity.PURCHASE_CREDIT_MEMOS: _DocumentFields(
        Kind.PURCHASE_CREDIT_NOTE, "vendorNumber", "vendorCreditMemoNumber"
    ),
    Entity.SALES_CREDIT_MEMOS: _DocumentFields(
        Kind.SALE_CREDIT_NOTE, "customerNumber", "externalDocumentNumber"
    ),
}


def _nav_row(entity: Entity, row: Mapping[str, Any]) -> Row:
    if fields := _DOCUMENTS.get(entity):
        return _document_row(fields, row)
    if entity in _NAV_PARTIES:
        body = {name: row.get(name) for name in _PARTY_FIELDS}
        return Row(row["number"], body, tax_number_key(row.get("taxRegistrationNumber") or ""))
    if entity is Entity.ACCOUNTS:
        return Row(row["number"], row)
    return Row(row["id"], row)


def _document_row(fields: _DocumentFields, row: Mapping[str, Any]) -> Row:
    """A canceled document, or one without a number of the other side, has no key to be found by."""
    body = {
        "number": row["number"],
        "party": row[fields.party],
        "external": row.get(fields.external) or "",
        "date": row["postingDate"],
        "amount": row["totalAmountIncludingTax"],
        "status": row["status"],
    }
    lookup = twin_key(body["party"], body["external"]) if is_alive(body["status"]) else ""
    return Row(row["id"], body, lookup)


def _nav_document(id_: str, kind: Kind, body: Mapping[str, Any]) -> NavDocument:
    return NavDocument(
        id_,
        kind,
        body["number"],
        body["party"],
        body["external"],
        dt.date.fromisoformat(body["date"]),
        Decimal(body["amount"]),
        body["status"],
    )


def _lines_row(lines: NavLines) -> Row:
    return Row(f"{lines.template} {lines.batch} {lines.document_no}", asdict(lines), lines.document_no)


def _nav_lines(body: Mapping[str, Any]) -> NavLines:
    dated = dt.date.fromisoformat(body["date"])
    return NavLines(
        body["template"], body["batch"], body["document_no"], dated, body["count"], Decimal(body["debit"])
    )


def _cin7_row(entity: str, row: Mapping[str, Any]) -> Row:
    key = str(row["ID"]).lower()
    if entity == "products":
        return Row(key, {"SKU": row.get("SKU"), "Category": row.get("Category")})
    body = {name: row.get(name) for name in ("Name", "TaxNumber", "Status")}
    return Row(key, body, tax_number_key(row.get("TaxNumber") or ""))


def _date(text: str | None) -> dt.date | None:
    """NAV writes an empty date as 0001-01-01."""
    return None if not text or text.startswith("0001-01-01") else dt.date.fromisoformat(text)

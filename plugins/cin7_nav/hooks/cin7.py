"""Talking to Cin7 Core: reading documents and reference data, and the few things we write there."""

from __future__ import annotations

import datetime as dt
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import requests
from airflow.sdk.log import mask_secret
from tenacity import RetryCallState

from cin7_nav.hooks import cin7_errors
from cin7_nav.hooks.connections import AirflowConnection, Cin7Settings
from cin7_nav.hooks.errors import CallLimit, Misconfigured, NotFound, Unavailable, VendorError
from cin7_nav.hooks.session import VendorHook, VendorSession, shared_session
from cin7_nav.model import Fixer
from cin7_nav.store.budget import CallBudget
from cin7_nav.store.database import Database

Row = dict[str, Any]

log = logging.getLogger(__name__)

PAGE_SIZE = 1000
"""Rows per page: the most that Cin7 gives (Cin7's API portal)."""
WRITABLE = frozenset({"webhooks", "customer", "supplier", "stockadjustment"})
"""The only resources that are ever written in Cin7."""


class Cin7Hook(VendorHook):
    """Cin7 Core's API v2. Thread-safe; one hook may serve all threads of a task.

    With a `database`, calls are counted over all processes that use the same keys. Errors are those of
    `hooks.errors`. Reads are repeated a few times by themselves.
    """

    conn_name_attr = "cin7_conn_id"
    default_conn_name = "cin7_default"
    conn_type = "cin7"
    hook_name = "Cin7 Core"
    vendor = "Cin7"
    settings: Cin7Settings

    def __init__(
        self,
        cin7_conn_id: str = default_conn_name,
        *,
        connection: AirflowConnection | None = None,
        database: Database | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(cin7_conn_id, sleep)
        self.settings = Cin7Settings.of(connection or self.get_connection(cin7_conn_id))
        for key in self.settings.keys:
            mask_secret(key)
        extra = self.settings.extra
        self._budget = CallBudget(
            database,
            self.settings.keys,
            extra.calls_per_minute if database else 0,
            extra.limit_scope,
            account=self.settings.account_id,
            call_timeout_s=extra.timeout_s,
            sleep=sleep,
        )

    # --- reading ---

    def get(self, path: str, **params: Any) -> Any:
        """The JSON of one resource, e.g. `get("/sale", ID=…)`; decimals exact."""
        return self._get(path, params)

    def pages(self, path: str, key: str, **params: Any) -> Iterator[list[Row]]:
        """The pages of a list whose rows lie under `key`, until its `Total` is reached or a page is empty."""
        seen, page = 0, 1
        while True:
            answer = self.get(path, **params, Page=page, Limit=PAGE_SIZE)
            rows = answer.get(key) if isinstance(answer, dict) else None
            if not isinstance(rows, list):
                raise Unavailable(f"Cin7's answer to {path} has no list {key}")
            if rows:
                yield rows
            seen += len(rows)
            if not rows or seen >= answer.get("Total", seen + 1):
                return
            page += 1

    def me(self) -> Row:
        """The account: company, base currency, time zone, lock date."""
        return self._record(self.get("/me"), "Company", "/me")

    def sale(self, sale_id: str) -> Row:
        """A whole sale with all its invoices and credit notes. Raises `NotFound`."""
        return self._record(self.get("/sale", ID=sale_id), "ID", "/sale")

    def purchase(self, purchase_id: str) -> Row:
        """A whole purchase of any type with all its invoices and credit notes. Raises `NotFound`."""
        return self._record(self.get("/advanced-purchase", ID=purchase_id), "ID", "/advanced-purchase")

    def sale_list(
        self,
        updated_since: dt.datetime | None = None,
        updated_until: dt.datetime | None = None,
        **filters: Any,
    ) -> Iterator[Row]:
        """Headers of sales changed in this time; `filters` in Cin7's names, e.g. `Status="INVOICED"`."""
        return self._changed("/saleList", "SaleList", "Updated", updated_since, updated_until, filters)

    def purchase_list(
        self,
        updated_since: dt.datetime | None = None,
        updated_until: dt.datetime | None = None,
        **filters: Any,
    ) -> Iterator[Row]:
        """Headers of purchases changed in this time; `filters` in Cin7's names."""
        return self._changed(
            "/purchaseList", "PurchaseList", "LastUpdatedDate", updated_since, updated_until, filters
        )

    def sale_credit_note_list(self, updated_since: dt.datetime | None = None) -> Iterator[Row]:
        """Headers of sales with a credit note that changed since; the only list sure to show those that
        stand alone."""
        return self._changed("/saleCreditNoteList", "SaleList", "Updated", updated_since, None, {})

    def purchase_credit_note_list(self, updated_since: dt.datetime | None = None) -> Iterator[Row]:
        """The same for purchases."""
        return self._changed(
            "/purchaseCreditNoteList", "PurchaseList", "LastUpdatedDate", updated_since, None, {}
        )

    def changed_since(self, path: str, parameter: str, since: dt.datetime) -> int:
        """How many rows of a list changed after this time; `parameter` is the list's name for that filter."""
        answer = self.get(path, **{parameter: _stamp(since)}, Page=1, Limit=1)
        return int(self._record(answer, "Total", path)["Total"])

    def search_sale(self, number: str) -> list[Row]:
        """Headers of the sales whose order, invoice or credit-note number is exactly this one."""
        return self._search("/saleList", "SaleList", number)

    def search_purchase(self, number: str) -> list[Row]:
        """Headers of the purchases whose order, invoice or credit-note number is exactly this one."""
        return self._search("/purchaseList", "PurchaseList", number)

    def search_sale_credit_note(self, number: str) -> list[Row]:
        """The same in the list of sales with credit notes."""
        return self._search("/saleCreditNoteList", "SaleList", number)

    def search_purchase_credit_note(self, number: str) -> list[Row]:
        """The same in the list of purchases with credit notes."""
        return self._search("/purchaseCreditNoteList", "PurchaseList", number)

    def transactions(self, from_date: dt.date, to_date: dt.date) -> Iterator[Row]:
        """Cin7's own ledger rows with an effective date in this range, both ends included.

        Cin7 describes its bounds as "more than" and "less than": a day more is asked for on each side.
        """
        day = dt.timedelta(days=1)
        bounds = {"FromDate": f"{from_date - day}T00:00:00", "ToDate": f"{to_date + day}T00:00:00"}
        for rows in self.pages("/transactions", "Transactions", **bounds):
            for row in rows:
                date = row.get("EffectiveDate")
                if not date:
                    log.warning("Cin7's ledger has a row without a date (task %s)", row.get("TaskID"))
                elif from_date <= dt.date.fromisoformat(date[:10]) <= to_date:
                    yield row

    def customers(self, modified_since: dt.datetime | None = None) -> Iterator[Row]:
        """Customers, deactivated ones included."""
        return self._parties("/customer", "CustomerList", modified_since)

    def suppliers(self, modified_since: dt.datetime | None = None) -> Iterator[Row]:
        """Suppliers, deactivated ones included."""
        return self._parties("/supplier", "SupplierList", modified_since)

    def customer(self, customer_id: str) -> Row:
        """One customer, deactivated or not. Raises `NotFound`."""
        return self._one_party("/customer", "CustomerList", customer_id)

    def supplier(self, supplier_id: str) -> Row:
        """One supplier, deactivated or not. Raises `NotFound`."""
        return self._one_party("/supplier", "SupplierList", supplier_id)

    def customers_named(self, name: str) -> list[Row]:
        """The customers with this name, regardless of case: Cin7 keeps names unique."""
        return self._named("/customer", "CustomerList", name)

    def suppliers_named(self, name: str) -> list[Row]:
        """The same for suppliers."""
        return self._named("/supplier", "SupplierList", name)

    def products(self, modified_since: dt.datetime | None = None) -> Iterator[Row]:
        """Products, deactivated ones included."""
        return self._parties("/product", "Products", modified_since)

    def locations(self) -> Iterator[Row]:
        """Warehouses with their bins."""
        return self._rows("/ref/location", "LocationList")

    def stock_page(self, path: str, key: str, page: int) -> tuple[list[Row], int]:
        """One page of a list that can't be asked for changes, and how many rows there are in all."""
        answer = self._record(self.get(path, Page=page, Limit=PAGE_SIZE), key, path)
        rows = answer[key]
        if not isinstance(rows, list):
            raise Unavailable(f"Cin7's answer to {path} has no list {key}")
        return rows, int(answer.get("Total") or len(rows))

    def stock_adjustment(self, task_id: str) -> Row:
        """A whole stock adjustment. Raises `NotFound`."""
        return self._record(self.get("/stockadjustment", TaskID=task_id), "TaskID", "/stockadjustment")

    def stock_take(self, task_id: str) -> Row:
        """A whole stock take. Raises `NotFound`."""
        return self._record(self.get("/stocktake", TaskID=task_id), "TaskID", "/stocktake")

    def stock_transfer(self, task_id: str) -> Row:
        """A whole stock transfer. Raises `NotFound`."""
        return self._record(self.get("/stockTransfer", TaskID=task_id), "TaskID", "/stockTransfer")

    def availability(self, **filters: Any) -> Iterator[Row]:
        """What places hold; a place that is not named holds nothing, once all rows are read."""
        return self._rows("/ref/productavailability", "ProductAvailabilityList", **filters)

    def create_stock_adjustment(self, adjustment: Mapping[str, Any]) -> Row:
        """Complete a stock adjustment; `adjustment` in Cin7's field names. The answer is what it came to.

        Raises `Refused`, `OutcomeUnknown`.
        """
        answer = self.write("POST", "/stockadjustment", body=adjustment)
        if not isinstance(answer, dict) or not answer.get("TaskID"):
            raise self.lost("Cin7's answer does not name the adjustment written", repeatable=False)
        return answer

    def accounts(self) -> Iterator[Row]:
        """The chart of accounts."""
        return self._rows("/ref/account", "AccountsList")

    def tax_rules(self) -> Iterator[Row]:
        """Tax rules; documents name them by `Name`."""
        return self._rows("/ref/tax", "TaxRuleList")

    # --- writing ---

    def write(
        self, method: str, path: str, *, body: Any = None, repeatable: bool = False, **params: Any
    ) -> Any:
        """The one way anything is written in Cin7. Sent once, again only where the call limit refused it.

        `repeatable` says that sending it twice leaves the same state: then a lost answer is `Unavailable`
        instead of `OutcomeUnknown`. Raises `PermissionError` for a resource that is not `WRITABLE`.
        """
        if method not in ("POST", "PUT", "DELETE") or path.strip("/").lower() not in WRITABLE:
            raise PermissionError(f"{method} {path} is not among the things that are written in Cin7")
        repeating = self._repeating(CallLimit)
        return repeating(self._call, method, path, params=params, body=body, repeatable=repeatable)

    def webhooks(self) -> list[Row]:
        """The webhook subscriptions. They carry passwords and tokens in clear: never log them."""
        answer = self.get("/webhooks")
        return list(self._record(answer, "Webhooks", "/webhooks")["Webhooks"])

    def create_webhook(self, webhook: Mapping[str, Any]) -> Row:
        """Subscribe; `webhook` in Cin7's field names. The answer carries its `ID`."""
        return self._one_webhook(self.write("POST", "/webhooks", body=webhook))

    def update_webhook(self, webhook: Mapping[str, Any]) -> Row:
        """Replace a subscription by its `ID`. What is left out is blanked, token and headers too."""
        return self._one_webhook(self.write("PUT", "/webhooks", body=webhook, repeatable=True))

    def delete_webhook(self, webhook_id: str) -> None:
        """Unsubscribe. No error where it is already gone."""
        try:
            self.write("DELETE", "/webhooks", repeatable=True, ID=webhook_id)
        except NotFound:
            return

    def write_customer(self, method: str, customer: Mapping[str, Any]) -> Row:
        """POST a new customer or PUT changes by `ID`, in Cin7's field names; the whole record then.

        What the body omits stays; addresses and contacts without `ID` are added (seen in the field).
        """
        return self._written_party(method, "/customer", "CustomerList", customer)

    def write_supplier(self, method: str, supplier: Mapping[str, Any]) -> Row:
        """The same for a supplier."""
        return self._written_party(method, "/supplier", "SupplierList", supplier)

    # --- Airflow ---

    def test_connection(self) -> tuple[bool, str]:
        """Airflow's Test button: a real call with each application key."""
        try:
            for key in self.settings.keys:
                me = self._record(self._with_key(key, "GET", "/me", {}, None, True), "Company", "/me")
        except VendorError as error:
            return False, f"{error}. Who can fix it: {error.fixer}."
        count = len(self.settings.keys)
        return True, f"Cin7 Core answers for {me['Company']}; application keys that work: {count}"

    # --- within ---

    def _session(self) -> VendorSession:
        extra = self.settings.extra
        return shared_session("cin7", extra.ca_bundle, extra.timeout_s)

    def _pause(self, state: RetryCallState) -> float:
        """Nothing where a key rests: the call budget waits for it, or gives another key."""
        error = state.outcome.exception() if state.outcome else None
        rests = isinstance(error, cin7_errors.Forbidden) or getattr(error, "retry_after", None)
        return 0.0 if rests else super()._pause(state)

    def _get(self, path: str, params: Mapping[str, Any]) -> Any:
        repeating = self._repeating(Unavailable, cin7_errors.Forbidden)
        return repeating(self._call, "GET", path, params=params, body=None, repeatable=True)

    def _call(self, method: str, path: str, *, params: Mapping[str, Any], body: Any, repeatable: bool) -> Any:
        try:
            with self._budget.slot() as key:
                response = self._send(key, method, path, params, body, repeatable)
        except TimeoutError as error:
            raise Unavailable(str(error)) from None
        if penalty := cin7_errors.penalty(response):
            self._budget.penalise(key, penalty)
        return self._judged(response, path, repeatable)

    def _with_key(
        self, key: str, method: str, path: str, params: Mapping[str, Any], body: Any, repeatable: bool
    ) -> Any:
        return self._judged(self._send(key, method, path, params, body, repeatable), path, repeatable)

    def _send(
        self, key: str, method: str, path: str, params: Mapping[str, Any], body: Any, repeatable: bool
    ) -> requests.Response:
        headers = {"api-auth-accountid": self.settings.account_id, "api-auth-applicationkey": key}
        given = {name: value for name, value in params.items() if value is not None}
        url = f"{self.settings.url}/{path.lstrip('/')}"
        return self._exchange(method, url, headers=headers, params=given, body=body, repeatable=repeatable)

    def _judged(self, response: requests.Response, path: str, repeatable: bool) -> Any:
        """The JSON of the answer, or the error that it means."""
        status = response.status_code
        if cin7_errors.is_limit(response):
            raise CallLimit("Cin7's call limit is reached", retry_after=cin7_errors.penalty(response))
        if status < 300:
            answer = self.parsed(response, repeatable)
            if message := cin7_errors.problems(answer):
                raise cin7_errors.refusal(message, 400)
            return answer
        message = cin7_errors.message(response)
        if status < 400:
            raise Misconfigured(f"Cin7 redirects {path} elsewhere: check the host", fixer=Fixer.DATA_TEAM)
        if status in (401, 403):
            raise cin7_errors.Forbidden(f"Cin7 refuses the account id or the application key ({status})")
        if status == 503 and repeatable:
            raise Unavailable(f"Cin7 answered 503 for {path}", retry_after=cin7_errors.penalty(response))
        if status == 408 or status >= 500:
            raise self.lost(f"Cin7 answered {status} for {path}", repeatable)
        raise cin7_errors.refusal(message, status)

    def _record(self, answer: Any, key: str, path: str) -> Row:
        if isinstance(answer, dict) and answer.get(key) is not None:
            return answer
        raise Unavailable(f"Cin7's answer to {path} has no {key}")

    def _rows(self, path: str, key: str, **params: Any) -> Iterator[Row]:
        for rows in self.pages(path, key, **params):
            yield from rows

    def _parties(self, path: str, key: str, modified_since: dt.datetime | None) -> Iterator[Row]:
        return self._since(
            self._rows(path, key, ModifiedSince=_stamp(modified_since), IncludeDeprecated="true"),
            "LastModifiedOn",
            "ModifiedSince",
            modified_since,
        )

    def _changed(
        self,
        path: str,
        key: str,
        stamp: str,
        since: dt.datetime | None,
        until: dt.datetime | None,
        filters: Mapping[str, Any],
    ) -> Iterator[Row]:
        rows = self._rows(path, key, UpdatedSince=_stamp(since), UpdatedUntil=_stamp(until), **filters)
        return self._since(rows, stamp, "UpdatedSince", since)

    def _since(
        self, rows: Iterator[Row], stamp: str, parameter: str, since: dt.datetime | None
    ) -> Iterator[Row]:
        """`rows`, unless one is older than asked for: Cin7 ignores a parameter it does not know."""
        for row in rows:
            changed = row.get(stamp)
            if since and changed and timestamp(changed) < since - dt.timedelta(seconds=1):
                raise Misconfigured(f"Cin7 ignored the filter {parameter}", fixer=Fixer.DATA_TEAM)
            yield row

    def _search(self, path: str, key: str, number: str) -> list[Row]:
        wanted = number.strip().casefold()
        names = ("OrderNumber", "InvoiceNumber", "CreditNoteNumber")
        return [
            row
            for row in self._rows(path, key, Search=number.strip())
            if wanted in {str(row.get(name) or "").strip().casefold() for name in names}
        ]

    def _one_party(self, path: str, key: str, party_id: str) -> Row:
        found = list(self._rows(path, key, ID=party_id, IncludeDeprecated="true"))
        mine = [row for row in found if str(row.get("ID")).lower() == party_id.lower()]
        if not mine:
            raise NotFound(f"Cin7 has no {path.strip('/')} with that ID", status=404)
        return mine[0]

    def _named(self, path: str, key: str, name: str) -> list[Row]:
        wanted = name.strip().casefold()
        rows = self._rows(path, key, Name=name.strip(), IncludeDeprecated="true")
        return [row for row in rows if str(row.get("Name") or "").strip().casefold() == wanted]

    def _written_party(self, method: str, path: str, key: str, body: Mapping[str, Any]) -> Row:
        answer = self.write(method, path, body=body)
        rows = answer.get(key) if isinstance(answer, dict) else None
        if not isinstance(rows, list) or len(rows) != 1:
            raise self.lost(
                f"Cin7's answer does not name the one {path.strip('/')} written", repeatable=False
            )
        return dict(rows[0])

    def _one_webhook(self, answer: Any) -> Row:
        rows = answer.get("Webhooks") if isinstance(answer, dict) else None
        if not isinstance(rows, list) or len(rows) != 1:
            raise self.lost("Cin7's answer does not name the one webhook written", repeatable=False)
        return dict(rows[0])


def timestamp(text: str) -> dt.datetime:
    """A Cin7 timestamp as UTC: 0 to 7 fraction digits, with or without `Z` (Cin7's own samples)."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z?", text.strip())
    if not found:
        raise ValueError(f"not a timestamp: {text!r}")
    whole, fraction = found.groups()
    return dt.datetime.fromisoformat(f"{whole}{(fraction or '.0')[:7]:0<7}+00:00")


def _stamp(moment: dt.datetime | None) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError("a time without a time zone")
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]

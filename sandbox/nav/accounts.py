"""What NAV checks about an account, customer or vendor when a journal line names it."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.nav.company import Company
from sandbox.nav.entities import Row
from sandbox.nav.errors import ApiError, dialog, field_validation, relation
from sandbox.nav.wire import NO_GUID

GL, CUSTOMER, VENDOR, BANK = "G/L Account", "Customer", "Vendor", "Bank Account"
_TABLES = {GL: "accounts", CUSTOMER: "customers", VENDOR: "vendors"}


@dataclass(frozen=True)
class Side:
    """The account of a line, or its balancing account, by the names of the fields that hold it."""

    type: str
    id: str
    number: str
    caption: str


ACCOUNT = Side("accountType", "accountId", "accountNumber", "Account No.")
BALANCING = Side("balanceAccountType", "balancingAccountId", "balancingAccountNumber", "Bal. Account No.")


def card(company: Company, kind: str, number: str) -> Row | None:
    """The record behind an account type and number. This company keeps no bank accounts."""
    return company.by_number(_TABLES[kind], number) if kind in _TABLES else None


def related(company: Company, side: Side, kind: str, number: str) -> Row:
    """The record that `number` names; a G/L account must be of type Posting and not blocked to be found."""
    found = card(company, kind, number)
    if found is None or (kind == GL and (found["accountType"] != "Posting" or found["blocked"])):
        raise relation(side.caption, "Gen. Journal Line", number, kind)
    return found


def check_new(kind: str, found: Row) -> None:
    """May a line on it be written?"""
    if kind == GL:
        check_direct_posting(found)
    elif _is_blocked(kind, found):
        raise dialog(
            f"You cannot create this type of document when {kind} {found['number']} is blocked with type "
            f"{found['blocked']}"
        )


def check_posting(company: Company, kind: str, number: str) -> None:
    """May it be posted to now?"""
    found = card(company, kind, number)
    if found is None:
        raise ApiError(
            400,
            "Internal_RecordNotFound",
            f"The {kind} does not exist. Identification fields and values: No.='{number}'",
        )
    if kind == GL:
        if found["accountType"] != "Posting":
            raise _unequal(found, "Account Type", "Posting", found["accountType"])
        if found["blocked"]:
            raise _unequal(found, "Blocked", "No", "Yes")
        check_direct_posting(found)
    elif _is_blocked(kind, found):
        raise dialog(
            f"You cannot post this type of document when {kind} {number} is blocked with type "
            f"{found['blocked']}"
        )
    elif not found.get("_postable", True):
        raise field_validation(
            f"{kind} Posting Group must have a value in {kind}: No.={number}. It cannot be zero or empty."
        )


def _is_blocked(kind: str, card: Row) -> bool:
    """For journal lines with a blank document type, the only ones here (Microsoft's AL source): customers
    blocked for invoices as well as those blocked altogether, vendors only these."""
    return card["blocked"] in (("All", "Invoice") if kind == CUSTOMER else ("All",))


def check_direct_posting(account: Row) -> None:
    if not account["directPosting"]:
        raise _unequal(account, "Direct Posting", "Yes", "No")


def _unequal(account: Row, field: str, wanted: str, current: str) -> ApiError:
    return field_validation(
        f"{field} must be equal to '{wanted}'  in G/L Account: No.={account['number']}. "
        f"Current value is '{current}'."
    )


def id_of(company: Company, kind: str, number: str) -> str:
    """The id that the API shows for an account."""
    found = card(company, kind, number)
    return found["id"] if found else NO_GUID


def default_dimensions(company: Company, sides: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """The dimensions that NAV puts on a line of these accounts and parties by itself."""
    return {
        default.dimension: default.value
        for kind, number in sides
        for default in company.default_dimensions(kind, number)
        if default.value
    }

"""Posting a general journal batch: checks, balance, ledger entries, what is left behind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from sandbox.nav import accounts, dimensions, party_ledger
from sandbox.nav.accounts import CUSTOMER, GL, VENDOR
from sandbox.nav.batches import Batches
from sandbox.nav.company import INPUT_VAT, OUTPUT_VAT, PAYABLES, RECEIVABLES, Company
from sandbox.nav.entities import Row
from sandbox.nav.errors import ApiError, dialog, field_validation
from sandbox.nav.journal import NUMBER_PATTERN, NUMBER_SERIES, Lines, is_blank
from sandbox.nav.store import Entries
from sandbox.nav.wire import cents, spoken


@dataclass(frozen=True)
class JobResult:
    """What became of one scheduled document."""

    document: str
    error: str = ""


class Posting:
    """Posts batches. A refusal is an `ApiError`, and nothing is posted then."""

    def __init__(self, company: Company, batches: Batches, lines: Lines) -> None:
        self._company = company
        self._batches = batches
        self._lines = lines

    def post(self, batch: Row) -> bool:
        """Post every line of the batch, or only schedule it; returns whether it was only scheduled."""
        lines = self._batches.lines(batch)
        self._check_postable(batch, lines)
        if any(line["_job"] == "scheduled" for line in lines):
            raise dialog(
                "Journal lines cannot be posted because they have already been scheduled for posting."
            )
        if self._company.settings.post_with_job_queue:
            for line in lines:
                if not is_blank(line):
                    self._company.tables["journalLines"].change(line, _job="scheduled")
            return True
        with self._company.undo.transaction():
            self._post(batch, lines)
        self._company.undo.commit()
        return False

    def run_jobs(self) -> list[JobResult]:
        """Post what is scheduled: one job for each document number of a batch."""
        results = []
        for batch in list(self._company.tables["journals"].rows.values()):
            waiting = [line for line in self._batches.lines(batch) if line["_job"] == "scheduled"]
            waiting.sort(key=lambda line: str(line["documentNumber"]))
            for document, lines in groupby(waiting, lambda line: str(line["documentNumber"])):
                results.append(self._run_job(batch, document, list(lines)))
        return results

    def post_document(self, batch: Row, document: str) -> int:
        """Post the lines of one document and leave the others; how many they were."""
        lines = [line for line in self._batches.lines(batch) if line["documentNumber"] == document]
        self._check_postable(batch, lines)
        with self._company.undo.transaction():
            self._post(batch, lines)
        self._company.undo.commit()
        return len(lines)

    def approve(self, batch: Row) -> None:
        """A person approves the batch and posts it."""
        self._company.tables["journals"].change(batch, _approval="approved")
        self.post(batch)

    def _run_job(self, batch: Row, document: str, lines: list[Row]) -> JobResult:
        try:
            with self._company.undo.transaction():
                self._post(batch, lines)
        except ApiError as error:
            for line in lines:
                self._company.tables["journalLines"].change(line, _job="error")
            return JobResult(document, error.message)
        self._company.undo.commit()
        return JobResult(document)

    # --- checks ---

    def _check_postable(self, batch: Row, lines: Sequence[Row]) -> None:
        if not any(not is_blank(line) for line in lines):
            raise dialog("There is nothing to post.")
        if self._company.settings.approval and batch["_approval"] != "approved":
            raise dialog(
                f"You cannot use Gen. Journal Batch: {batch['templateDisplayName']},{batch['code']} for this "
                "action.\\\\The restriction was imposed because the journal batch requires approval."
            )

    def _post(self, batch: Row, all_lines: Sequence[Row]) -> None:
        lines = [line for line in all_lines if not is_blank(line)]
        doc_first = self._company.settings.force_doc_balance
        lines.sort(
            key=lambda line: (
                (line["documentNumber"], line["postingDate"])
                if doc_first
                else (line["postingDate"], line["documentNumber"]),
                line["lineNumber"],
            )
        )
        for line in lines:
            self._check(batch, line)
        self._check_series(lines)
        self._check_balance(lines)
        self._enter_documents(batch, lines)
        self._clean_up(batch, all_lines, lines[-1])

    def _check(self, batch: Row, line: Row) -> None:
        template, code, number = batch["templateDisplayName"], batch["code"], line["lineNumber"]
        where = f"Journal Template Name={template}, Journal Batch Name={code}, Line No.={number}"
        if not line["accountNumber"] and not line["balancingAccountNumber"]:
            raise _empty("Account No.", where)
        if not line["documentNumber"]:
            raise _empty("Document No.", where)
        if line["amount"] == 0:
            raise _empty("Amount", where)
        first, last = self._company.users_posting_range()
        if line["postingDate"] < first or (last and line["postingDate"] > last):
            raise dialog(
                "Posting Date is not within your range of allowed posting dates in Gen. Journal Line Journal "
                f"Template Name='{template}',Journal Batch Name='{code}',Line No.='{number}'."
            )
        self._check_sign(line, where)
        for kind, account in _sides(line):
            accounts.check_posting(self._company, kind, account)
            self._check_external(kind, account, line, where)
        dimensions.check_posting(self._company, f"Gen. Journal Line {template}, {code}, {number}", line)

    def _check_sign(self, line: Row, where: str) -> None:
        """A customer's invoice and a vendor's credit memo are positive, the others negative."""
        kind, document = line["accountType"], line["_document_type"]
        if kind not in (CUSTOMER, VENDOR) or document not in ("Invoice", "Credit Memo"):
            return
        positive = (kind == CUSTOMER) is (document == "Invoice")
        if (line["amount"] > 0) is not positive:
            sign = "positive" if positive else "negative"
            raise field_validation(f"Amount must be {sign} in Gen. Journal Line: {where}.")

    def _check_external(self, kind: str, account: str, line: Row, where: str) -> None:
        external = line["externalDocumentNumber"]
        if kind in (CUSTOMER, VENDOR) and not external and self._company.settings.external_document_mandatory:
            raise _empty("External Document No.", where)

    def _check_series(self, lines: Sequence[Row]) -> None:
        settings = self._company.settings
        if not settings.batch_number_series:
            return
        for document, _ in groupby(lines, lambda line: line["documentNumber"]):
            if document == self._lines.next_number():
                self._company.draw(NUMBER_SERIES, NUMBER_PATTERN)
            elif not settings.manual_numbers:
                raise dialog(
                    "You may not enter numbers manually. If you want to enter numbers manually, please "
                    f"activate Manual Nos. in No. Series {NUMBER_SERIES}."
                )

    def _check_balance(self, lines: Sequence[Row]) -> None:
        """The running sum in local currency is zero wherever the date, or the document, changes."""
        by_document = self._company.settings.force_doc_balance
        balancing = ("postingDate", "documentNumber") if by_document else ("postingDate",)
        for key, group in groupby(lines, lambda line: tuple(line[name] for name in balancing)):
            members = list(group)
            parties = {
                (kind, number)
                for line in members
                for kind, number in _sides(line)
                if kind in (CUSTOMER, VENDOR)
            }
            if by_document and len(parties) > 1 and any(line["_vat"] for line in members):
                raise dialog(
                    f"Document No. {key[1]} includes more than one customer or vendor. In order for the "
                    "program to calculate VAT, the entries must be separated by another document number or "
                    "by an empty line."
                )
            difference = sum(
                (self._company.local_amount(one) for one in members if len(_sides(one)) == 1), Decimal(0)
            )
            if not difference:
                self._check_currency(key[-1], members)
                continue
            if by_document:
                raise dialog(
                    f"Document No. {key[1]} is out of balance by {spoken(difference)}. Please check that "
                    "Posting Date, Document Type, Document No. and Amount are correct for each line."
                )
            day = dt.date.fromisoformat(key[0])
            raise dialog(
                f"The lines in {day:%m/%d/%y} are out of balance by {spoken(difference)}. Check that Posting "
                "Date and Amount are correct for each line."
            )

    def _check_currency(self, document: str, members: Sequence[Row]) -> None:
        """Where all lines are in one currency they are in balance in it as well."""
        (currency, *others) = {line["_currency"] for line in members}
        left = sum((line["amount"] for line in members if len(_sides(line)) == 1), Decimal(0))
        if currency and not others and left:
            raise dialog(f"Document No. {document} is out of balance by {spoken(left)} {currency}.")

    # --- entries ---

    def _enter_documents(self, batch: Row, lines: Sequence[Row]) -> None:
        own_numbers = self._company.settings.posting_number_series
        for document, group in groupby(lines, lambda line: line["documentNumber"]):
            number = self._company.draw("GJNL-PST", "GP{:06}") if own_numbers else document
            for line in group:
                self._enter_line(line, number)

    def _enter_line(self, line: Row, document: str) -> None:
        amount, kind_of = self._company.local_amount(line), line["_document_type"]
        for (kind, number), value in zip(_sides(line), (amount, -amount), strict=False):
            vat = line["_vat"] if number == line["accountNumber"] else None
            if vat and vat.percent:
                net = cents(value / (1 + vat.percent / 100))
                self.enter(line, document, kind, number, net, kind_of)
                vat_account = OUTPUT_VAT if vat.posting_type == "Sale" else INPUT_VAT
                self.enter(line, document, GL, vat_account, value - net, kind_of)
            else:
                self.enter(line, document, kind, number, value, kind_of)

    def enter(
        self, line: Row, document: str, kind: str, number: str, amount: Decimal, document_type: str = " "
    ) -> None:
        """One G/L entry; for a customer or vendor on its control account, with the sub-ledger's balance."""
        company = self._company
        control = {CUSTOMER: RECEIVABLES, VENDOR: PAYABLES}.get(kind)
        if kind == VENDOR:
            self._claim_external(number, document_type, line["externalDocumentNumber"])
        card = accounts.card(company, kind, number)
        if control and card is not None:
            field = "balanceDue" if kind == CUSTOMER else "balance"
            company.add(card, field, amount if kind == CUSTOMER else -amount)
        account = company.by_number("accounts", control or number)
        if account is None:
            raise ValueError(f"no G/L account {control or number}")
        company.add(account, "netChange", amount)
        ledger = company.ledger
        assert isinstance(ledger, Entries)
        if control:
            table = company.tables["Cust_LedgerEntries" if kind == CUSTOMER else "VendorLedgerEntries"]
            party_ledger.enter(table, number, ledger.next_number, line, document, document_type, amount)
        ledger.insert(
            entryNumber=ledger.next_number,
            postingDate=line["postingDate"],
            documentNumber=document,
            documentType=document_type,
            accountId=account["id"],
            accountNumber=account["number"],
            description=line["description"],
            debitAmount=max(amount, Decimal(0)),
            creditAmount=max(-amount, Decimal(0)),
            _dimensions=line["_dimensions"],
        )

    def _claim_external(self, vendor: str, document_type: str, external: str) -> None:
        """An external number counts once for each vendor and document type."""
        if not external:
            return
        numbers, key = self._company.external_numbers, (vendor, document_type, external)
        if numbers[key]:
            raise dialog(f"Purchase {document_type} {external} already exists for this vendor.")
        numbers[key] = 1
        self._company.undo.note(lambda: numbers.update({key: 0}))

    # --- afterwards ---

    def _clean_up(self, batch: Row, lines: Sequence[Row], last: Row) -> None:
        settings, table = self._company.settings, self._company.tables["journalLines"]
        for line in lines:
            table.delete(line)
        if self._batches.lines(batch):
            return
        if batch["_approval"]:
            self._company.tables["journals"].change(batch, _approval="")
        if settings.increment_batch_name:
            self._batches.increment(batch)
        elif not settings.batch_number_series:
            self._lines.insert_blank(batch, last)


def _sides(line: Row) -> list[tuple[str, str]]:
    """Account type and number of the account, then of the balancing account, as far as they are given."""
    both = (
        (line["accountType"], line["accountNumber"]),
        (line["balanceAccountType"], line["balancingAccountNumber"]),
    )
    return [(kind, number) for kind, number in both if number]


def _empty(field: str, where: str) -> ApiError:
    return field_validation(
        f"{field} must have a value in Gen. Journal Line: {where}. It cannot be zero or empty."
    )

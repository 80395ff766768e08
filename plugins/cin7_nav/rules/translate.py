"""A Cin7 invoice becomes a NAV journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cin7_nav.mappings import Mappings
from cin7_nav.mappings.facts import Facts, Field, document_facts
from cin7_nav.mappings.rules import Hit
from cin7_nav.model import (
    AccountType,
    Dimensions,
    Fixer,
    Journal,
    JournalLine,
    LineType,
    Problem,
    RuleRef,
    SourceDocument,
    SourceLine,
    Translation,
)
from cin7_nav.rules.amounts import Postings, cents, contradictions, net
from cin7_nav.rules.numbers import external_document_no
from cin7_nav.rules.party import ResolvedParty

DESCRIPTION_LENGTH = 100
_PLACES_NAMED = 5


def translate(
    document: SourceDocument,
    mappings: Mappings,
    party: ResolvedParty | Problem,
    *,
    document_no: str,
    revision: int = 0,
) -> Translation:
    """The balanced journal of an invoice, or why it is skipped, or every problem at once.

    `party` is the answer of `resolve_party`; a problem there joins the others. `revision` counts the
    postings of the same document before this one, and only marks the external document number.
    """
    skipped = _skip_reason(document, mappings)
    if skipped:
        return Translation(skipped=skipped)
    problems = [*_not_yet_carried(document), *contradictions(document, mappings.company.tolerance)]
    if not problems and cents(document.total) == 0:
        return Translation(skipped="its total is zero: there is nothing to post")
    if not document.number:
        message = "the invoice has no number; NAV needs one as external document number"
        problems.append(Problem("number_missing", message, document.order_number, Fixer.ACCOUNTANT))
    if isinstance(party, Problem):
        problems.append(party)
    builder = _Builder(document, mappings)
    postings = builder.postings()
    problems += builder.problems
    if problems or isinstance(party, Problem):
        return Translation(problems=_merged(problems))

    sign = 1 if document.key.kind.is_sale else -1
    amount = sign * cents(document.total)
    residue = -amount - postings.in_cents()
    if abs(residue) > mappings.company.tolerance:
        message = f"rounding its lines to cents leaves {residue}, more than the tolerance"
        return Translation(
            problems=(Problem("rounding_beyond_tolerance", message, document.number, Fixer.ACCOUNTANT),)
        )
    postings.round()
    if residue:
        rounding = mappings.company.rounding_account
        postings.add(rounding.value, builder.dimensions, residue, (rounding.rule, *builder.rules))

    description = _description(document)
    lines = [
        JournalLine(
            account_type=AccountType.CUSTOMER if document.key.kind.is_sale else AccountType.VENDOR,
            account_no=party.number,
            amount=amount,
            description=description,
            dimensions=builder.dimensions,
            rules=_sorted({party.rule, *builder.rules}),
            sources=("total",),
        )
    ]
    lines += [
        JournalLine(
            account_type=AccountType.GL,
            account_no=account,
            amount=posting.amount,
            description=description,
            dimensions=dimensions,
            rules=_sorted(posting.rules),
            sources=tuple(place for _, place in sorted(posting.lines)) or ("rounding",),
        )
        for account, dimensions, posting in postings
    ]
    external = external_document_no(document.number, document.key.kind, revision)
    return Translation(journal=Journal(document_no, external, document.date, tuple(lines)))


def _skip_reason(document: SourceDocument, mappings: Mappings) -> str | None:
    if not document.status.is_authorised:
        return f"its status in Cin7 is {document.status}"
    company = mappings.company
    if document.date < company.go_live:
        return f"dated {document.date}, before go-live on {company.go_live} ({company.go_live_rule})"
    return None


def _not_yet_carried(document: SourceDocument) -> Iterator[Problem]:
    if document.key.kind.is_credit_note:
        message = "credit notes are not carried to NAV yet: enter this one in NAV by hand"
        yield Problem("not_yet_carried", message, document.number, Fixer.ACCOUNTANT)
    if document.currency != document.base_currency:
        message = (
            f"invoices in {document.currency} are not carried to NAV yet, only in {document.base_currency}"
        )
        yield Problem("not_yet_carried", message, document.number, Fixer.ACCOUNTANT)


class _Builder:
    """Looks up accounts and dimensions for a document and collects what it does not find."""

    def __init__(self, document: SourceDocument, mappings: Mappings) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._mappings = mappings
        self._facts = document_facts(document)
        self._sign = -1 if document.key.kind.is_sale else 1
        self.dimensions, self.rules = self._dimensions(self._facts, document.number)
        """What holds for the whole document: the dimensions of its party, tax and rounding lines."""

    def postings(self) -> Postings:
        postings = Postings()
        for line in self._document.lines:
            self._add(postings, line)
        return postings

    def _add(self, postings: Postings, line: SourceLine) -> None:
        facts = self._facts.with_line(line)
        self._check_category(line)
        account = self._found(self._mappings.account(facts, line.place))
        dimensions, rules = self._dimensions(facts, line.place)
        if account:
            amount = self._sign * net(self._document, line)
            postings.add(account.value, dimensions, amount, (account.rule, *rules), line)
        if not line.tax_rule and not line.tax:
            return
        tax_account = self._found(self._mappings.tax_account(facts, line.place))
        if tax_account:
            amount = self._sign * line.tax
            postings.add(tax_account.value, self.dimensions, amount, (tax_account.rule, *self.rules), line)

    def _check_category(self, line: SourceLine) -> None:
        is_product = line.type is LineType.ITEM and line.product_id is not None
        if is_product and line.category is None and self._mappings.asks_for(Field.CATEGORY):
            message = "the product is not known here yet, and a mapping rule asks for its category"
            self.problems.append(Problem("category_unknown", message, line.place, Fixer.DATA_TEAM))

    def _dimensions(self, facts: Facts, where: str) -> tuple[Dimensions, tuple[RuleRef, ...]]:
        found: list[tuple[str, Hit]] = []
        for answer in self._mappings.dimension_values(facts, where):
            if isinstance(answer, Problem):
                self.problems.append(answer)
            else:
                found.append(answer)
        return tuple((code, hit.value) for code, hit in found), tuple(hit.rule for _, hit in found)

    def _found(self, answer: Hit | Problem) -> Hit | None:
        if isinstance(answer, Problem):
            self.problems.append(answer)
            return None
        return answer


def _merged(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """One problem per cause: the same sentence about many lines names its places once."""
    places: dict[tuple[str, str, Fixer], list[str]] = {}
    for problem in problems:
        known = places.setdefault((problem.code, problem.message, problem.fixer), [])
        if problem.where not in known:
            known.append(problem.where)
    return tuple(
        Problem(code, message, _listed(where), fixer) for (code, message, fixer), where in places.items()
    )


def _listed(places: list[str]) -> str:
    more = len(places) - _PLACES_NAMED
    return ", ".join(places[:_PLACES_NAMED]) + (f" and {more} more" if more > 0 else "")


def _description(document: SourceDocument) -> str:
    """Cin7's number and the party's name, cut to what NAV holds."""
    return " ".join(f"{document.number} {document.party_name}".split())[:DESCRIPTION_LENGTH].rstrip()


def _sorted(rules: Iterable[RuleRef]) -> tuple[RuleRef, ...]:
    return tuple(sorted(rules, key=lambda rule: (rule.file, rule.line)))

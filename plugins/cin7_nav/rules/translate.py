"""A Cin7 invoice or credit note becomes a NAV journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from cin7_nav.mappings import Mappings
from cin7_nav.mappings.facts import Facts, Field, document_facts
from cin7_nav.mappings.files import TaxMode
from cin7_nav.mappings.rules import Hit
from cin7_nav.mappings.tax import TaxRule
from cin7_nav.model import (
    AccountType,
    Dimensions,
    Fixer,
    Journal,
    JournalLine,
    Kind,
    LineType,
    Problem,
    RuleRef,
    SourceDocument,
    SourceLine,
    Translation,
)
from cin7_nav.rules import texts
from cin7_nav.rules.amounts import Postings, cents, contradictions, gross, net
from cin7_nav.rules.currency import foreign_amount, in_foreign_currency, rate_problems
from cin7_nav.rules.numbers import external_document_no
from cin7_nav.rules.party import ResolvedParty
from cin7_nav.rules.tax import nav_tax, split

_PLACES_NAMED = 5


def translate(
    document: SourceDocument,
    mappings: Mappings,
    party: ResolvedParty | Problem,
    *,
    document_no: str,
    revision: int = 0,
    first: bool = False,
    in_its_currency: bool = False,
) -> Translation:
    """The balanced journal of a document, or why it is skipped, or every problem at once.

    `party` is the answer of `resolve_party`; a problem there joins the others. `revision` counts the
    postings of the same document before this one, and only marks the external document number. `first`:
    whether it is the first document of its party, which a posting rule may ask. `in_its_currency`: NAV gets
    the document's currency too, else local currency alone.
    """
    skipped = _skip_reason(document, mappings)
    if skipped:
        return Translation(skipped=skipped)
    problems = [*rate_problems(document), *contradictions(document, mappings.company.tolerance)]
    if not problems and cents(document.total) == 0:
        return Translation(skipped="its total is zero: there is nothing to post")
    if not texts.one_line(document.number):
        message = "the document has no number; NAV needs one as external document number"
        problems.append(Problem("number_missing", message, document.order_number, Fixer.ACCOUNTANT))
    if isinstance(party, Problem):
        problems.append(party)
    builder = _Builder(document, mappings)
    postings = builder.postings()
    problems += builder.problems
    if problems or isinstance(party, Problem):
        return Translation(problems=_merged(problems))

    total = party_sign(document.key.kind) * document.total
    # In document currency first: what is left there is a disagreement among Cin7's own amounts.
    residue = -cents(total) - postings.in_cents()
    if abs(residue) > mappings.company.tolerance:
        message = f"rounding its lines to cents leaves {residue}, more than the tolerance"
        return _stopped("rounding_beyond_tolerance", message, document)
    # In local currency it is that, converted, and at most half a cent for each line of the journal.
    amount = cents(total * document.rate)
    if not amount:
        return Translation(skipped=f"its total comes to zero in {document.base_currency}: nothing to post")
    postings.convert(document.rate)
    residue = -amount - postings.in_cents()
    if residue:
        rounding = mappings.company.rounding_account
        postings.add(rounding.value, builder.dimensions, residue, (rounding.rule, *builder.rules))
    lines = _lines(document, party, amount, builder, postings)
    if in_its_currency:
        lines = in_foreign_currency(lines, cents(total), [posting.foreign for *_, posting in postings])
    if mappings.company.tax_mode is TaxMode.NAV:
        expected = -party_sign(document.key.kind) * document.tax * document.rate
        predicted = sum((line.predicted_tax for line in lines), Decimal(0))
        if abs(predicted - expected) > mappings.company.tolerance:
            message = (
                f"NAV would split off {abs(predicted)} of tax, Cin7 has {abs(cents(expected))}: either the "
                "percentages in tax.yaml are not Cin7's, or a tax was typed by hand in Cin7"
            )
            return _stopped("tax_not_predicted", message, document)
    how = mappings.posting(builder.facts, amount, first)
    if isinstance(how, Problem):
        return Translation(problems=(how,))
    external = external_document_no(document.number, document.key.kind, revision)
    journal = Journal(
        document_no,
        external,
        document.date,
        lines,
        currency=document.currency if in_its_currency else "",
        due_date=document.due_date,
    )
    return Translation(journal=journal, posting=how[0], posting_rule=how[1])


def party_sign(kind: Kind) -> int:
    """1 where the party is debited: a sales invoice and a purchase credit note; else -1."""
    return 1 if kind.is_sale != kind.is_credit_note else -1


def _lines(
    document: SourceDocument, party: ResolvedParty, amount: Decimal, builder: _Builder, postings: Postings
) -> tuple[JournalLine, ...]:
    """The party's line with `amount`, then one for each posting, all in cents of local currency."""
    description = _description(document)
    party_line = JournalLine(
        account_type=AccountType.CUSTOMER if document.key.kind.is_sale else AccountType.VENDOR,
        account_no=party.number,
        amount=amount,
        description=description,
        dimensions=builder.dimensions,
        rules=_sorted({party.rule, *builder.rules}),
        sources=("total",),
    )
    return (
        party_line,
        *(
            JournalLine(
                account_type=AccountType.GL,
                account_no=account,
                amount=posting.amount,
                description=description,
                dimensions=dimensions,
                rules=_sorted(posting.rules),
                sources=tuple(place for _, place in sorted(posting.lines)) or ("rounding",),
                tax_code=posting.tax_code,
                predicted_tax=nav_tax(posting.amount, posting.percent),
                cin7_accounts=tuple(sorted(posting.cin7_accounts)),
            )
            for account, dimensions, posting in postings
        ),
    )


def _stopped(code: str, message: str, document: SourceDocument) -> Translation:
    return Translation(problems=(Problem(code, message, document.number, Fixer.ACCOUNTANT),))


def _skip_reason(document: SourceDocument, mappings: Mappings) -> str | None:
    if not document.status.is_authorised:
        return f"its status in Cin7 is {document.status}"
    company = mappings.company
    if document.date < company.go_live:
        return f"dated {document.date}, before go-live on {company.go_live} ({company.go_live_rule})"
    return None


@dataclass(frozen=True, slots=True)
class _Answers:
    """What the mappings say of a line; its like get the same answers."""

    account: Hit | Problem
    tax: TaxRule | Problem | None
    dimensions: Dimensions
    rules: tuple[RuleRef, ...]
    problems: tuple[Problem, ...]


class _Builder:
    """Looks up accounts and dimensions for a document and collects what it does not find."""

    def __init__(self, document: SourceDocument, mappings: Mappings) -> None:
        self.problems: list[Problem] = []
        self.facts = document_facts(document)
        self._document = document
        self._mappings = mappings
        self._answered: dict[tuple[object, ...], _Answers] = {}
        self._is_explicit = mappings.company.tax_mode is TaxMode.EXPLICIT
        self._sign = -party_sign(document.key.kind)
        self.dimensions, self.rules, problems = self._dimensions(self.facts)
        """What holds for the whole document: the dimensions of its party, tax and rounding lines."""
        self._tell(problems, document.number)

    def postings(self) -> Postings:
        postings = Postings()
        for line in self._document.lines:
            self._add(postings, line)
        return postings

    def _add(self, postings: Postings, line: SourceLine) -> None:
        self._check_category(line)
        answers = self._answers(line)
        account, tax = answers.account, answers.tax
        self._tell(answers.problems, line.place)
        if isinstance(account, Problem) or isinstance(tax, Problem):
            return
        rules = (account.rule, *answers.rules)
        if tax and not self._is_explicit:
            amount = self._sign * gross(self._document, line)
            postings.add(
                account.value,
                answers.dimensions,
                amount,
                (tax.ref, *rules),
                line,
                tax_code=tax.vat_code,
                percent=tax.percent,
                cin7_account=line.account,
            )
            return
        postings.add(
            account.value,
            answers.dimensions,
            self._sign * net(self._document, line),
            rules,
            line,
            cin7_account=line.account,
        )
        if not tax:
            return
        shares = split(self._sign * line.tax, [component.weight for component in tax.components])
        for component, share in zip(tax.components, shares, strict=True):
            postings.add(component.account, self.dimensions, share, (tax.ref, *self.rules), line)

    def _answers(self, line: SourceLine) -> _Answers:
        has_tax = bool(line.tax_rule or line.tax) or not self._is_explicit
        charge = line.description if line.type is LineType.CHARGE else ""
        like = (line.type, charge, line.account, line.tax_rule, line.category, has_tax)
        if like not in self._answered:
            facts = self.facts.with_line(line)
            account = self._mappings.account(facts, "")
            tax = self._mappings.tax_rule(facts, "") if has_tax else None
            dimensions, rules, unmapped = self._dimensions(facts)
            problems = [*unmapped, *(each for each in (account, tax) if isinstance(each, Problem))]
            self._answered[like] = _Answers(account, tax, dimensions, rules, tuple(problems))
        return self._answered[like]

    def _check_category(self, line: SourceLine) -> None:
        is_product = line.type is LineType.ITEM and line.product_id is not None
        if is_product and line.category is None and self._mappings.asks_for(Field.CATEGORY):
            message = "the product is not known here yet, and a mapping rule asks for its category"
            self.problems.append(Problem("category_unknown", message, line.place, Fixer.DATA_TEAM))

    def _dimensions(self, facts: Facts) -> tuple[Dimensions, tuple[RuleRef, ...], tuple[Problem, ...]]:
        found: list[tuple[str, Hit]] = []
        problems: list[Problem] = []
        for answer in self._mappings.dimension_values(facts, ""):
            if isinstance(answer, Problem):
                problems.append(answer)
            else:
                found.append(answer)
        codes = tuple((code, hit.value) for code, hit in found)
        return codes, tuple(hit.rule for _, hit in found), tuple(problems)

    def _tell(self, problems: Iterable[Problem], where: str) -> None:
        self.problems += [replace(problem, where=where) for problem in problems]


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
    """Cin7's number, that of the invoice credited and the party's name; in foreign currency the amount and
    the rate as well, which stay whole when the rest is cut to what NAV holds."""
    credited = f"credits {document.credits} " if document.credits else ""
    return texts.description(
        f"{document.number} {credited}{document.party_name}", ending=foreign_amount(document)
    )


def _sorted(rules: Iterable[RuleRef]) -> tuple[RuleRef, ...]:
    return tuple(sorted(rules, key=lambda rule: (rule.file, rule.line)))

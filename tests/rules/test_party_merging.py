"""Three-way merges, field by field."""

from __future__ import annotations

import datetime as dt

import pytest
from cin7_nav.mappings.files import Direction, TooLong
from cin7_nav.mappings.parties import FieldRule
from cin7_nav.model import Party, PartyField, PartyKind, Side
from cin7_nav.rules import party_fields
from cin7_nav.rules.party_fields import Unmapped
from cin7_nav.rules.party_merging import Merge, merge

EARLY, LATE = (dt.datetime(2026, 11, day, 12, tzinfo=dt.UTC) for day in (1, 2))
NAME, PHONE = PartyField.NAME, PartyField.PHONE


def merged(
    cin7: str,
    nav: str,
    before: tuple[str, str] | None = None,
    *,
    field: PartyField = NAME,
    newest: Side | None = None,
    chosen: tuple[Side, str, str] | None = None,
    **rule: object,
) -> Merge:
    moments = {side: LATE if side is newest else EARLY for side in Side}
    parties = [
        Party(PartyKind.SUPPLIER, side, "id", "V1", {field: value}, moments[side])
        for side, value in ((Side.CIN7, cin7), (Side.NAV, nav))
    ]
    rules = {field: FieldRule(**{"direction": Direction.BOTH, **rule})}  # type: ignore[arg-type]
    snapshot = {field: before} if before else {}
    return merge(parties[0], parties[1], snapshot, rules, {field: chosen} if chosen else {})


def outcome(found: Merge, field: PartyField = NAME) -> str:
    """What follows: `nav=…`, `cin7=…`, `ask`, or nothing."""
    if field in found.to_nav:
        return f"nav={found.to_nav[field]}"
    if field in found.to_cin7:
        return f"cin7={found.to_cin7[field]}"
    return "ask" if found.conflicts else ""


@pytest.mark.parametrize(
    ("cin7", "nav", "follows"),
    [
        ("2026-11-01 12:00", "2026-11-02 00:00", "cin7=n"),
        ("2026-11-02 12:00", "2026-11-02 00:00", "ask"),
        ("2026-11-03 12:00", "2026-11-02 00:00", "nav=c"),
        ("2026-11-02 12:00", "2026-11-02 09:00", "nav=c"),
    ],
    ids=["the day before", "that day", "the day after", "the time is known"],
)
def test_of_a_card_that_tells_the_day_of_its_change_alone_the_newest_is_not_guessed(
    cin7: str, nav: str, follows: str
) -> None:
    ours, theirs = (
        Party(
            PartyKind.SUPPLIER, side, "id", "V1", {NAME: value},
            dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC),
        )
        for side, value, moment in ((Side.CIN7, "c", cin7), (Side.NAV, "n", nav))
    )  # fmt: skip
    found = merge(ours, theirs, {NAME: ("b", "b")}, {NAME: FieldRule(direction=Direction.NEWEST)}, {})
    assert outcome(found) == follows


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize(
    ("cin7", "nav", "before"), [("a", "a", None), ("a", "a", ("x", "y")), ("", "", ("x", "x"))]
)
def test_what_is_alike_needs_nothing_and_is_remembered(
    direction: Direction, cin7: str, nav: str, before: tuple[str, str] | None
) -> None:
    found = merged(cin7, nav, before, direction=direction)
    assert outcome(found) == ""
    assert found.settled == {NAME: (cin7, nav)}


@pytest.mark.parametrize(
    ("cin7", "nav", "before", "by_direction"),
    [
        # one side changed
        ("b", "a", ("a", "a"), {"cin7": "nav=b", "nav": "cin7=a", "newest": "nav=b", "both": "nav=b"}),
        ("a", "b", ("a", "a"), {"cin7": "nav=a", "nav": "cin7=b", "newest": "cin7=b", "both": "cin7=b"}),
        # both changed, NAV last
        ("b", "c", ("a", "a"), {"cin7": "nav=b", "nav": "cin7=c", "newest": "cin7=c", "both": "ask"}),
        # never compared before
        ("b", "c", None, {"cin7": "nav=b", "nav": "cin7=c", "newest": "cin7=c", "both": "ask"}),
        # an empty value is filled where the direction lets it be
        ("b", "", None, {"cin7": "nav=b", "nav": "", "newest": "nav=b", "both": "nav=b"}),
        ("", "c", None, {"cin7": "", "nav": "cin7=c", "newest": "cin7=c", "both": "cin7=c"}),
        # and never overwrites a filled one
        ("", "a", ("a", "a"), {"cin7": "", "nav": "", "newest": "", "both": ""}),
        ("a", "", ("a", "a"), {"cin7": "", "nav": "", "newest": "", "both": ""}),
    ],
)
def test_each_direction_has_its_way(
    cin7: str, nav: str, before: tuple[str, str] | None, by_direction: dict[str, str]
) -> None:
    for direction in Direction:
        found = merged(cin7, nav, before, direction=direction, newest=Side.NAV)
        assert outcome(found) == by_direction[direction], direction


def test_a_value_may_be_cleared_where_the_rule_says_so_but_a_name_never_is() -> None:
    assert outcome(merged("", "1", ("1", "1"), field=PHONE, clears=True), PHONE) == "nav="
    assert outcome(merged("", "1", None, field=PHONE, clears=True), PHONE) == "cin7=1"
    assert outcome(merged("", "a", ("a", "a"), clears=True)) == ""


def test_what_is_to_be_written_keeps_its_former_snapshot_until_it_is() -> None:
    assert merged("b", "a", ("a", "a")).settled == {NAME: ("a", "a")}
    assert merged("b", "a", None, direction=Direction.CIN7).settled == {}


def test_of_two_of_one_moment_none_is_the_newest() -> None:
    assert outcome(merged("b", "c", ("a", "a"), direction=Direction.NEWEST)) == "ask"


def test_what_a_person_chose_holds_for_the_values_shown() -> None:
    assert outcome(merged("b", "c", ("a", "a"), chosen=(Side.NAV, "b", "c"))) == "cin7=c"
    assert outcome(merged("b", "d", ("a", "a"), chosen=(Side.NAV, "b", "c"))) == "ask"


def test_a_value_without_room_waits_or_is_cut_and_then_agrees() -> None:
    long = "x" * 101
    waits = merged(long, "a", ("a", "a"))
    assert (outcome(waits), [one.code for one in waits.problems]) == ("", ["party_value_too_long"])
    cut = merged(long, "a", ("a", "a"), too_long=TooLong.CUT)
    assert outcome(cut) == f"nav={'x' * 100}"
    assert cut.cut == ["name has 101 characters, NAV has room for 100: cut"]
    assert outcome(merged(long, "x" * 100, ("a", "a"), too_long=TooLong.CUT)) == ""


def test_an_unmapped_value_waits_and_keeps_what_was_agreed() -> None:
    terms = PartyField.PAYMENT_TERMS
    found = merged("90 days", "30 DAYS", ("30 days", "30 DAYS"), field=terms, to_nav={"30 days": "30 DAYS"})
    assert [one.code for one in found.problems] == ["party_value_unmapped"]
    assert found.settled == {terms: ("30 days", "30 DAYS")}


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        (PartyField.PHONE, "+44 (0)113 496-0001", "44 113 4960001"),
        (PartyField.EMAIL, "Kim@Kite.example", "kim@kite.example"),
        (PartyField.POSTAL_CODE, "ls1 4ap", "LS14AP"),
        (PartyField.TAX_NUMBER, "GB 123.456-789", "gb123456789"),
        (PartyField.WEBSITE, "https://Kite.example/", "https://kite.example"),
    ],
)
def test_what_is_only_typed_otherwise_is_the_same(field: PartyField, one: str, other: str) -> None:
    assert party_fields.same(field, one, other)


def test_a_name_in_other_letters_is_another_name() -> None:
    assert not party_fields.same(NAME, "KITE", "Kite")


@pytest.mark.parametrize(
    ("text", "code"), [("United Kingdom", "GB"), ("france", "FR"), ("DE", "DE"), ("USA", "US"), ("", "")]
)
def test_countries_are_compared_by_their_code(text: str, code: str) -> None:
    assert party_fields.common(PartyField.COUNTRY, Side.CIN7, text, FieldRule(Direction.BOTH)) == code


def test_a_country_that_is_none_is_unmapped_unless_the_table_has_it() -> None:
    with pytest.raises(Unmapped, match="Utopia"):
        party_fields.common(PartyField.COUNTRY, Side.CIN7, "Utopia", FieldRule(Direction.BOTH))
    rule = FieldRule(Direction.BOTH, to_nav={"utopia": "XU"}, to_cin7={"xu": "Utopia"})
    assert party_fields.common(PartyField.COUNTRY, Side.CIN7, "Utopia", rule) == "XU"
    assert party_fields.written(PartyField.COUNTRY, Side.CIN7, "XU", "", rule) == "Utopia"


def test_nav_counts_characters_outside_the_basic_plane_twice() -> None:
    assert party_fields.fitted(NAME, Side.NAV, "😀" * 51, FieldRule(Direction.BOTH)) == "😀" * 50

"""The table of answers keeps to what each sender makes of them."""

from __future__ import annotations

from cin7_nav.receiver.limiting import ADDRESSES, KNOWN_S, REFUSALS_A_MINUTE, Known, Limiter
from cin7_nav.receiver.statuses import ANSWERS, SENTENCES, Outcome

NOT_A_NOTIFICATION = {Outcome.NO_SUCH_PATH, Outcome.WRONG_METHOD}


def test_every_outcome_has_an_answer_and_every_refusal_a_sentence() -> None:
    assert set(ANSWERS) == set(Outcome)
    refusals = {outcome for outcome, statuses in ANSWERS.items() if max(s or 0 for s in statuses) >= 300}
    assert refusals == set(SENTENCES)


def test_nav_gets_no_status_that_ends_a_subscription() -> None:
    for outcome, statuses in ANSWERS.items():
        if outcome not in NOT_A_NOTIFICATION and statuses.nav is not None:
            assert statuses.nav < 300 or statuses.nav in (408, 429) or statuses.nav >= 500, outcome


def test_cin7_is_told_of_a_wrong_secret_and_repeats_only_what_helps() -> None:
    assert ANSWERS[Outcome.WRONG_SECRET].cin7 == 401
    assert ANSWERS[Outcome.QUARANTINED].cin7 == 202
    assert ANSWERS[Outcome.UNAVAILABLE].cin7 == 503


def test_an_address_is_put_off_until_the_minute_is_over() -> None:
    now = [0.0]
    limiter = Limiter(lambda: now[0])
    for _ in range(REFUSALS_A_MINUTE):
        assert not limiter.is_over("a")
        limiter.note("a")
    assert limiter.is_over("a")
    assert not limiter.is_over("b")
    now[0] = 60.0
    assert not limiter.is_over("a")


def test_memory_for_addresses_and_secrets_is_bounded() -> None:
    limiter, known = Limiter(lambda: 0.0), Known(lambda: 0.0)
    for number in range(2 * ADDRESSES):
        limiter.note(str(number))
        known.note("nav", number.to_bytes(32, "big"))
    assert len(limiter._refused) <= ADDRESSES
    assert len(known._until) <= ADDRESSES + 1


def test_a_secret_is_looked_up_again_after_a_while() -> None:
    now = [0.0]
    known = Known(lambda: now[0])
    known.note("cin7", b"x")
    assert known.has("cin7", b"x")
    assert not known.has("nav", b"x")
    now[0] = KNOWN_S
    assert not known.has("cin7", b"x")

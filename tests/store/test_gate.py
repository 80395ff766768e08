"""The gate: no more callers at once than places, and a place is given back whatever happens."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest
from cin7_nav.store.database import Database
from cin7_nav.store.gate import Gate


def test_the_fifth_caller_waits_until_a_place_is_free(database: Database) -> None:
    gate, other = Gate(database, "app", 4), Gate(Database(database.dsn), "app", 4)
    entered = threading.Event()

    def fifth() -> None:
        with other.place():
            entered.set()

    thread = threading.Thread(target=fifth)
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(gate.place())
        thread.start()
        assert not entered.wait(0.2)
    assert entered.wait(10)
    thread.join()


def test_gates_of_different_names_do_not_meet(database: Database) -> None:
    with Gate(database, "one", 1).place(), Gate(database, "two", 1).place():
        pass


def test_a_place_comes_back_after_an_error(database: Database) -> None:
    gate = Gate(database, "app", 1)
    with pytest.raises(ZeroDivisionError), gate.place():
        raise ZeroDivisionError
    with gate.place():
        pass

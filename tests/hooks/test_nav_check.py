"""Airflow's Test button for NAV: what it tries, and what it says when something is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cin7_nav.hooks.nav import NavHook

ONE = "11111111-2222-4333-8444-555555555555"
DENIED = {"error": {"code": "Authorization_RequestDenied", "message": "no permission"}}


def test_a_good_connection_reads_and_creates_and_removes_an_empty_batch(
    vendor: Any, make_nav: Callable[..., NavHook]
) -> None:
    vendor.says({"value": []}, times=6)
    vendor.says({"id": ONE}, 201)
    vendor.says(None, 204)
    ok, said = make_nav().test_connection()
    assert ok, said
    assert "Test Ltd." in said
    assert [call.method for call in vendor.calls] == ["GET"] * 6 + ["POST", "DELETE"]
    assert vendor.calls[-1].path.endswith(f"journals({ONE})")


@pytest.mark.parametrize("good_reads", [0, 3, 6])
def test_a_missing_permission_is_named_with_who_can_give_it(
    vendor: Any, make_nav: Callable[..., NavHook], good_reads: int
) -> None:
    vendor.says({"value": []}, times=good_reads)
    vendor.says(DENIED, 403)
    ok, said = make_nav().test_connection()
    assert not ok
    assert "no permission" in said
    assert "NAV administrator" in said


def test_a_journal_that_nav_refuses_is_named(vendor: Any, make_nav: Callable[..., NavHook]) -> None:
    vendor.says({"value": []}, times=6)
    vendor.says({"error": {"code": "Application_DialogException", "message": "No template."}}, 400)
    ok, said = make_nav().test_connection()
    assert (ok, "No template." in said) == (False, True)


def test_published_pages_are_all_read(vendor: Any, make_nav: Callable[..., NavHook]) -> None:
    hook = make_nav(channel="odata_v4", services={"gl_entries": "G_LEntries", "item_journal": "ItemJournal"})
    vendor.says({"value": []})
    vendor.says({"error": {"code": "BadRequest_NotFound", "message": "no"}}, 404)
    ok, said = hook.test_connection()
    assert not ok
    assert "item_journal" in said

"""`$batch`, each operation for itself and as one transaction."""

from __future__ import annotations

from typing import Any


def made(nav: Any, code: str, **more: Any) -> dict[str, Any]:
    return {
        "id": code,
        "method": "POST",
        "url": f"companies({nav.company})/journals",
        "headers": {"Content-Type": "application/json"},
        "body": {"code": code, "templateDisplayName": "CIN7", **more},
    }


def send(nav: Any, *requests: dict[str, Any], **headers: str) -> Any:
    return nav.post("/$batch", {"requests": list(requests)}, **headers)


def codes(nav: Any) -> list[str]:
    return [row["code"] for row in nav.get("journals?$filter=templateDisplayName eq 'CIN7'").rows]


def test_by_default_it_stops_at_the_first_failure_and_keeps_the_rest(nav: Any) -> None:
    answer = send(nav, made(nav, "C7A"), made(nav, "C7A"), made(nav, "C7B"))
    assert answer.status == 200
    assert [(one["id"], one["status"]) for one in answer.body["responses"]] == [("C7A", 201), ("C7A", 400)]
    assert codes(nav) == ["C7A"]


def test_it_goes_on_when_told_to(nav: Any) -> None:
    requests = (made(nav, "C7A"), made(nav, "C7A"), made(nav, "C7B"))
    answer = send(nav, *requests, Prefer="odata.continue-on-error")
    assert [one["status"] for one in answer.body["responses"]] == [201, 400, 201]
    assert codes(nav) == ["C7A", "C7B"]


def test_a_snapshot_takes_all_back_but_still_says_created(nav: Any) -> None:
    answer = send(nav, made(nav, "C7A"), made(nav, "C7A"), made(nav, "C7B"), Isolation="snapshot")
    assert [one["status"] for one in answer.body["responses"]] == [201, 400, 201]
    assert codes(nav) == []


def test_a_snapshot_whose_first_part_fails_answers_that_one_alone(nav: Any) -> None:
    answer = send(nav, made(nav, "TOOLONGACODE"), made(nav, "C7B"), Isolation="snapshot")
    assert [one["status"] for one in answer.body["responses"]] == [400]
    assert codes(nav) == []


def test_a_snapshot_that_succeeds_stays(nav: Any) -> None:
    send(nav, made(nav, "C7A"), made(nav, "C7B"), Isolation="snapshot")
    assert codes(nav) == ["C7A", "C7B"]


def test_what_a_posting_committed_stays_even_in_a_failed_snapshot(nav: Any) -> None:
    batch = nav.ready(("8310", 5), ("6110", -5))
    post = {
        "id": "post",
        "method": "POST",
        "url": f"companies({nav.company})/journals({batch})/Microsoft.NAV.post",
    }
    answer = send(nav, made(nav, "C7A"), post, made(nav, "C7B"), made(nav, "C7A"), Isolation="snapshot")
    assert [one["status"] for one in answer.body["responses"]] == [201, 204, 201, 400]
    assert len(nav.entries()) == 2
    assert codes(nav) == ["C7A", "C7TEST"]


def test_short_addresses_take_the_company_from_a_header(nav: Any) -> None:
    request = {"method": "GET", "url": "accounts/$count", "headers": {"CompanyId": nav.company}}
    (response,) = send(nav, request).body["responses"]
    assert (response["id"], response["status"], response["body"]) == (None, 200, "\ufeff29")


def test_deleting_many_at_once(nav: Any) -> None:
    ids = [nav.batch(f"C7{number}") for number in range(3)]
    requests = [
        {
            "id": str(at),
            "method": "DELETE",
            "url": f"companies({nav.company})/journals({one})",
            "headers": {"If-Match": "*"},
        }
        for at, one in enumerate(ids)
    ]
    assert [one["status"] for one in send(nav, *requests).body["responses"]] == [204, 204, 204]
    assert codes(nav) == []


def test_more_than_a_hundred_operations_are_a_server_error(nav: Any) -> None:
    request = {"method": "GET", "url": f"companies({nav.company})/accounts?$top=1"}
    assert send(nav, *[request] * 100).status == 200
    answer = send(nav, *[request] * 101)
    assert answer.status == 500
    assert "maximum number of '100' query operations" in answer.message


def test_a_malformed_envelope_is_refused(nav: Any) -> None:
    assert nav.post("/$batch", {"requests": "x"}).status == 400

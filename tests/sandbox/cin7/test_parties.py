"""Customers and suppliers: what a write needs, and that nested entries come by their IDs."""

from __future__ import annotations

from typing import Any


def supplier(cin7: Any) -> dict[str, Any]:
    found: dict[str, Any] = cin7.get("/supplier", Name="Albion Paint Works")["SupplierList"][0]
    return found


def test_an_entry_with_its_id_is_changed_and_one_without_is_added(cin7: Any) -> None:
    record = supplier(cin7)
    (contact,) = record["Contacts"]
    changed = cin7.put("/supplier", {"ID": record["ID"], "Contacts": [{**contact, "Phone": "1"}]})
    assert [one["Phone"] for one in changed["SupplierList"][0]["Contacts"]] == ["1"]
    added = cin7.put("/supplier", {"ID": record["ID"], "Contacts": [{"Name": "Kim", "Phone": "2"}]})
    assert len(added["SupplierList"][0]["Contacts"]) == 2


def test_what_a_change_leaves_out_stays_as_it_is(cin7: Any) -> None:
    record = supplier(cin7)
    after = cin7.put("/supplier", {"ID": record["ID"], "Name": "Albion"})["SupplierList"][0]
    assert {**after, "Name": "", "LastModifiedOn": ""} == {**record, "Name": "", "LastModifiedOn": ""}


def test_an_address_or_contact_that_lacks_something_is_refused(cin7: Any) -> None:
    body = {"ID": supplier(cin7)["ID"], "Addresses": [{"Line1": "1 Row"}], "Contacts": [{"Phone": "1"}]}
    assert cin7.refusal("PUT", "/supplier", body) == (
        400,
        ["Addresses: Country is required", "Addresses: Type is required", "Contacts: Name is required"],
    )


def test_a_name_that_is_too_long_or_taken_is_refused(cin7: Any) -> None:
    record = supplier(cin7)
    status, said = cin7.refusal("PUT", "/supplier", {"ID": record["ID"], "Name": "x" * 257})
    assert (status, "256" in said[0]) == (400, True)
    _, said = cin7.refusal("PUT", "/supplier", {"ID": record["ID"], "Name": "anvil hand tools"})
    assert said == ["This supplier already exists. Supplier name must be unique."]

"""What the service says about itself: the service document and `$metadata`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

from sandbox.nav.entities import Entity
from sandbox.nav.schema import ENTITIES


def service_document(root: str) -> dict[str, Any]:
    """The list of entity sets."""
    sets = [{"name": name, "kind": "EntitySet", "url": name} for name in sorted(ENTITIES)]
    return {"@odata.context": f"{root}$metadata", "value": sets}


def document(entities: Mapping[str, Entity] = ENTITIES) -> bytes:
    """The entity model as EDMX."""
    types = "".join(_type(entity) for entity in entities.values())
    sets = "".join(
        f'<EntitySet Name="{entity.name}" EntityType="Microsoft.NAV.{entity.singular}"/>'
        for entity in entities.values()
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" '
        'xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
        '<Schema Namespace="Microsoft.NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        f'{types}<Action Name="post" IsBound="true">'
        '<Parameter Name="bindingParameter" Type="Microsoft.NAV.journal"/></Action>'
        f'<EntityContainer Name="NAV">{sets}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>'
    ).encode()


def _type(entity: Entity) -> str:
    properties = "".join(
        f"<Property Name={quoteattr(field.name)} Type={quoteattr(field.edm)}"
        + (f' MaxLength="{field.length}"' if field.length else "")
        + "/>"
        for field in entity.fields
    )
    navigations = "".join(
        f"<NavigationProperty Name={quoteattr(one.name)} Type="
        + quoteattr(_target(one.target, one.many))
        + ' ContainsTarget="true"/>'
        for one in entity.navigations
    )
    keys = (entity.key,) if entity.key in entity.by_name else entity.order
    key = "".join(f'<PropertyRef Name="{name}"/>' for name in keys)
    return f'<EntityType Name="{entity.singular}"><Key>{key}</Key>{properties}{navigations}</EntityType>'


def _target(name: str, many: bool) -> str:
    full = f"Microsoft.NAV.{ENTITIES[name].singular}"
    return f"Collection({full})" if many else full

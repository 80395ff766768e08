"""`cin7-nav subscriptions` and `admit-webhook-secret`: what tells us of changes, and which secrets count."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from cin7_nav.cli.console import app, company, connection, database, err, out


@app.command()
def subscriptions() -> None:
    """Print what is subscribed to on both sides, until when, what landed last, and what is wrong."""
    from cin7_nav.store import subscriptions as store

    with database() as ours:
        known = store.known(ours)
        landed = {(source, name): at for source in ("cin7", "nav")
                  for name, at in store.deliveries(ours, source).items()}  # fmt: skip
        troubles = store.open_troubles(ours)
    if not known:
        out.print("nothing is registered yet: the DAG subscription_renewal does that")
    for one in known:
        state = "active" if one.active_since else "not there"
        until = f", ends {_at(one.expires_at)}" if one.expires_at and one.active_since else ""
        last = landed.get((one.source, one.name))
        news = f"last change told of {_at(last)}" if last else "nothing landed yet"
        gap = f"; silent since {_at(one.silent_from)}: {one.silent_why}" if one.silent_from else ""
        out.print(f"{one.source:<5} {one.name:<32} {state}{until}; {news}{gap}", markup=False)
    for trouble, since in troubles:
        who = "nothing to do" if trouble.once else f"{trouble.fixer} can fix it"
        out.print(f"since {_at(since)}: {trouble.message} [{who}]", markup=False)
    if any(not trouble.once for trouble, _ in troubles):
        raise typer.Exit(1)


def _at(moment: dt.datetime | None) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M}" if moment else "never"


@app.command("admit-webhook-secret")
def admit_webhook_secret(
    only: Annotated[bool, typer.Option("--only", help="End a rotation: refuse every other secret.")] = False,
) -> None:
    """Accept the password of the connection `cin7_nav_webhooks` at the receiver, beside the one before it."""
    from cin7_nav.store import webhook_secrets

    secret = connection(company().webhooks).password
    if not secret:
        err.print("The connection cin7_nav_webhooks has no password.")
        raise typer.Exit(1)
    with database() as ours:
        try:
            webhook_secrets.admit(ours, "cin7", secret)
        except ValueError as refusal:
            err.print(str(refusal), markup=False)
            raise typer.Exit(1) from None
        if only:
            webhook_secrets.keep_only(ours, "cin7", secret)
    out.print("the receiver accepts it")

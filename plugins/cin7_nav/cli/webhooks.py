"""`cin7-nav admit-webhook-secret`: which secrets the receiver accepts."""

from __future__ import annotations

from typing import Annotated

import typer

from cin7_nav.cli.console import app, connection, database, err, out


@app.command("admit-webhook-secret")
def admit_webhook_secret(
    only: Annotated[bool, typer.Option("--only", help="End a rotation: refuse every other secret.")] = False,
) -> None:
    """Accept the password of the connection `cin7_nav_webhooks` at the receiver, beside the one before it."""
    from cin7_nav.store import webhook_secrets

    secret = connection("cin7_nav_webhooks").password
    if not secret:
        err.print("The connection cin7_nav_webhooks has no password.")
        raise typer.Exit(1)
    with database() as ours:
        webhook_secrets.admit(ours, "cin7", secret)
        if only:
            webhook_secrets.keep_only(ours, "cin7", secret)
    out.print("the receiver accepts it")

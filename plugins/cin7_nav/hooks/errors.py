"""What can go wrong between us and a vendor, by what it means for the caller."""

from __future__ import annotations

from cin7_nav.model import Fixer


class VendorError(Exception):
    """Any failure of a call. The message is safe to log: no secret, no payload."""

    fixer: Fixer = Fixer.DATA_TEAM


class Refused(VendorError):
    """The vendor answered and said no; nothing was changed. Repeating the same call gives the same answer."""

    def __init__(self, message: str, *, status: int, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        """The vendor's own error code, e.g. `Application_DialogException`; empty where there is none."""


class NotFound(Refused):
    """The vendor answered that there is no such record."""


class Misconfigured(VendorError):
    """Credentials, permissions, address or company are wrong: no call will succeed until a person acts."""

    def __init__(self, message: str, *, fixer: Fixer = Fixer.NAV_ADMINISTRATOR) -> None:
        super().__init__(message)
        self.fixer = fixer


class NotPublished(Misconfigured):
    """A page or action that the connection names is not there."""


class Unavailable(VendorError):
    """The call was certainly not carried out, or was a read: it may be repeated.

    Connection refused, 5xx or unreadable answer to a read, call limit reached.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds the vendor asked us to wait, where it said so."""


class CallLimit(Unavailable):
    """The vendor refused the call because there were too many: certainly not carried out, write or read."""


class OutcomeUnknown(VendorError):
    """A write was sent and its answer was lost: ask the vendor before sending anything again."""

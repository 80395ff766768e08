"""The errors of Business Central, as its clients see them."""

from __future__ import annotations

from sandbox.nav.wire import number


class ApiError(Exception):
    """An answer that is not a success. `message` lacks the CorrelationId tail, which comes on the way out."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def dialog(message: str) -> ApiError:
    """What AL's `Error()` becomes: the commonest business error."""
    return ApiError(400, "Application_DialogException", message)


def field_validation(message: str) -> ApiError:
    """What AL's `TestField` becomes."""
    return ApiError(400, "Application_FieldValidationException", message)


def relation(field: str, table: str, value: str, related: str) -> ApiError:
    """A value that the related table does not hold."""
    return ApiError(
        400,
        "Internal_InvalidTableRelation",
        f"The field {field} of table {table} contains a value ({value}) that cannot be found in the related "
        f"table ({related}).",
    )


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def not_found(message: str = "Bad Request - Error in query syntax.") -> ApiError:
    return ApiError(404, "BadRequest_NotFound", message)


def no_resource(url: object) -> ApiError:
    return not_found(f"No HTTP resource was found that matches the request URI '{url}'.")


def unknown_segment(name: str) -> ApiError:
    return ApiError(404, "BadRequest_ResourceNotFound", f"Resource not found for the segment '{name}'.")


def not_implemented(message: str) -> ApiError:
    return ApiError(501, "BadRequest_MethodNotImplemented", message)


def method_not_allowed(entity: str, verb: str) -> ApiError:
    return ApiError(405, "BadRequest_MethodNotAllowed", f"Entity {entity} does not support {verb}.")


def duplicate(status: int, table: str, key: dict[str, object]) -> ApiError:
    """A primary key that exists. The status differs between versions, so it is a setting."""
    values = ",".join(f"{name}='{value}'" for name, value in key.items())
    return ApiError(
        status,
        "Internal_EntityWithSameKeyExists",
        f"The record in table {table} already exists. Identification fields and values: {values}",
    )


def too_long(value: str, length: int, *, in_filter: bool = False) -> ApiError:
    code = "Application_FilterErrorException" if in_filter else "Application_StringExceededLength"
    return ApiError(
        400,
        code,
        f"The length of the string is {len(value)}, but it must be less than or equal to {length} "
        f"characters. Value: {value}",
    )


def stale() -> ApiError:
    return ApiError(
        409,
        "Request_EntityChanged",
        "Another user has already changed the record. Please refresh and try again.",
    )


def no_token() -> ApiError:
    return ApiError(
        400,
        "BadRequest_InvalidToken",
        "Could not validate the client concurrency token required by the service.",
    )


def rejected_credentials() -> ApiError:
    text = "The server has rejected the client credentials."
    return ApiError(401, "Authentication_InvalidCredentials", text)


def not_an_option(value: object, options: tuple[str, ...]) -> ApiError:
    return ApiError(
        400, "Unknown", f"'{value}' is not an option. The existing options are: {','.join(options)}"
    )


def unreadable(value: object, kind: str) -> ApiError:
    shown = number(value) if hasattr(value, "as_tuple") else str(value)  # type: ignore[arg-type]
    return bad_request(f"Cannot convert the literal '{shown}' to the expected type '{kind}'.")

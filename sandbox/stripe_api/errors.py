"""Errors in Stripe's form: {"error": {"type", "code", "param", "message", …}} with the right status."""

from sandbox.world import Object


class ApiError(Exception):
    """Answered as an error of the API; `details` are further fields such as decline_code or payment_intent."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str = "",
        param: str = "",
        **details: object,
    ) -> None:
        super().__init__(message)
        self.status = status
        fields = {"code": code, "param": param, **details}
        self.error: Object = {"type": kind, "message": message} | {key: value for key, value in fields.items() if value}
        if code:
            self.error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"


def missing(kind: str, item_id: str, param: str = "id") -> ApiError:
    """404 resource_missing, worded as Stripe does."""
    return ApiError(f"No such {kind}: '{item_id}'", status=404, code="resource_missing", param=param)

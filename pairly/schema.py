"""The OpenAPI document: made once per process, with the refusals of every route in it."""

from functools import cache
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from pairly.core.errors import PairlyError
from pairly.core.problems import PROBLEM_MEDIA_TYPE, problem_type

__all__ = ["BearerScheme", "SchemaView", "document_problems", "error_table"]

Json = dict[str, Any]

PROBLEM_SCHEMA: Json = {
    "type": "object",
    "description": "A refusal, as RFC 9457 describes it.",
    "required": ["type", "title", "status", "detail", "code", "trace_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string", "description": "The same for every problem of this code."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened this time."},
        "code": {"type": "string", "description": "Stable, for programs."},
        "trace_id": {"type": "string", "description": "The request id; quote it when asking."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {"type": "string", "description": "Dotted path; empty for all."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
PROBLEM_RESPONSE: Json = {
    "description": "Refused; `code` says why.",
    "headers": {"X-Request-ID": {"schema": {"type": "string"}}},
    "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
TOO_MANY_RESPONSE: Json = PROBLEM_RESPONSE | {
    "description": "Too many requests; wait as long as Retry-After says.",
    "headers": PROBLEM_RESPONSE["headers"]
    | {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
}
GENERAL = "pairly.core."
METHODS = frozenset({"get", "post", "put", "patch", "delete"})


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Tells the document how to sign in; found by drf-spectacular because it is defined."""

    target_class = "pairly.accounts.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> Json:
        return build_bearer_security_scheme_object("Authorization", "Bearer", "opaque")


def document_problems(result: Json, generator: Any, request: Any, public: bool) -> Json:
    """Every operation may be refused: by its input, its caller, its state, or its rate."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    components["responses"] = {"Problem": PROBLEM_RESPONSE, "TooManyRequests": TOO_MANY_RESPONSE}
    for item in result["paths"].values():
        for method in METHODS & item.keys():
            operation = item[method]
            for status in _problem_statuses(method, operation):
                operation["responses"].setdefault(status, _reference("Problem"))
            operation["responses"].setdefault("429", _reference("TooManyRequests"))
    return result


def _problem_statuses(method: str, operation: Json) -> list[str]:
    statuses = ["400", "default"]
    if operation.get("security") and {} not in operation["security"]:
        statuses += ["401", "403"]
    if any(one["in"] == "path" for one in operation.get("parameters", ())):
        statuses.append("404")
    if method != "get":
        statuses.append("409")
    if "requestBody" in operation:
        statuses += ["413", "415"]
    return statuses


def _reference(name: str) -> Json:
    return {"$ref": f"#/components/responses/{name}"}


def error_table() -> list[Json]:
    """Every code a client may meet: {code, status, title, type}, by status and code."""
    found: dict[str, Json] = {}
    # An app may refuse with a general code and words of its own; the general words come first.
    for error in sorted(_error_classes(), key=lambda one: not one.__module__.startswith(GENERAL)):
        found.setdefault(
            error.code,
            {
                "code": error.code,
                "status": error.status,
                "title": error.title,
                "type": problem_type(error.code),
            },
        )
    return sorted(found.values(), key=lambda one: (one["status"], one["code"]))


def _error_classes() -> list[type[PairlyError]]:
    classes: list[type[PairlyError]] = [PairlyError]
    for error in classes:
        classes += error.__subclasses__()
    return classes


@cache
def openapi_document() -> Json:
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    document: Json = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return document


@extend_schema(exclude=True)
class SchemaView(SpectacularAPIView):
    """JSON unless YAML is asked for."""

    renderer_classes = [
        OpenApiJsonRenderer,
        OpenApiJsonRenderer2,
        OpenApiYamlRenderer,
        OpenApiYamlRenderer2,
    ]

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(openapi_document(), headers={"Cache-Control": "public, max-age=300"})

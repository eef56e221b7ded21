"""``/metrics`` for Prometheus: this process's own figures and those of the database.

What is counted in a process is defined where it happens; docs/monitoring.md names all.
"""

import hmac
import ipaddress
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from drf_spectacular.utils import extend_schema
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from pairly.core import shared_cache
from pairly.core.errors import NotAuthenticated, NotFound
from pairly.monitoring.gauges import DatabaseGauges
from pairly.realtime.connections import hub

__all__ = ["MetricsMiddleware", "MetricsView"]

UNMATCHED = "unmatched"
OTHER_METHOD = "other"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
FORWARDED_HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")

REQUESTS = Counter(
    "pairly_http_requests", "Requests answered, by route.", ("method", "route", "status")
)
SECONDS = Histogram(
    "pairly_http_request_seconds",
    "How long a request took in the application.",
    ("route",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
SOCKETS = Gauge("pairly_sockets_open", "Sockets open in this process.")
CACHE_UP = Gauge("pairly_shared_cache_up", "0 while this process cannot have Redis.")

REGISTRY.register(DatabaseGauges())
# Else a second sample stands beside each counter, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]


def open_sockets() -> int:
    return sum(len(mine) for mine in list(hub.connections.values()))


SOCKETS.set_function(open_sockets)
CACHE_UP.set_function(lambda: 0 if shared_cache.is_away() else 1)


class MetricsMiddleware:
    """Counts and times every request by its route, of which there are a bounded number, and
    never by its path, of which a stranger makes as many as they like."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        route = UNMATCHED if match is None else match.route
        method = request.method if request.method in METHODS else OTHER_METHOD
        REQUESTS.labels(method, route, response.status_code).inc()
        SECONDS.labels(route).observe(time.perf_counter() - began)
        return response


@extend_schema(exclude=True)
class MetricsView(APIView):
    """With ``METRICS_TOKEN`` for who brings it as a bearer, from wherever; without one for who
    asks from this machine itself. Everybody else gets 401 or 404."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()

    def get(self, request: Request) -> HttpResponse:
        _let_in(request)
        return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


def _let_in(request: Request) -> None:
    if settings.METRICS_TOKEN:
        given = request.META.get("HTTP_AUTHORIZATION", "")
        wanted = f"Bearer {settings.METRICS_TOKEN}"
        if not hmac.compare_digest(given.encode(), wanted.encode()):
            raise NotAuthenticated("Bring the token of the metrics.")
    elif not _is_from_here(request):
        raise NotFound


def _is_from_here(request: Request) -> bool:
    """A proxy on this machine hands on what strangers ask, and says so in a header: such a
    request is not from here, whether we trust the proxy or not."""
    if any(request.META.get(name) for name in FORWARDED_HEADERS):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR") or "").is_loopback
    except ValueError:
        return False

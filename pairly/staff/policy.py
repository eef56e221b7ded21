"""What the staff site's pages may load and run.

The theme's behaviour (Alpine) stands in attributes that it compiles in the browser, which a
policy calls ``unsafe-eval``. That is allowed below ``/admin/`` alone, for the site's own scripts;
inline scripts and styles stay forbidden there as everywhere.
"""

from typing import Any

from csp.constants import UNSAFE_EVAL
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase

__all__ = ["STAFF_PREFIX", "PolicyMiddleware"]

STAFF_PREFIX = "/admin/"


class PolicyMiddleware(CSPMiddleware):
    """The project's policy, and what the staff site needs beyond it."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path.startswith(STAFF_PREFIX):
            update: dict[str, Any] = {**(parts.update or {}), "script-src": [UNSAFE_EVAL]}
            parts.update = update
        return parts

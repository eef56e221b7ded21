"""The staff site: Django's admin with our theme, second factor and roles.

It is the default site of both databases' admin configuration, so the apps below register on
``django.contrib.admin`` and need not know it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from unfold.sites import UnfoldAdminSite

from pairly.accounts.errors import SecondFactorRequired
from pairly.accounts.staff_admin import Page, StaffModelAdmin
from pairly.core.errors import NotFound, PairlyError, PermissionDenied
from pairly.staff import doors, sessions
from pairly.staff.home import home_alerts, home_figures

__all__ = ["StaffSite", "site"]

View = Callable[..., Any]


class StaffSite(UnfoldAdminSite):  # type: ignore[misc]
    """Only staff whose second factor was proved on this sign-in get past its doors."""

    index_template = "staff/home.html"
    index_title = "Home"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")
        self.pages: list[Page] = []
        self._page_views: list[tuple[str, View, Page]] = []

    def add_page(self, address: str, view: View, page: Page) -> None:
        """A page that shows no table, at ``/admin/<address>``; call it from an ``admin.py``.

        Only who holds its permission gets to it. The view takes the request alone and renders
        ``{**admin.site.each_context(request), …}``.
        """

        @wraps(view)
        def permitted(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            user: Any = request.user
            if not user.has_perm(page.permission):
                raise DjangoPermissionDenied
            return view(request, *args, **kwargs)

        self.pages.append(page)
        self._page_views.append((address, permitted, page))

    def register(
        self, model_or_iterable: Any, admin_class: type | None = None, **options: Any
    ) -> None:
        """Pages know our permissions or are not shown. Django's own of groups changes roles past
        the table of roles, so it is left out."""
        if admin_class is not None and issubclass(admin_class, StaffModelAdmin):
            super().register(model_or_iterable, admin_class, **options)
            return
        models = (
            [model_or_iterable]
            if isinstance(model_or_iterable, type) and issubclass(model_or_iterable, Model)
            else list(model_or_iterable)
        )
        ours = [one for one in models if not one.__module__.startswith("django.")]
        if ours:
            raise ImproperlyConfigured(f"{ours}: the page must be a StaffModelAdmin")

    def has_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.is_active and user.is_staff and user.is_verified())

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Past the door, what a service refuses becomes a page, a message or another code."""

        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                _refuse_absent_row(view, request, kwargs)
                return view(request, *args, **kwargs)
            except SecondFactorRequired:
                return _go(request, doors.code_page(_place_of(request)))
            except NotFound as error:
                raise Http404(error.detail) from error
            except PermissionDenied as error:
                raise DjangoPermissionDenied(error.detail) from error
            except PairlyError as error:
                messages.error(request, _told(error))
                return _go(request, _place_of(request))

        guarded: View = super().admin_view(answered, cacheable)
        return guarded

    def get_urls(self) -> list[URLPattern]:
        inside = doors.RecoveryCodesView.as_view(site=self)
        pages = [
            path(address, self.admin_view(view), name=page.name)
            for address, view, page in self._page_views
        ]
        own = [
            path("second-factor/", doors.CodeView.as_view(site=self), name="second_factor"),
            path(
                "second-factor/enrol/",
                doors.EnrolView.as_view(site=self),
                name="second_factor_enrol",
            ),
            path(
                "second-factor/recovery-codes/",
                self.admin_view(inside),
                name="second_factor_recovery_codes",
            ),
            path("logout/", self.logout, name="logout"),
            path("home-figures/", self.admin_view(self.figures), name="home_figures"),
        ]
        return [*own, *pages, *super().get_urls()]

    def figures(self, request: HttpRequest) -> HttpResponse:
        """The home page's alerts and cards alone, which it asks for every now and then."""
        return TemplateResponse(request, "staff/figures.html", _home(request))

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return cast(HttpResponse, doors.SignInView.as_view(site=self)(request))

    @method_decorator(require_POST)
    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        sessions.end(request)
        return HttpResponseRedirect(reverse("admin:login"))

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return cast(HttpResponse, doors.ChangePasswordView.as_view(site=self)(request))

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {
            **(extra_context or {}),
            **_home(request),
            "refresh_seconds": settings.STAFF_REFRESH_SECONDS,
        }
        answer: HttpResponse = super().index(request, context)
        return answer

    def _get_colors(self, key: str, *args: Any) -> dict[str, Any]:
        """None: they are in ``staff.css``, since the page's policy allows no inline style."""
        return {}


def _home(request: HttpRequest) -> dict[str, Any]:
    return {"alerts": home_alerts(request), "figures": home_figures(request)}


def _refuse_absent_row(view: View, request: HttpRequest, kwargs: dict[str, Any]) -> None:
    """No page sees an id that cannot be one, and no action one of a row that is not there.

    Raises ``NotFound``, or ``PermissionDenied`` for who may not see the rows.
    """
    page = getattr(view, "__self__", None)
    if not isinstance(page, StaffModelAdmin) or "object_id" not in kwargs:
        return
    if not page.has_view_permission(request):
        raise PermissionDenied
    object_id = unquote(kwargs["object_id"])
    try:
        page.model._meta.pk.to_python(object_id)
    except ValidationError as error:
        raise NotFound from error
    is_action = hasattr(view, "original_function_name")
    if is_action and page.get_object(request, object_id) is None:
        raise NotFound


def _place_of(request: HttpRequest) -> str:
    """The page to come back to: for what was posted, and for what a dialog asked, the page that
    it came from."""
    if request.method in ("GET", "HEAD") and not request.headers.get("HX-Request"):
        return request.get_full_path()
    referrer = request.META.get("HTTP_REFERER", "")
    safe = url_has_allowed_host_and_scheme(
        referrer, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return referrer if safe else reverse("admin:index")


def _go(request: HttpRequest, address: str) -> HttpResponse:
    """Go there; a dialog's request is told so, since its answer would land inside the dialog."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    if request.method in ("GET", "HEAD") and address == request.get_full_path():
        address = reverse("admin:index")
    return HttpResponseRedirect(address)


def _told(error: PairlyError) -> str:
    details = [one.detail for one in error.errors]
    return " ".join(details) or error.detail


site = admin.site

"""Routes of accounts, below ``/api/v1/``."""

from django.urls import path

from pairly.accounts.api import people, second_factor, sign_in

urlpatterns = [
    path("auth/register", sign_in.RegisterView.as_view(), name="register"),
    path("auth/login", sign_in.LoginView.as_view(), name="login"),
    path("auth/logout", sign_in.LogoutView.as_view(), name="logout"),
    path("auth/logout-all", sign_in.LogoutAllView.as_view(), name="logout-all"),
    path("auth/devices", sign_in.DevicesView.as_view(), name="devices"),
    path("auth/devices/<uuid:device_id>", sign_in.DeviceView.as_view(), name="device"),
    path("auth/password/change", sign_in.ChangePasswordView.as_view(), name="change-password"),
    path("auth/password/reset", sign_in.ResetView.as_view(), name="reset-password"),
    path("auth/password/reset/confirm", sign_in.ConfirmResetView.as_view(), name="confirm-reset"),
    path("auth/socket-ticket", sign_in.TicketView.as_view(), name="socket-ticket"),
    path("auth/verify-email", sign_in.VerifyEmailView.as_view(), name="verify-email"),
    path("auth/verify-email/resend", sign_in.ResendCodeView.as_view(), name="resend-code"),
    path("auth/second-factor", second_factor.SecondFactorView.as_view(), name="second-factor"),
    path("auth/second-factor/enrol", second_factor.EnrolView.as_view(), name="enrol"),
    path("auth/second-factor/confirm", second_factor.ConfirmView.as_view(), name="confirm-enrol"),
    path(
        "auth/second-factor/recovery-codes",
        second_factor.RecoveryCodesView.as_view(),
        name="recovery-codes",
    ),
    path("me", people.MeView.as_view(), name="me"),
    path("me/photo", people.PhotoView.as_view(), name="photo"),
    path("me/export", people.ExportView.as_view(), name="export"),
    path("users", people.DirectoryView.as_view(), name="users"),
    path("users/<uuid:user_id>", people.UserView.as_view(), name="user"),
    path("users/<uuid:user_id>/photo", people.UserPhotoView.as_view(), name="user-photo"),
    path("blocks", people.BlocksView.as_view(), name="blocks"),
    path("blocks/<uuid:user_id>", people.BlockView.as_view(), name="block"),
    path("reports", people.ReportsView.as_view(), name="reports"),
]

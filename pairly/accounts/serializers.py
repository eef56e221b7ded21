"""Wire shapes of accounts: what is taken, checked field by field, and what is shown."""

import unicodedata
import zoneinfo
from functools import cache
from typing import Any

from django.urls import reverse
from rest_framework import serializers

from pairly.accounts.countries import COUNTRIES
from pairly.accounts.models import (
    BIO_LENGTH_MAX,
    DETAILS_LENGTH_MAX,
    DISPLAY_NAME_LENGTH_MAX,
    Block,
    Device,
    Report,
    User,
)
from pairly.core import clock
from pairly.core.serializers import StrictSerializer

__all__ = [
    "BlockSerializer",
    "ChangePasswordSerializer",
    "ConfirmResetSerializer",
    "DeleteAccountSerializer",
    "DeviceSerializer",
    "DirectorySerializer",
    "EnrolmentSerializer",
    "LoginSerializer",
    "PhotoSerializer",
    "ProfileSerializer",
    "PublicUserSerializer",
    "RecoveryCodesSerializer",
    "RegisterSerializer",
    "RemoveSecondFactorSerializer",
    "ReportInputSerializer",
    "ReportSerializer",
    "ResetSerializer",
    "SecondFactorCodeSerializer",
    "SignedInSerializer",
    "TicketSerializer",
    "UserSerializer",
    "VerifyEmailSerializer",
]

PASSWORD_LENGTH_MAX = 256
EMAIL_LENGTH_MAX = 254
DEVICE_NAME_LENGTH_MAX = 80
TOKEN_LENGTH_MAX = 100
CODE_LENGTH_MAX = 40
USER_AGENT_LENGTH_MAX = 200
AGE_MIN, AGE_MAX = 18, 120
DIRECTION_MARKS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


# What is taken


class EmailField(serializers.EmailField):
    """Stored and compared lower-cased."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=EMAIL_LENGTH_MAX, **options)

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).lower()


class PasswordField(serializers.CharField):
    """Never trimmed and never shown. Long ones are refused, since hashing them costs."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=PASSWORD_LENGTH_MAX, trim_whitespace=False, write_only=True, **options
        )


class OneLineField(serializers.CharField):
    """One line that people can read: no control characters, no marks that turn the direction of
    writing (a name could then rewrite what stands beside it), and not only what is invisible.
    The joiners that many scripts need are taken."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        kinds = [unicodedata.category(character) for character in text]
        if any(kind in ("Cc", "Zl", "Zp") for kind in kinds) or not DIRECTION_MARKS.isdisjoint(
            text
        ):
            raise serializers.ValidationError("Control characters are not taken.", "invalid")
        if text and not any(kind[0] in "LNPS" for kind in kinds):
            raise serializers.ValidationError("Nothing of this can be seen.", "invalid")
        return text


class CountryField(serializers.CharField):
    """ISO 3166-1 alpha-2, or empty where that is allowed."""

    def to_internal_value(self, data: Any) -> str:
        code = super().to_internal_value(data).upper()
        if code and code not in COUNTRIES:
            raise serializers.ValidationError("This is no ISO 3166 country code.", "invalid")
        return code


class TimeZoneField(serializers.CharField):
    """An IANA name, as ``Europe/Berlin``."""

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if name not in _time_zones():
            raise serializers.ValidationError("This is no IANA time zone.", "invalid")
        return name


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


class RegisterSerializer(StrictSerializer):
    email = EmailField()
    password = PasswordField()
    display_name = OneLineField(max_length=DISPLAY_NAME_LENGTH_MAX)
    birth_date = serializers.DateField()
    country = CountryField(required=False)
    time_zone = TimeZoneField(required=False)
    device_name = OneLineField(max_length=DEVICE_NAME_LENGTH_MAX, required=False, allow_blank=True)


class LoginSerializer(StrictSerializer):
    email = EmailField()
    password = PasswordField()
    device_name = OneLineField(max_length=DEVICE_NAME_LENGTH_MAX, required=False, allow_blank=True)


class ChangePasswordSerializer(StrictSerializer):
    current_password = PasswordField()
    new_password = PasswordField()


class ResetSerializer(StrictSerializer):
    email = EmailField()


class ConfirmResetSerializer(StrictSerializer):
    token = serializers.CharField(max_length=TOKEN_LENGTH_MAX)
    new_password = PasswordField()


class VerifyEmailSerializer(StrictSerializer):
    code = serializers.RegexField(r"^[0-9]{6}$")


class SecondFactorCodeSerializer(StrictSerializer):
    """A code of an authenticator, or a recovery code in any spelling."""

    code = serializers.CharField(max_length=CODE_LENGTH_MAX)


class RemoveSecondFactorSerializer(StrictSerializer):
    password = PasswordField()
    code = serializers.CharField(max_length=CODE_LENGTH_MAX)


class ProfileSerializer(StrictSerializer):
    """``PATCH me``: any of these."""

    display_name = OneLineField(max_length=DISPLAY_NAME_LENGTH_MAX, required=False)
    bio = serializers.CharField(max_length=BIO_LENGTH_MAX, required=False, allow_blank=True)
    country = CountryField(required=False, allow_blank=True)
    time_zone = TimeZoneField(required=False)
    listed = serializers.BooleanField(required=False)
    show_online_status = serializers.BooleanField(required=False)
    show_last_seen = serializers.BooleanField(required=False)
    show_in_call = serializers.BooleanField(required=False)
    send_read_receipts = serializers.BooleanField(required=False)


class DeleteAccountSerializer(StrictSerializer):
    password = PasswordField()


class PhotoSerializer(StrictSerializer):
    photo = serializers.FileField()


class DirectorySerializer(StrictSerializer):
    """The query of the directory; ``cursor`` and ``limit`` belong to its pages."""

    min_age = serializers.IntegerField(min_value=AGE_MIN, max_value=AGE_MAX, required=False)
    max_age = serializers.IntegerField(min_value=AGE_MIN, max_value=AGE_MAX, required=False)
    country = CountryField(required=False)
    cursor = serializers.CharField(required=False)
    limit = serializers.CharField(required=False)


class ReportInputSerializer(StrictSerializer):
    target_type = serializers.ChoiceField(Report.TargetType.choices)
    target_id = serializers.UUIDField()
    reason = serializers.ChoiceField(Report.Reason.choices)
    details = serializers.CharField(
        max_length=DETAILS_LENGTH_MAX, required=False, allow_blank=True, default=""
    )


# What is shown


def photo_url(user: User) -> str | None:
    """Where a person's photo is read, with the header. Changes with the photo."""
    if not user.photo:
        return None
    version = user.photo.rpartition("/")[2].removesuffix(".jpg")
    return f"{reverse('user-photo', args=[user.pk])}?v={version}"


class PublicUserSerializer(serializers.ModelSerializer[User]):
    """What others see of a person."""

    age = serializers.SerializerMethodField()
    photo_url = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ("id", "display_name", "age", "bio", "country", "photo_url")
        read_only_fields = fields

    def get_age(self, user: User) -> int | None:
        return user.age_on(clock.now().date())

    def get_photo_url(self, user: User) -> str | None:
        return photo_url(user)


class UserSerializer(serializers.ModelSerializer[User]):
    """What a person sees of themselves."""

    email_verified = serializers.SerializerMethodField()
    photo_url = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = (
            "id",
            "email",
            "email_verified",
            "display_name",
            "birth_date",
            "bio",
            "country",
            "time_zone",
            "photo_url",
            "listed",
            "show_online_status",
            "show_last_seen",
            "show_in_call",
            "send_read_receipts",
            "terms_version",
            "terms_accepted_at",
            "created_at",
        )
        read_only_fields = fields

    def get_email_verified(self, user: User) -> bool:
        return user.email_verified_at is not None

    def get_photo_url(self, user: User) -> str | None:
        return photo_url(user)


class SignedInSerializer(serializers.Serializer[Any]):
    token = serializers.CharField()
    expires_at = serializers.DateTimeField(source="device.expires_at")
    user = UserSerializer()
    second_factor_required = serializers.BooleanField(
        source="device.second_factor_required",
        required=False,
        help_text="Present and true: prove it by POST auth/second-factor, nothing else answers.",
    )

    def to_representation(self, instance: Any) -> dict[str, Any]:
        data = super().to_representation(instance)
        if not data["second_factor_required"]:
            del data["second_factor_required"]
        return data


class DeviceSerializer(serializers.ModelSerializer[Device]):
    current = serializers.SerializerMethodField()

    class Meta:
        model = Device
        fields = (
            "id",
            "name",
            "address",
            "user_agent",
            "current",
            "created_at",
            "last_used_at",
            "expires_at",
        )
        read_only_fields = fields

    def get_current(self, device: Device) -> bool:
        return bool(device.pk == self.context["device_id"])


class EnrolmentSerializer(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="Base32, to type into an authenticator")
    uri = serializers.CharField(help_text="otpauth://, to show as a QR code")


class RecoveryCodesSerializer(serializers.Serializer[Any]):
    recovery_codes = serializers.ListField(
        child=serializers.CharField(), help_text="Shown this once; each works once."
    )


class TicketSerializer(serializers.Serializer[Any]):
    ticket = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="seconds")


class BlockSerializer(serializers.ModelSerializer[Block]):
    user_id = serializers.UUIDField(source="blocked_id", read_only=True)
    display_name = serializers.CharField(source="blocked.display_name", read_only=True)

    class Meta:
        model = Block
        fields = ("user_id", "display_name", "created_at")
        read_only_fields = fields


class ReportSerializer(serializers.ModelSerializer[Report]):
    class Meta:
        model = Report
        fields = (
            "id",
            "target_type",
            "target_id",
            "reason",
            "details",
            "status",
            "created_at",
        )
        read_only_fields = fields

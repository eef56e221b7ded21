"""Wire shapes of devices. Addresses are taken and never shown."""

from typing import Any

from rest_framework import serializers

from notifications.push.addresses import is_auth_secret, is_browser_key, is_push_endpoint, is_token
from notifications.push.models import ADDRESS_LENGTH_MAX, PushDevice
from notifications.push.providers.registry import provider_names
from pairly.core.serializers import StrictSerializer

__all__ = ["PushDeviceSerializer", "RegisterDeviceSerializer"]

Provider = PushDevice.Provider


class KeysSerializer(StrictSerializer):
    p256dh = serializers.CharField(max_length=100)
    auth = serializers.CharField(max_length=50)

    def validate_p256dh(self, value: str) -> str:
        if not is_browser_key(value):
            raise serializers.ValidationError("It is no public key of P-256.", "invalid")
        return value

    def validate_auth(self, value: str) -> str:
        if not is_auth_secret(value):
            raise serializers.ValidationError("It is not 16 bytes long.", "invalid")
        return value


class RegisterDeviceSerializer(StrictSerializer):
    provider = serializers.ChoiceField(Provider.choices)
    token = serializers.CharField(
        max_length=ADDRESS_LENGTH_MAX,
        help_text="What the provider calls this device; for Web Push the subscription's endpoint.",
    )
    keys = KeysSerializer(required=False, help_text="Of a Web Push subscription.")

    def validate_provider(self, value: str) -> str:
        if value not in provider_names():
            raise serializers.ValidationError("Nothing is pushed by it here.", "not_served")
        return value

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if values["provider"] != Provider.WEB_PUSH:
            if "keys" in values:
                _refuse("keys", "Only a Web Push subscription has keys.")
            if not is_token(values["provider"], values["token"]):
                _refuse("token", "It is no token of this provider.")
        else:
            if "keys" not in values:
                _refuse("keys", "A Web Push subscription has keys.")
            if not is_push_endpoint(values["token"]):
                _refuse("token", "It is no endpoint of a push service that is known here.")
        return values


def _refuse(field: str, sentence: str) -> None:
    raise serializers.ValidationError({field: [serializers.ErrorDetail(sentence, "invalid")]})


class PushDeviceSerializer(serializers.ModelSerializer[PushDevice]):
    current = serializers.SerializerMethodField(help_text="Registered by the sign-in that asks.")

    class Meta:
        model = PushDevice
        fields = ("id", "provider", "current", "created_at", "last_seen_at")
        read_only_fields = fields

    def get_current(self, device: PushDevice) -> bool:
        return bool(device.sign_in_id == self.context["sign_in_id"])

"""Shapes of what ``pairly.views`` answers; they exist for the API's description."""

from typing import Any

from rest_framework import serializers

from payments.pricing.serializers import PricesSerializer

__all__ = ["ConfigSerializer", "IndexSerializer"]


class IndexSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    version = serializers.CharField()
    links = serializers.DictField(child=serializers.URLField())


class LimitsSerializer(serializers.Serializer[Any]):
    message_text_characters_max = serializers.IntegerField()
    message_attachments_max = serializers.IntegerField()
    message_edit_minutes = serializers.IntegerField(help_text="0: messages are not edited.")
    message_delete_minutes = serializers.IntegerField(
        help_text="For deleting for both; 0: that is not done."
    )
    first_messages_unanswered_max = serializers.IntegerField(help_text="0: any number.")
    new_conversations_per_day_max = serializers.IntegerField(help_text="0: any number.")
    messages_max = serializers.IntegerField(help_text="In messages_window_seconds.")
    messages_window_seconds = serializers.IntegerField()
    typing_interval_seconds = serializers.IntegerField(help_text="One typing.start in this time.")
    typing_expiry_seconds = serializers.IntegerField()
    page_rows_default = serializers.IntegerField()
    page_rows_max = serializers.IntegerField()
    sync_events_max = serializers.IntegerField()
    requests_per_minute = serializers.IntegerField()
    money_requests_per_minute = serializers.IntegerField()
    sign_ins_per_minute = serializers.IntegerField()
    request_body_bytes_max = serializers.IntegerField()
    upload_body_bytes_max = serializers.IntegerField()
    socket_frame_bytes_max = serializers.IntegerField()
    socket_heartbeat_seconds = serializers.IntegerField()
    ring_timeout_seconds = serializers.IntegerField()
    call_media_timeout_seconds = serializers.IntegerField(help_text="From accepting to media.")
    call_heartbeat_seconds = serializers.IntegerField()
    call_grace_seconds = serializers.IntegerField(help_text="Of silence; then the call is over.")
    call_invites_max = serializers.IntegerField(help_text="In call_invites_window_seconds.")
    call_invites_window_seconds = serializers.IntegerField()


class AttachmentRulesSerializer(serializers.Serializer[Any]):
    content_types = serializers.ListField(
        child=serializers.CharField(), help_text="Told by a file's content alone."
    )
    image_bytes_max = serializers.IntegerField()
    audio_bytes_max = serializers.IntegerField()
    video_bytes_max = serializers.IntegerField()
    file_bytes_max = serializers.IntegerField()
    image_side_pixels_max = serializers.IntegerField()
    per_day_max = serializers.IntegerField()


class ClientVersionsSerializer(serializers.Serializer[Any]):
    android = serializers.CharField()
    ios = serializers.CharField()
    web = serializers.CharField()


class PushKeySerializer(serializers.Serializer[Any]):
    provider = serializers.CharField()
    public_key = serializers.CharField()


class PaymentProviderSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    public_key = serializers.CharField(
        allow_null=True,
        help_text="For its own client library: Stripe's publishable key, Razorpay's key id.",
    )


class ConfigSerializer(serializers.Serializer[Any]):
    limits = LimitsSerializer()
    attachments = AttachmentRulesSerializer()
    prices = PricesSerializer()
    client_versions_min = ClientVersionsSerializer()
    push_keys = PushKeySerializer(many=True)
    payment_providers = PaymentProviderSerializer(many=True)

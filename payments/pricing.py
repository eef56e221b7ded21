"""What things cost, in credits. Zero means free, and then nothing is booked."""

from django.conf import settings

__all__ = ["call_rate", "call_rates", "message_price", "message_prices"]

MESSAGE_KINDS = ("text", "image", "audio", "video", "file")
CALL_MEDIA = ("audio", "video")


def message_price(kind: str) -> int:
    """Credits for one message of the kind: text, image, audio, video or file."""
    if kind not in MESSAGE_KINDS:
        raise ValueError(f"{kind!r} is no kind of message")
    price: int = getattr(settings, f"PRICE_MESSAGE_{kind.upper()}_CREDITS")
    return price


def call_rate(media: str) -> int:
    """Credits for a minute of a call: audio or video."""
    if media not in CALL_MEDIA:
        raise ValueError(f"{media!r} is no medium of a call")
    rate: int = getattr(settings, f"PRICE_CALL_{media.upper()}_CREDITS_PER_MINUTE")
    return rate


def message_prices() -> dict[str, int]:
    return {kind: message_price(kind) for kind in MESSAGE_KINDS}


def call_rates() -> dict[str, int]:
    return {media: call_rate(media) for media in CALL_MEDIA}

"""A browser and its push service: it checks the VAPID signature and decrypts as a browser does."""

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notifications.push.tests.stand_ins.server import Asked, Said, StandIn

__all__ = ["PushService", "Subscription"]


class Subscription:
    """What ``PushManager.subscribe`` gives a page."""

    def __init__(self, service: str, name: str) -> None:
        self.endpoint = f"{service}/send/{name}"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._secret = os.urandom(16)

    @property
    def body(self) -> dict[str, Any]:
        """The body of ``POST notifications/devices``."""
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": _text(point), "auth": _text(self._secret)}
        return {"provider": "web_push", "token": self.endpoint, "keys": keys}

    def read(self, asked: Asked) -> dict[str, Any]:
        assert asked.headers["content-encoding"] == "aes128gcm"
        plain = http_ece.decrypt(
            asked.body, private_key=self._key, auth_secret=self._secret, version="aes128gcm"
        )
        told: dict[str, Any] = json.loads(plain)
        return told


class PushService(StandIn):
    def __init__(self, public_key: str) -> None:
        super().__init__()
        self._public_key = public_key

    def subscribe(self, name: str) -> Subscription:
        return Subscription(self.url, name)

    def answer(self, asked: Asked) -> Said:
        """As RFC 8030 and 8292 want it; 401 for a signature that is not of this installation."""
        scheme, _space, rest = asked.headers["authorization"].partition(" ")
        values = dict(part.split("=", 1) for part in rest.split(","))
        assert (scheme, values["k"]) == ("vapid", self._public_key)
        point = urlsafe_b64decode(values["k"] + "=" * (-len(values["k"]) % 4))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        try:
            claims = jwt.decode(values["t"], key, algorithms=["ES256"], audience=self.url)
        except jwt.InvalidTokenError as error:
            return Said(401, str(error).encode())
        assert claims["sub"].startswith("mailto:")
        assert asked.headers["ttl"].isdigit()
        return Said(201, headers={"Location": f"{self.url}/message/{len(self.asked)}"})


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")

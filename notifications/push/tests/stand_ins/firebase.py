"""Google's token service and Firebase's HTTP v1, as far as we use them."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from notifications.push.tests.stand_ins.server import Asked, Said, StandIn

__all__ = ["FirebaseStandIn", "refusal"]

PROJECT = "pairly-test"
AUDIENCE = "https://oauth2.googleapis.com/token"  # whatever the account's token_uri is
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


def refusal(status: int, word: str, fcm: str = "", **headers: str) -> Said:
    """An error in Google's shape; ``fcm`` is FCM's own code in its details."""
    details = [{"@type": FCM_ERROR, "errorCode": fcm}] if fcm else []
    error = {"code": status, "message": "No.", "status": word, "details": details}
    return Said(status, json.dumps({"error": error}).encode(), headers)


class FirebaseStandIn(StandIn):
    """``tokens_given`` counts sign-ins; only the newest token is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.tokens_given = 0

    def write_account(self, path: Path) -> None:
        pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        account = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "1",
            "private_key": pem.decode(),
            "client_email": f"push@{PROJECT}.example",
            "token_uri": f"{self.url}/token",
        }
        path.write_text(json.dumps(account))

    def answer(self, asked: Asked) -> Said:
        if asked.path == "/token":
            return self._token(asked)
        assert asked.path == f"/v1/projects/{PROJECT}/messages:send"
        if asked.headers["authorization"] != f"Bearer token-{self.tokens_given}":
            return refusal(401, "UNAUTHENTICATED")
        return Said(200, json.dumps({"name": f"projects/{PROJECT}/messages/7"}).encode())

    def _token(self, asked: Asked) -> Said:
        [assertion] = parse_qs(asked.body.decode())["assertion"]
        jwt.decode(assertion, self._key.public_key(), algorithms=["RS256"], audience=AUDIENCE)
        self.tokens_given += 1
        told = {"access_token": f"token-{self.tokens_given}", "expires_in": 3600}
        return Said(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(asked.body)["message"] for asked in self.asked if asked.path != "/token"]

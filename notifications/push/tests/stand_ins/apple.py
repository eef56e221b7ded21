"""Apple's push service: HTTP/2 over TLS on a free port, its certificate and a team's key."""

import asyncio
import datetime
import ipaddress
import json
import ssl
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded

__all__ = ["AppleAsked", "AppleSaid", "AppleStandIn"]


@dataclass
class AppleAsked:
    path: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def payload(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told


@dataclass(frozen=True)
class AppleSaid:
    """``reason`` as Apple words it; ``raw`` in place of JSON; ``hangs`` never answers."""

    status: int
    reason: str = ""
    timestamp: int | None = None
    raw: bytes = b""
    hangs: bool = False

    @property
    def body(self) -> bytes:
        if self.raw or not self.reason:
            return self.raw
        told = {"reason": self.reason}
        return json.dumps(told | ({"timestamp": self.timestamp} if self.timestamp else {})).encode()


@dataclass
class AppleStandIn:
    folder: Path
    asked: list[AppleAsked] = field(default_factory=list)
    next: deque[AppleSaid] = field(default_factory=deque)
    connections: int = 0

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.key_file = self.folder / "apns.p8"
        self.key_file.write_bytes(_pem(self._key))
        self.certificate_file = self.folder / "apple.pem"
        context = _tls(self.folder, self.certificate_file)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()
        serving = self._loop.create_server(lambda: _Connection(self), "127.0.0.1", 0, ssl=context)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result(30)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def answer(self, asked: AppleAsked) -> AppleSaid:
        """Apple's checks of who sends; 200 for the rest."""
        if self.next:
            return self.next.popleft()
        token = asked.headers["authorization"].removeprefix("bearer ")
        try:
            claims = jwt.decode(token, self._key.public_key(), algorithms=["ES256"])
        except jwt.InvalidTokenError:
            return AppleSaid(403, "InvalidProviderToken")
        assert (claims["iss"], jwt.get_unverified_header(token)["kid"]) == ("TEAM", "KEY")
        assert int(asked.headers["apns-expiration"]) > 0
        return AppleSaid(200)


class _Connection(asyncio.Protocol):
    def __init__(self, stand_in: AppleStandIn) -> None:
        self._stand_in = stand_in
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._open: dict[int, AppleAsked] = {}

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._stand_in.connections += 1
        self._h2.initiate_connection()
        transport.write(self._h2.data_to_send())

    def data_received(self, data: bytes) -> None:
        for event in self._h2.receive_data(data):
            if isinstance(event, RequestReceived):
                headers = {str(name): str(value) for name, value in event.headers or ()}
                self._open[event.stream_id or 0] = AppleAsked(headers[":path"], headers)
            elif isinstance(event, DataReceived):
                self._open[event.stream_id or 0].body += event.data or b""
            elif isinstance(event, StreamEnded):
                self._end(event.stream_id or 0)
        self._transport.write(self._h2.data_to_send())

    def _end(self, stream_id: int) -> None:
        asked = self._open.pop(stream_id)
        self._stand_in.asked.append(asked)
        said = self._stand_in.answer(asked)
        if said.hangs:
            return
        headers = [(":status", str(said.status)), ("apns-id", asked.headers["apns-id"])]
        self._h2.send_headers(stream_id, headers, end_stream=not said.body)
        if said.body:
            self._h2.send_data(stream_id, said.body, end_stream=True)


def _tls(folder: Path, certificate_file: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))
    key_file = folder / "apple.key"
    key_file.write_bytes(_pem(key))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    context.set_alpn_protocols(["h2"])
    return context


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

"""A WebRTC engine that nobody here wrote (aiortc), as a client of our socket and nothing else."""

import asyncio
import itertools
import json
from collections import defaultdict
from typing import Any
from urllib.parse import urlsplit

from aiortc import (
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import AudioStreamTrack
from aiortc.sdp import candidate_from_sdp
from websockets.asyncio.client import connect

from tests.clients import Json, Person

__all__ = ["SECONDS_MAX", "Peer"]

SECONDS_MAX = 60
CANDIDATE = "a=candidate:"
ENDS = ("a=end-of-candidates",)


class Peer:
    """One side of a call. The caller offers; the callee answers."""

    def __init__(self, person: Person, *, relay: bool = False) -> None:
        self.person, self.relay = person, relay
        self.call: Json = {}
        self.connection: RTCPeerConnection | None = None
        self.candidates: list[str] = []
        self.heard = asyncio.Event()
        self.engines: asyncio.Queue[RTCPeerConnection] = asyncio.Queue()
        self._ids = itertools.count(1)
        self._answers: dict[str, asyncio.Future[Json]] = {}
        self._events: defaultdict[str, asyncio.Queue[Json]] = defaultdict(asyncio.Queue)
        self._tasks: set[asyncio.Task[None]] = set()
        self._applied: set[int] = set()
        self._early: list[Json] = []
        self.connected = asyncio.Event()
        self.texts: asyncio.Queue[str] = asyncio.Queue()

    async def open(self) -> "Peer":
        address = f"ws://{urlsplit(self.person.url).netloc}/ws/"
        headers = {"Authorization": f"Bearer {self.person.token}"}
        self._socket = await connect(address, additional_headers=headers, proxy=None)
        assert json.loads(await self._socket.recv())["type"] == "ready"
        self._reading = asyncio.create_task(self._read())
        return self

    async def command(self, type: str, **data: Any) -> Json:
        """The ack's data; an ``AssertionError`` for an error frame."""
        name = f"p{next(self._ids)}"
        answer = self._answers[name] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"type": type, "id": name, "data": data}))
        frame = await asyncio.wait_for(answer, SECONDS_MAX)
        assert frame["type"] == "ack", frame
        found: Json = frame["data"]
        return found

    async def ask(self, command: str, **data: Any) -> Json:
        return await self.command(f"call.{command}", call_id=self.call["id"], **data)

    async def event(self, type: str) -> Json:
        return await asyncio.wait_for(self._events[type].get(), SECONDS_MAX)

    async def invite(self, callee: "Peer", media: str = "audio") -> None:
        ack = await self.command(
            "call.invite", callee_id=callee.person.id, media=media, client_id=f"{id(self)}"
        )
        self.call = ack["call"]

    async def accept(self) -> None:
        self.call = (await self.event("call.incoming"))["call"]
        self.call = (await self.ask("accept"))["call"]

    async def offer(self) -> None:
        """With an engine of its own, so that all keys and candidates are new."""
        engine = await self._engine()
        channel = engine.createDataChannel("words")
        channel.on("message", self.texts.put_nowait)
        channel.on("open", lambda: channel.send("hello"))
        await self._describe(await engine.createOffer())

    async def signal(self, kind: str, payload: Any) -> None:
        await self.ask("signal", kind=kind, payload=payload)

    async def close(self) -> None:
        if self.connection is not None:
            await self.connection.close()
        await self._socket.close()
        for task in (self._reading, *self._tasks):
            task.cancel()

    async def _read(self) -> None:
        async for text in self._socket:
            frame = json.loads(text)
            if frame["type"] in ("ack", "error"):
                self._answers.pop(frame["id"]).set_result(frame)
            elif frame["type"] == "call.signal":
                self._spawn(self._apply(frame["data"]))
            else:
                self._events[frame["type"]].put_nowait(frame["data"])

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _apply(self, signal: Json) -> None:
        if signal["number"] in self._applied:
            return
        self._applied.add(signal["number"])
        kind, payload = signal["kind"], signal["payload"]
        if kind == "restart":
            await self.offer()
        elif kind == "candidate":
            if self.connection is None or self.connection.remoteDescription is None:
                self._early.append(payload)
            else:
                await self._add(payload)
        else:
            await self._described(kind, payload)

    async def _described(self, kind: str, payload: Json) -> None:
        engine = self.connection
        if kind == "offer":
            engine = await self._engine()
        assert engine is not None
        await engine.setRemoteDescription(RTCSessionDescription(payload["sdp"], kind))
        early, self._early = self._early, []
        for one in early:
            await self._add(one)
        if kind == "offer":
            await self._describe(await engine.createAnswer())

    async def _engine(self) -> RTCPeerConnection:
        """A fresh one, with the ice servers of this moment."""
        if self.connection is not None:
            await self.connection.close()
        found = await asyncio.to_thread(
            self.person.call, "GET", f"calls/{self.call['id']}/ice-servers"
        )
        servers = [RTCIceServer(**server) for server in found["ice_servers"]]
        policy = RTCIceTransportPolicy.RELAY if self.relay else RTCIceTransportPolicy.ALL
        engine = RTCPeerConnection(RTCConfiguration(servers, iceTransportPolicy=policy))
        self.connection, self.candidates = engine, []
        self.connected, self.heard = asyncio.Event(), asyncio.Event()
        self.engines.put_nowait(engine)
        engine.addTrack(AudioStreamTrack())
        engine.on("track", lambda track: self._spawn(self._listen(track)))
        engine.on("datachannel", self._joined)
        engine.on("connectionstatechange", lambda: self._changed(engine))
        return engine

    def _changed(self, engine: RTCPeerConnection) -> None:
        if engine.connectionState == "connected":
            self.connected.set()

    def _joined(self, channel: Any) -> None:
        channel.on("message", lambda text: channel.send(f"{text} yourself"))

    async def _listen(self, track: Any) -> None:
        heard = self.heard
        while True:
            await track.recv()
            heard.set()

    async def _describe(self, description: RTCSessionDescription) -> None:
        """Send the description without its candidates, and these one by one, as browsers do."""
        assert self.connection is not None
        await self.connection.setLocalDescription(description)
        local = self.connection.localDescription
        bare: list[str] = []
        found: list[Json] = []
        place = -1
        for line in local.sdp.splitlines():
            place += line.startswith("m=")
            if line.startswith(CANDIDATE):
                found.append({"candidate": line.removeprefix("a="), "sdpMLineIndex": place})
            elif line not in ENDS:
                bare.append(line)
        await self.signal(local.type, {"type": local.type, "sdp": "\r\n".join([*bare, ""])})
        for one in found:
            self.candidates.append(one["candidate"])
            await self.signal("candidate", one)

    async def _add(self, payload: Json) -> None:
        assert self.connection is not None
        candidate = candidate_from_sdp(payload["candidate"].removeprefix("candidate:"))
        candidate.sdpMLineIndex = payload["sdpMLineIndex"]
        await self.connection.addIceCandidate(candidate)

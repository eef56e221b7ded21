"""A backup that is taken while people write is whole, and becomes an installation again."""

import asyncio
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pymongo
import pytest
from PIL import Image

from tests.clients import Json, Person, create_people
from tests.conftest import StartServer
from tests.load import Load, Sender
from tests.servers import ROOT, RunningServer, running_server

pytestmark = pytest.mark.mongodb(from_ci=True)

PEOPLE = 4
CREDITS = 100_000
ACKS = 60
SECONDS_MAX = 120
Place = dict[str, str]
"""Which database and which data folder, as the environment tells them."""


def test_what_was_acked_before_a_backup_is_in_it(
    start_server: StartServer, server_database_url: str, tmp_path: Path
) -> None:
    server = start_server("uvicorn")
    people = create_people(server, PEOPLE, credits=CREDITS)
    senders = [
        Sender(person, person.open_conversation(people[number ^ 1]))
        for number, person in enumerate(people)
    ]
    picture = uploaded(people[0])
    backup = tmp_path / "backup"
    before = asyncio.run(back_up_under_load(server, senders, backup))
    with pytest.raises(RuntimeError, match="is not empty"):
        server.do("backup", str(backup))

    place = elsewhere(server_database_url, tmp_path / "restored")
    restore(place, str(backup))
    restore(place, str(backup), "--replace")
    with running_server(place["DATABASE_URL"], Path(place["PAIRLY_DATA_DIR"])) as restored:
        for sender, promised in zip(senders, before, strict=True):
            # The device has seen what is lost, and is told so, whatever came since.
            seen = sender.person.socket().position
            device = sender.person.at(restored.url).socket()
            assert device.command("sync", {"since": seen})["resync"]
            check_promises(sender, sender.person.at(restored.url), promised)
        assert people[0].at(restored.url).http.get(f"attachments/{picture}").status_code == 200
        for command in ("verify_ledger", "verify_audit", "check_invariants"):
            restored.do(command)
        check_refusals(restored, backup)
    drop(place)


async def back_up_under_load(
    server: RunningServer, senders: list[Sender], backup: Path
) -> list[dict[str, Json]]:
    """What each had been promised when the backup began."""
    load = Load(senders)
    await load.until_acks(ACKS, SECONDS_MAX)
    before = [dict(sender.acked) for sender in senders]
    await asyncio.to_thread(server.do, "backup", str(backup))
    await load.until_acks(load.acks + ACKS, SECONDS_MAX)
    await load.finish(SECONDS_MAX)
    return before


def check_promises(sender: Sender, person: Person, promised: dict[str, Json]) -> None:
    """Each promised message is there, and of what came later whole messages or nothing."""
    path = f"conversations/{sender.conversation_id}/messages?after_seq=0&limit=100"
    stored = person.all_of(path, pages_max=1000)
    mine = {one["client_id"]: one for one in stored if one["sender_id"] == person.id}
    assert promised
    assert promised.items() <= mine.items() <= sender.acked.items()
    assert person.wallet()["balance"] == CREDITS - len(mine)
    person.close()


def check_refusals(restored: RunningServer, backup: Path) -> None:
    """Nothing is overwritten unasked, nor by what is no whole backup."""
    with pytest.raises(RuntimeError, match="Something is there already.*--replace"):
        restored.do("restore", str(backup))
    if (backup / "database" / "pairly.sqlite3").exists():
        with pytest.raises(RuntimeError, match="in use.*End its servers first"):
            restored.do("restore", str(backup), "--replace")
    damage(backup)
    with pytest.raises(RuntimeError, match="is not what was backed up"):
        restored.do("restore", str(backup), "--replace")
    (backup / "manifest.json").unlink()
    with pytest.raises(RuntimeError, match="no backup that was finished"):
        restored.do("restore", str(backup), "--replace")


def uploaded(person: Person) -> str:
    """The id of an attachment."""
    content = BytesIO()
    Image.new("RGB", (64, 64)).save(content, "PNG")
    answer = person.http.post("attachments", files={"file": ("a.png", content.getvalue())})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def elsewhere(database_url: str, data_dir: Path) -> Place:
    data_dir.mkdir()
    if database_url.startswith("sqlite"):
        url = f"sqlite:///{data_dir / 'pairly.sqlite3'}"
    else:
        name = urlsplit(database_url).path
        url = database_url.replace(name, f"{name}_restored")
    return {"DATABASE_URL": url, "PAIRLY_DATA_DIR": str(data_dir)}


def restore(place: Place, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "restore", *arguments],
        env=os.environ | place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def damage(backup: Path) -> None:
    """One byte of one file."""
    file = max((backup / "database").iterdir(), key=lambda path: path.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def drop(place: Place) -> None:
    """What the test's own database does not show is removed by nobody else."""
    if place["DATABASE_URL"].startswith("mongodb"):
        with pymongo.MongoClient[Json](place["DATABASE_URL"]) as client:
            client.drop_database(client.get_default_database().name)

"""Production mode on this machine alone: ``python -m deploy.stack``, and Ctrl-C ends all of it.

A MongoDB replica set of one node, a Redis, two web processes, a Celery worker and its clock, on
free ports of the loopback, with secrets drawn anew and stand-ins for bucket and mail server; mails
go to a file. Needs what the tests need: requirements-dev.txt and redis-server. What it stores is
gone when it ends.
"""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import httpx
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Debugging

from tests.mongod import Mongod, free_port
from tests.redis_server import RedisServer
from tests.s3_server import bucket_server

ROOT = Path(__file__).resolve().parent.parent
WEB_PROCESSES = 2
LOG_SHOWN = 3000
STOP_SECONDS_MAX = 45
MANAGE = (sys.executable, "manage.py")
CELERY = (sys.executable, "-m", "celery", "-A", "pairly")


def main() -> None:
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, _stop)
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pairly-stack-")))
        given = environment(folder, **stores(stack, folder))
        print(f"Migrating; logs and mails in {folder}", flush=True)
        subprocess.run([*MANAGE, "migrate", "--verbosity", "0"], cwd=ROOT, env=given, check=True)
        ports = [free_port() for _ in range(WEB_PROCESSES)]
        processes = {
            name: stack.enter_context(running(name, command, given, folder))
            for name, command in commands(folder, ports).items()
        }
        for port in ports:
            wait_until(partial(is_ready, port), processes, folder)
            print(f"Pairly      http://127.0.0.1:{port}/  (production mode)", flush=True)
        print(f"Metrics     Authorization: Bearer {given['METRICS_TOKEN']}")
        print(f"Processes   {', '.join(f'{name} {one.pid}' for name, one in processes.items())}")
        print("Ctrl-C or SIGTERM ends all of it.", flush=True)
        wait_until(lambda: False, processes, folder)
    print("Nothing is left.")


def commands(folder: Path, ports: Sequence[int]) -> dict[str, tuple[str, ...]]:
    """What runs, under the names of the compose file; the last ends first."""
    schedule = ("--schedule", str(folder / "beat"))
    return {
        "worker": (*CELERY, "worker", "--concurrency", "2"),
        "beat": (*CELERY, "beat", *schedule),
        **{
            f"web{number}": (*MANAGE, "serve", "--server", "uvicorn", "--port", str(port))
            for number, port in enumerate(ports, start=1)
        },
    }


def _stop(_number: int, _frame: object) -> None:
    """Once is enough: what ends may take its time."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    print("Ending: web processes first, then clock, worker and stores.", flush=True)
    raise KeyboardInterrupt


def stores(stack: ExitStack, folder: Path) -> dict[str, str]:
    """Everything that production keeps things in, or a stand-in: their addresses."""
    mongod = Mongod()
    stack.callback(mongod.stop)
    redis = RedisServer()
    stack.callback(redis.stop)
    bucket = stack.enter_context(bucket_server())
    mails = stack.enter_context((folder / "mails.log").open("w", buffering=1))
    post = Controller(Debugging(mails), hostname="127.0.0.1", port=free_port())
    post.start()
    stack.callback(post.stop)
    return {
        "DATABASE_URL": mongod.url("pairly"),
        "REDIS_URL": redis.url,
        "S3_ENDPOINT_URL": bucket.url,
        "EMAIL_PORT": str(post.port),
    }


def environment(folder: Path, **addresses: str) -> dict[str, str]:
    """As production has it, with a bonus large enough to try things."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PAIRLY_")}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "deploy.stack_settings",
        "PAIRLY_MODE": "production",
        "PAIRLY_DATA_DIR": str(folder),
        "PAIRLY_WELCOME_BONUS_CREDITS": "500",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "LEDGER_SIGNING_KEY": secrets.token_hex(32),
        "METRICS_TOKEN": secrets.token_urlsafe(32),
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "PUBLIC_URL": "https://stack.pairly.test",
        "WEB_CLIENT": "on",
        "S3_BUCKET": "uploads",
        "S3_ACCESS_KEY_ID": "stack",
        "S3_SECRET_ACCESS_KEY": secrets.token_urlsafe(32),
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_USE_TLS": "false",
        **addresses,
    }


@contextmanager
def running(
    name: str, command: tuple[str, ...], given: dict[str, str], folder: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process whose output goes to a file of its name. Ctrl-C reaches it through us alone."""
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def is_ready(port: int) -> bool:
    try:
        return (
            httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).status_code
            == httpx.codes.OK
        )
    except httpx.TransportError:
        return False


def wait_until(
    done: Callable[[], bool], processes: dict[str, "subprocess.Popen[bytes]"], folder: Path
) -> None:
    """Ends the program, with what the process said last, if one of them ends by itself."""
    while not done():
        for name, process in processes.items():
            if process.poll() is not None:
                said = (folder / f"{name}.log").read_text(errors="replace")[-LOG_SHOWN:]
                sys.exit(f"{name} ended with {process.returncode}:\n{said}")
        time.sleep(0.2)


if __name__ == "__main__":
    main()

"""What deploy/ holds is true of the code beside it: image, compose file, local stack."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from celery.bin.celery import celery
from django.core.management import get_commands, load_command_class

from pairly.management.commands.audit_environment import variables
from tests.checks import PRODUCTION
from tests.clients import Person
from tests.servers import ROOT
from tests.test_layers import linter

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yml").read_text())
OURS = {name: one for name, one in COMPOSE["services"].items() if "build" in one}
DOCKERFILE = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
OF_THE_IMAGE = [
    line.removeprefix("!")
    for line in (ROOT / ".dockerignore").read_text().splitlines()
    if line.startswith("!")
]
STACK_SECONDS_MAX = 180


def instructions(name: str) -> list[str]:
    return re.findall(rf"^(?:HEALTHCHECK .*)?{name} (.*)$", DOCKERFILE, re.MULTILINE)


def commands() -> list[list[str]]:
    """Of the image and of each service of ours."""
    of_image = [json.loads(line) for line in instructions("CMD")]
    return [*of_image, *(shlex.split(one["command"]) for one in OURS.values() if "command" in one)]


def test_every_variable_and_every_command_is_there() -> None:
    known = {one.name for one in variables()}
    of_image = {pair.partition("=")[0] for line in instructions("ENV") for pair in line.split()}
    assert of_image - {"PYTHONUNBUFFERED"} <= known
    asked = set(re.findall(r"os\.environ\['(\w+)'\]", DOCKERFILE))
    assert asked and asked <= known
    for service in OURS.values():
        assert set(service["environment"]) <= known
    for program, *arguments in commands():
        if program == "celery":
            assert arguments[:2] == ["-A", "pairly"]
            command = celery.commands[arguments[2]]
            command.make_parser(click.Context(command)).parse_args(arguments[3:])
        elif arguments[0] == "manage.py":
            command = load_command_class(get_commands()[arguments[1]], arguments[1])
            command.create_parser("manage.py", arguments[1]).parse_args(arguments[2:])
        else:
            compile(arguments[1], "HEALTHCHECK", "exec")
    assert {"migrate", "web1", "web2", "worker", "beat"} == set(OURS)
    scrape = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["scrape_configs"][0]
    (targets,) = (one["targets"] for one in scrape["static_configs"])
    assert targets == [f"{name}:8000" for name in OURS if name.startswith("web")]


def test_the_image_holds_the_code_and_nothing_else() -> None:
    assert set(linter()["root_packages"]) < set(OF_THE_IMAGE)
    assert all((ROOT / name).exists() for name in OF_THE_IMAGE)


@pytest.mark.ci
def test_what_the_image_holds_is_enough_to_build_and_to_start(tmp_path: Path) -> None:
    """Its own steps, but for those of pip, where a container would run them."""
    for name in OF_THE_IMAGE:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("tests", "__pycache__")
            shutil.copytree(source, tmp_path / name, ignore=ignored)
        else:
            shutil.copy(source, tmp_path / name)
    given = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for line in instructions("ENV"):
        given |= dict(pair.split("=") for pair in line.split())
    given["PAIRLY_DATA_DIR"] = str(tmp_path / "data")
    (collect,) = (line for line in instructions("RUN") if "manage.py" in line)
    run(collect, tmp_path, given)
    assert (tmp_path / "staticfiles" / "staticfiles.json").exists()
    of_operator = {name: value for name, value in PRODUCTION.items() if name != "PAIRLY_MODE"}
    given |= of_operator | {"PAIRLY_TRUSTED_PROXY_COUNT": "1"}
    given |= OURS["web1"]["environment"] | {"PAIRLY_DATA_DIR": str(tmp_path / "data")}
    run("python manage.py check --deploy --fail-level WARNING", tmp_path, given)


def run(command: str, folder: Path, given: dict[str, str]) -> None:
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.ci
def test_the_local_stack_is_production_and_ends_whole() -> None:
    """Two people at two web processes; the worker seals what they did."""
    stack = subprocess.Popen(
        [sys.executable, "-m", "deploy.stack"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert stack.stdout
    told: list[str] = []
    try:
        while not (told and told[-1].startswith("Ctrl-C")):
            told.append(stack.stdout.readline())
            assert told[-1], "".join(told)
        printed = "".join(told)
        here, there = re.findall(r"http://127\.0\.0\.1:\d+", printed)
        ava, ben = Person.register(here, "Ava"), Person.register(there, "Ben")
        hears = ben.socket()
        wish = {"client_id": "1", "to_user_id": ben.id, "kind": "text", "text": "Hello"}
        ava.socket().command("message.send", wish)
        assert hears.event("message.new")["data"]["message"]["text"] == "Hello"
        deadline = time.monotonic() + STACK_SECONDS_MAX
        while ava.call("GET", "ledger/head")["sequence"] < 3:
            assert time.monotonic() < deadline, "the worker seals nothing"
            time.sleep(0.1)
    finally:
        stack.send_signal(signal.SIGINT)
        rest, _nothing = stack.communicate(timeout=STACK_SECONDS_MAX)
    assert (stack.returncode, rest.splitlines()[-1]) == (0, "Nothing is left.")
    (processes,) = re.findall(r"^Processes +(.*)$", printed, re.MULTILINE)
    for pid in re.findall(r"\d{3,}", processes):
        assert not Path(f"/proc/{pid}").exists()
    for person in (ava, ben):
        person.close()

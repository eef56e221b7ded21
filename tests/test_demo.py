"""``manage.py demo`` plays its story against a real server, and notices when one misbehaves."""

import io
import subprocess
import sys

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from pairly.demo.script import CHAPTERS
from pairly.demo.story import Chapter, CheckFailed, Outcome, Story, expect, play
from tests.conftest import StartServer
from tests.mongod import free_port
from tests.servers import ROOT
from tests.sizes import servers


@pytest.mark.mongodb(from_ci=True)
@pytest.mark.parametrize("server", servers())
def test_every_step_passes(start_server: StartServer, server: str) -> None:
    # As people get it: rate limits are on, and no step may trip over them.
    running = start_server(server, {"PAIRLY_RATE_LIMITS": "on"})
    printed = running.do("demo", "--url", running.url)
    steps = sum(len(steps) for _name, steps in CHAPTERS)
    assert printed.count(Outcome.PASSED.value) == steps, printed
    assert f"{steps} steps: {steps} passed" in printed
    # The next one finds the same server as good as new.
    assert f"{steps} passed" in running.do("demo", "--url", running.url)


def test_no_server_is_said_in_a_sentence() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(CommandError, match=f"No server answers at {url}.*make run"):
        call_command("demo", "--url", url, stdout=io.StringIO())
    with pytest.raises(CommandError, match="No server answers"):
        call_command("demo", "--url", "http://[", stdout=io.StringIO())


def test_a_failing_step_fails_the_demo(
    live_server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lie(story: Story) -> str:
        """Two and two are five"""
        expect(2 + 2, 5, "the sum")
        return "never"

    def lean(story: Story) -> str:
        """Ben is there"""
        return story.ben.id

    chapters: tuple[Chapter, ...] = (("Sums", (lie, lean)),)
    monkeypatch.setattr("pairly.management.commands.demo.CHAPTERS", chapters)
    out = io.StringIO()
    with pytest.raises(CommandError, match="2 of the steps"):
        call_command("demo", "--url", live_server_url, stdout=out)
    lines = out.getvalue().splitlines()
    assert "  ✗ Two and two are five  the sum: 5 was expected, 4 came" in lines
    assert any(line.startswith("  – Ben is there") for line in lines)
    assert lines[-1] == "2 steps: 1 failed, 1 skipped"


def test_a_check_that_is_wrong_about_its_answer_is_a_failure_too() -> None:
    def misread(story: Story) -> str:
        """An answer has the wanted field"""
        answer: dict[str, str] = {}
        return answer["missing"]

    def give_up(story: Story) -> str:
        """Something else is wrong"""
        raise CheckFailed("so it is")

    outcomes = [step.outcome for step in play(Story("http://x"), (("A", (misread, give_up)),))]
    assert outcomes == [Outcome.FAILED, Outcome.FAILED]


def test_the_demo_imports_nothing_of_the_server() -> None:
    code = (
        "import sys, pairly.demo.script; "
        "print([m for m in sys.modules if m.partition('.')[0] in "
        "('django', 'rest_framework', 'channels', 'payments', 'messaging') "
        "or m.startswith('pairly.') and not m.startswith('pairly.demo')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

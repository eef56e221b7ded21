"""What the README tells people to type works, and what the documents link to is there."""

import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import StartServer
from tests.servers import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_ten_lines_of_the_readme(start_server: StartServer) -> None:
    server = start_server()
    server.manage("seed_demo")
    (script,) = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    script = script.replace("http://localhost:8000", server.url)
    script = script.replace("ws://localhost:8000", server.socket_url)
    script = script.replace(".venv/bin/python", sys.executable)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for told in ('"text":"Hello!"', '"available":499', '"type":"ready"'):
        assert told in done.stdout, f"{told} is missing in:\n{done.stdout}"
    assert '"type":"ack"' in done.stdout and '"message.new"' in done.stdout


def test_links_between_documents_lead_somewhere() -> None:
    missing = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in DOCUMENTS
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
        if not (document.parent / target).exists()
    ]
    assert missing == []


def test_the_files_that_documents_name_exist() -> None:
    named = {
        (document, path)
        for document in DOCUMENTS
        for path in re.findall(
            r"`((?:pairly|tests|bench|deploy|payments|messaging)/[\w/.]+)`", document.read_text()
        )
    }
    assert named
    missing = [
        f"{document.relative_to(ROOT)}: {path}"
        for document, path in sorted(named)
        if not (ROOT / Path(path)).exists()
    ]
    assert missing == []

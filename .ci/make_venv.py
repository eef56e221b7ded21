"""Make the virtual environment, also where Debian's python3-venv is not installed.

``python3 .ci/make_venv.py FOLDER``. Without ``ensurepip`` the environment gets its pip from the
pip of the system, or else from one wheel of known content.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import urllib.request
import venv
from pathlib import Path

PIP_URL = (
    "https://files.pythonhosted.org/packages/44/3c/"
    "d717024885424591d5376220b5e836c2d5293ce2011523c9de23ff7bf068/pip-25.3-py3-none-any.whl"
)
PIP_SHA256 = "9655943313a94722b7774661c21049070f6bbb0a1516bf02f7c8d5d9201514cd"
HINT = "Install it yourself (apt-get install python3-venv), then run make again."


def main(folder: Path) -> None:
    if sys.version_info < (3, 11):
        sys.exit("Pairly needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ...")
    python = folder / "bin" / "python"
    if runs(python, "-m", "pip", "--version"):
        return
    if has_ensurepip():
        venv.create(folder, with_pip=True)
        return
    venv.create(folder, with_pip=False)
    system_pip = (sys.executable, "-m", "pip", "--python", str(python), "install", "pip")
    if not runs(*system_pip):
        install_pip_wheel(python)


def has_ensurepip() -> bool:
    return runs(sys.executable, "-m", "ensurepip", "--version")


def runs(*command: str | Path) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def install_pip_wheel(python: Path) -> None:
    """A wheel is a zip that Python can run, so pip installs itself."""
    try:
        with urllib.request.urlopen(os.environ.get("PIP_WHEEL_URL", PIP_URL)) as answer:
            content = answer.read()
    except OSError as error:
        sys.exit(f"There is no python3-venv here, and pip cannot be fetched: {error}. {HINT}")
    if hashlib.sha256(content).hexdigest() != PIP_SHA256:
        sys.exit(f"There is no python3-venv here, and the pip fetched is not pip 25.3. {HINT}")
    with tempfile.TemporaryDirectory() as temporary:
        wheel = Path(temporary) / "pip-25.3-py3-none-any.whl"
        wheel.write_bytes(content)
        install = [python, wheel / "pip", "install", "--no-index", wheel]
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

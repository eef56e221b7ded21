"""An arrow only points down: what import-linter cannot see, foreign keys, and what it must."""

import tomllib
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models

ROOT = Path(__file__).resolve().parent.parent
OUR_ROOTS = ("pairly", "payments", "messaging", "calling", "presence", "analytics", "notifications")


def linter() -> dict[str, Any]:
    loaded: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    settings_of_linter: dict[str, Any] = loaded["tool"]["importlinter"]
    return settings_of_linter


def layers() -> list[list[str]]:
    """Each layer's modules, the highest layer first."""
    (contract,) = (c for c in linter()["contracts"] if c["type"] == "layers")
    separators = str.maketrans(dict.fromkeys("|:()", " "))
    return [line.translate(separators).split() for line in contract["layers"]]


def layer_of(package: str) -> int:
    """A part of an app lies in that app's layer."""
    found = [number for number, modules in enumerate(layers()) if package in modules]
    if not found and not package.startswith("pairly."):
        return layer_of(package.partition(".")[0])
    (layer,) = found
    return layer


def our_apps() -> list[str]:
    names = [config.name for config in apps.get_app_configs()]
    return [name for name in names if name.split(".")[0] in OUR_ROOTS and name != "pairly"]


def test_every_app_and_every_part_of_the_project_has_its_layer() -> None:
    placed = {module for layer in layers() for module in layer}
    parts = {path for path in (ROOT / "pairly").iterdir() if not path.name.startswith("__")}
    names = {f"pairly.{path.stem}" for path in parts if path.suffix == ".py" or path.is_dir()}
    starters = {"pairly.settings", "pairly.wsgi", "pairly.tests"}
    for app in our_apps():
        layer_of(app)
    assert names - starters - placed == set()


def test_every_top_level_package_is_linted() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert packages == set(linter()["root_packages"])


def test_foreign_keys_point_down() -> None:
    upward = []
    for app in our_apps():
        for model in apps.get_app_config(app.split(".")[-1]).get_models():
            for field in model._meta.concrete_fields:
                target = foreign_app(field)
                if target and target != app and layer_of(target) <= layer_of(app):
                    upward.append(f"{app}: {model.__name__}.{field.name} -> {target}")
    assert upward == []


def foreign_app(field: "models.Field[Any, Any]") -> str | None:
    """The app of ours that a key points to; keys to the person are allowed everywhere."""
    target = field.related_model
    if not isinstance(target, type) or target._meta.label == settings.AUTH_USER_MODEL:
        return None
    name = str(target._meta.app_config.name)
    return name if name in our_apps() else None


def test_keys_are_the_documents_own_on_mongodb() -> None:
    wrong = [
        model.__name__
        for app in our_apps()
        for model in apps.get_app_config(app.split(".")[-1]).get_models()
        if not model._meta.proxy and model._meta.pk.column != "_id"
    ]
    assert wrong == []

"""Our code keeps to the ORM that both databases get right."""

from pathlib import Path

import pytest

from tests.orm_forms import scan

ROOT = Path(__file__).resolve().parent.parent

# The few files that know one database or both, and what each may do for that.
ALLOWED = {
    "pairly/core/db.py": {"transaction"},
    "pairly/core/estimates.py": {"cursor"},
    "pairly/core/table.py": {"cursor"},
    "pairly/core/appendonly.py": {"cursor"},
    # Django's own groups and permissions come with the person.
    "pairly/accounts/migrations/0001_initial.py": {"ManyToManyField"},
}


def our_files() -> list[Path]:
    """Every module of ours, tests and tools apart."""
    packages = [path.parent for path in ROOT.glob("*/__init__.py")]
    found = [path for package in packages for path in package.rglob("*.py")]
    tools = {"tests", "bench"}
    paths = [path.relative_to(ROOT) for path in found]
    return [path for path in paths if not tools & set(path.parts)]


def test_no_form_that_mongodb_gets_wrong() -> None:
    files = our_files()
    assert len(files) > 50
    findings = [
        str(finding)
        for path in files
        for finding in scan((ROOT / path).read_text(), path)
        if finding.form not in ALLOWED.get(path.as_posix(), ())
    ]
    assert not findings, "\n".join(findings)


@pytest.mark.parametrize(
    ("form", "source"),
    [
        ("iexact", "User.objects.filter(email__iexact=email)"),
        ("sliced subquery", "A.objects.filter(b__in=B.objects.order_by('at')[:5])"),
        ("sliced subquery", "rows = B.objects.all()\nA.objects.filter(b__in=rows[:5])"),
        ("sliced subquery", "rows = B.objects.filter(x=1)[:5]\nA.objects.filter(b__in=rows)"),
        ("FilteredRelation", "from django.db.models import FilteredRelation"),
        ("FilteredRelation", "A.objects.annotate(b=models.FilteredRelation('b'))"),
        ("select_for_update", "A.objects.select_for_update().get(pk=1)"),
        ("ignore_conflicts", "A.objects.bulk_create(rows, ignore_conflicts=True)"),
        ("update_conflicts", "A.objects.bulk_create(rows, update_conflicts=True)"),
        ("raw", "A.objects.raw('SELECT 1')"),
        ("extra", "A.objects.extra(where=['1'])"),
        ("cursor", "with connection.cursor() as cursor: pass"),
        ("RawSQL", "from django.db.models.expressions import RawSQL"),
        ("RunSQL", "migrations.RunSQL('SELECT 1')"),
        ("ManyToManyField", "friends = models.ManyToManyField('self')"),
        ("m2m prefetch", "User.objects.prefetch_related('groups')"),
        ("db_default", "at = models.DateTimeField(db_default=1)"),
        ("auto_now_add", "at = models.DateTimeField(auto_now_add=True)"),
        ("auto_now", "at = models.DateTimeField(auto_now=True)"),
        ("Now", "from django.db.models.functions import Now"),
        ("Window", "from django.db.models import Window"),
        ("ExtractQuarter", "from django.db.models.functions import ExtractQuarter"),
        ("TruncDate", "from django.db.models.functions import TruncDate"),
        ("intersection", "A.objects.filter(x=1).intersection(others)"),
        ("difference", "ours = A.objects.all()\nours.difference(others)"),
        ("joined write", "A.objects.filter(owner__name='x').update(y=1)"),
        ("joined write", "old = A.objects.filter(owner__name='x')\nold.delete()"),
        ("subquery in a write", "A.objects.filter(b__in=B.objects.filter(x=1)).delete()"),
        ("transaction", "from django.db import transaction"),
        ("transaction", "from django.db.transaction import atomic"),
        ("transaction", "import django_mongodb_backend.transaction"),
    ],
)
def test_the_scanner_finds_each_form(form: str, source: str) -> None:
    assert [finding.form for finding in scan(source, Path("sample.py"))] == [form]


@pytest.mark.parametrize(
    "source",
    [
        "A.objects.filter(pk__in=list(B.objects.values_list('pk', flat=True)[:5]))",
        "ids = [1, 2, 3]\nA.objects.filter(pk__in=ids[:2])",
        "keys = list(B.objects.all())\nA.objects.filter(pk__in=keys[:2]).delete()",
        "A.objects.filter(b__in=B.objects.filter(x=1))",
        "A.objects.filter(at__lte=now, pk__in=ids).update(state='done')",
        "known.difference(others)",
        "values = {'a': 1}\nvalues.update(b=2)",
        "log.info('x', extra={'a': 1})",
        "A.objects.bulk_create(rows, ignore_conflicts=False)",
        "from django.db import connections, models",
    ],
)
def test_the_scanner_leaves_what_looks_alike(source: str) -> None:
    assert scan(source, Path("sample.py")) == []

"""Aggregation pipelines put into the order in which mongod can use an index.

Pure functions from a pipeline to an equal one; stages are dictionaries with one key.
"""

from collections.abc import Collection
from typing import Any

Stage = dict[str, Any]
Pipeline = list[Stage]


def without_idle_fields(pipeline: Pipeline) -> Pipeline:
    """``{$addFields: {at: "$at"}}`` before ``$sort`` does nothing, yet keeps mongod from sorting
    by an index."""
    kept: Pipeline = []
    for position, stage in enumerate(pipeline):
        if "$addFields" in stage and _kind(pipeline, position + 1) == "$sort":
            fields = {k: v for k, v in stage["$addFields"].items() if v != f"${k}"}
            if not fields:
                continue
            stage = {"$addFields": fields}
        kept.append(stage)
    return kept


def with_plain_membership(pipeline: Pipeline) -> Pipeline:
    """``{$expr: {$in: ["$a", [...]]}}``, as prefetch_related writes it, uses no index."""
    return [_plain_membership(stage) for stage in pipeline]


def _plain_membership(stage: Stage) -> Stage:
    match = stage.get("$match")
    if not match or set(match) != {"$expr"}:
        return stage
    expression = match["$expr"]
    if not isinstance(expression, dict) or set(expression) != {"$in"}:
        return stage
    column, values = expression["$in"]
    if not _is_column(column) or not isinstance(values, list | tuple):
        return stage
    if any(isinstance(value, dict | list) or _is_column(value) for value in values):
        return stage
    return {"$match": {column[1:]: {"$in": list(values)}}}


def _is_column(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("$") and not value.startswith("$$")


def sorted_before_project(pipeline: Pipeline) -> Pipeline:
    """Sort and slice before a ``$project`` that keeps the sort keys as they are."""
    for start, stage in enumerate(pipeline):
        if "$project" not in stage or _kind(pipeline, start + 1) != "$sort":
            continue
        project = stage["$project"]
        if not all(project.get(key) in (1, f"${key}") for key in pipeline[start + 1]["$sort"]):
            return pipeline
        end = start + 2
        while _kind(pipeline, end) in ("$skip", "$limit"):
            end += 1
        return [*pipeline[:start], *pipeline[start + 1 : end], stage, *pipeline[end:]]
    return pipeline


def joined_after_slice(pipeline: Pipeline, joins: Pipeline) -> Pipeline:
    """Move leading joins behind the rest when nothing in the rest reads what they bring."""
    if pipeline[: len(joins)] != joins:
        return pipeline
    rest = pipeline[len(joins) :]
    aliases = {stage["$lookup"]["as"] for stage in joins if "$lookup" in stage}
    return pipeline if _reads(rest, aliases) else rest + joins


def _reads(part: Any, aliases: Collection[str]) -> bool:
    if isinstance(part, str):
        return part.lstrip("$").split(".")[0] in aliases
    if isinstance(part, dict):
        return any(_reads(key, aliases) or _reads(value, aliases) for key, value in part.items())
    if isinstance(part, list | tuple):
        return any(_reads(value, aliases) for value in part)
    return False


def _kind(pipeline: Pipeline, position: int) -> str | None:
    return next(iter(pipeline[position])) if position < len(pipeline) else None

"""The backend's compilers, building pipelines that can use indexes and errors that are Django's."""

from typing import Any

from django.db import DatabaseError
from django.db.models.sql.datastructures import Join
from django_mongodb_backend import compiler as stock
from django_mongodb_backend.query import MongoQuery
from pymongo.errors import BulkWriteError

from pairly.mongodb import pipelines

__all__ = [
    "SQLAggregateCompiler",
    "SQLCompiler",
    "SQLDeleteCompiler",
    "SQLInsertCompiler",
    "SQLUpdateCompiler",
]


class Query(MongoQuery):  # type: ignore[misc]
    def get_pipeline(self) -> list[dict[str, Any]]:
        pipeline = pipelines.without_idle_fields(super().get_pipeline())
        pipeline = pipelines.with_plain_membership(pipeline)
        if not self.aggregation_pipeline and not self.combinator_pipeline:
            pipeline = pipelines.sorted_before_project(pipeline)
            if self._joins_may_wait():
                pipeline = pipelines.joined_after_slice(pipeline, self.lookup_pipeline)
        return pipeline

    def _joins_may_wait(self) -> bool:
        """Whether the slice may come before the joins: they neither drop nor multiply rows, and
        nothing else of the query is built upon their place."""
        if not self.lookup_pipeline or self.query.high_mark is None:
            return False
        if self.subqueries or self.project_fields or self.subquery_lookup or self.search_pipeline:
            return False
        fields: list[Any] = [
            join.join_field
            for alias, join in self.query.alias_map.items()
            if isinstance(join, Join) and self.query.alias_refcount[alias]
        ]
        return all(field.many_to_one or field.one_to_one for field in fields)


class SQLCompiler(stock.SQLCompiler):  # type: ignore[misc]
    query_class = Query


class SQLInsertCompiler(stock.SQLInsertCompiler):  # type: ignore[misc]
    query_class = Query

    def insert(self, docs: Any, returning_fields: Any = None) -> Any:
        """Stock lets a refusal by the collection's validator through as the driver's error."""
        try:
            return super().insert(docs, returning_fields=returning_fields)
        except BulkWriteError as error:
            raise DatabaseError(str(error)) from error


class SQLDeleteCompiler(stock.SQLDeleteCompiler):  # type: ignore[misc]
    query_class = Query


class SQLUpdateCompiler(stock.SQLUpdateCompiler):  # type: ignore[misc]
    query_class = Query


class SQLAggregateCompiler(stock.SQLAggregateCompiler):  # type: ignore[misc]
    query_class = Query

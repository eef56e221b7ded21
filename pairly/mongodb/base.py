"""The connection: stock, but for how a transaction ends and where queries are compiled."""

import time
from typing import Any

from django.db import DatabaseError
from django_mongodb_backend import base, operations
from pymongo.errors import PyMongoError

from pairly.mongodb.indexes import repair_unique_indexes

COMMIT_ATTEMPTS_MAX = 6
COMMIT_PAUSE_SECONDS = 0.05

repair_unique_indexes()


class DatabaseOperations(operations.DatabaseOperations):  # type: ignore[misc]
    compiler_module = "pairly.mongodb.compiler"


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]
    """When a commit fails, stock 5.2.4 raises a raw pymongo error and keeps the dead session, so
    that the thread's next block runs without a transaction. Here the session always goes."""

    ops_class = DatabaseOperations
    session: Any  # pymongo's ClientSession, or None outside of a block
    run_on_commit: list[Any]

    def start_transaction_mongo(self) -> None:
        try:
            super().start_transaction_mongo()
        except PyMongoError as error:
            self._forget_transaction()
            raise DatabaseError(str(error)) from error

    def commit_mongo(self) -> None:
        """Commit and run the hooks. Raises ``DatabaseError``, its cause the driver's error."""
        try:
            if self.session is not None:
                self._commit_session()
        except PyMongoError as error:
            self._forget_transaction()
            raise DatabaseError(str(error)) from error
        except BaseException:
            self._forget_transaction()
            raise
        if self.session is not None:
            self._end_session()
        self.run_and_clear_commit_hooks()

    def rollback_mongo(self) -> None:
        """Abort. The server drops a transaction it cannot hear about by itself, so a failure to
        tell it is no failure of the caller, who already holds the error that led here."""
        try:
            if self.session is not None and self.session.in_transaction:
                self.session.abort_transaction()
        except PyMongoError:
            base.logger.warning("a transaction could not be aborted", exc_info=True)
        finally:
            self._forget_transaction()

    def _commit_session(self) -> None:
        """A commit whose result is unknown is sent again as a commit, which is idempotent; the
        block itself must not run twice, since the first commit may have happened."""
        for attempt in range(1, COMMIT_ATTEMPTS_MAX + 1):
            try:
                self.session.commit_transaction()
            except PyMongoError as error:
                unknown = error.has_error_label("UnknownTransactionCommitResult")
                if not unknown or attempt == COMMIT_ATTEMPTS_MAX:
                    raise
                time.sleep(COMMIT_PAUSE_SECONDS * 2**attempt)
            else:
                return

    def _forget_transaction(self) -> None:
        session: Any = self.session
        self.session, self.run_on_commit = None, []
        if session is not None:
            try:
                session.end_session()
            except PyMongoError:
                base.logger.warning("a session could not be ended", exc_info=True)

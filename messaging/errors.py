"""What messaging refuses."""

from pairly.core.errors import Conflict

__all__ = ["ClientIdConflict"]


class ClientIdConflict(Conflict):
    code = "client_id_conflict"
    title = "This client_id was used for another message."

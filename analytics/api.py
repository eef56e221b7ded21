"""REST routes of analytics that are everybody's."""

from dataclasses import asdict

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.arrivals import Arrival, look_at
from analytics.people import is_counted
from analytics.serializers import EventsSerializer, TakenSerializer
from analytics.services.ingest import Taken, ingest
from pairly.accounts.platforms import platform_of
from pairly.core import clock
from pairly.core.batching import events_writer

__all__ = ["EventList"]


class EventList(APIView):
    body_bytes_max = settings.ANALYTICS_BODY_BYTES_MAX

    @extend_schema(request=EventsSerializer, responses={202: TakenSerializer})
    def post(self, request: Request) -> Response:
        """Tell what this person did, up to 500 events at once.

        Each has an id of the client's own; sent again, it is a duplicate and changes nothing. A bad
        event is named in `rejected` and spoils no other. Events of staff and of test people are
        looked at and not kept.
        """
        values = EventsSerializer.checked(request)
        arrival = look_at(
            user_id=request.user.pk,
            events=values["events"],
            sent_at=values.get("sent_at"),
            platform=platform_of(request.META.get("HTTP_USER_AGENT", "")),
            now=clock.now(),
        )
        taken = _taken(arrival) if is_counted(request.user) else _only_seen(arrival)
        rejected = [asdict(one) for one in arrival.rejected]
        answer = {"accepted": taken.accepted, "duplicate": taken.repeated, "rejected": rejected}
        return Response(answer, status=202)


def _taken(arrival: Arrival) -> Taken:
    taken: Taken = events_writer.call(ingest, arrival)
    return taken


def _only_seen(arrival: Arrival) -> Taken:
    return Taken(len(arrival.rows), arrival.repeated)

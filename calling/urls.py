"""Routes of calling below ``/api/v1/``."""

from django.urls import path

from calling.api import (
    CallAccept,
    CallCancel,
    CallDecline,
    CallDetail,
    CallEnd,
    CallIceServers,
    CallJoin,
    CallList,
    CallQuality,
    CallStatistics,
)
from calling.staff_api import (
    EndCallView,
    FlagCallView,
    LiveCallsView,
    RefundCallView,
    StaffCallsExportView,
    StaffCallsStatisticsView,
    StaffCallsView,
    StaffCallView,
)

urlpatterns = [
    path("calls", CallList.as_view()),
    path("calls/statistics", CallStatistics.as_view()),
    path("calls/<uuid:call_id>", CallDetail.as_view()),
    path("calls/<uuid:call_id>/accept", CallAccept.as_view()),
    path("calls/<uuid:call_id>/decline", CallDecline.as_view()),
    path("calls/<uuid:call_id>/cancel", CallCancel.as_view()),
    path("calls/<uuid:call_id>/end", CallEnd.as_view()),
    path("calls/<uuid:call_id>/join", CallJoin.as_view()),
    path("calls/<uuid:call_id>/ice-servers", CallIceServers.as_view()),
    path("calls/<uuid:call_id>/quality", CallQuality.as_view()),
    path("staff/calls", StaffCallsView.as_view(), name="staff-calls"),
    path("staff/calls/live", LiveCallsView.as_view(), name="staff-calls-live"),
    path(
        "staff/calls/statistics", StaffCallsStatisticsView.as_view(), name="staff-calls-statistics"
    ),
    path("staff/calls/export", StaffCallsExportView.as_view(), name="staff-calls-export"),
    path("staff/calls/<uuid:call_id>", StaffCallView.as_view(), name="staff-call"),
    path("staff/calls/<uuid:call_id>/end", EndCallView.as_view(), name="staff-end-call"),
    path("staff/calls/<uuid:call_id>/refund", RefundCallView.as_view(), name="staff-refund-call"),
    path("staff/calls/<uuid:call_id>/flag", FlagCallView.as_view(), name="staff-flag-call"),
]

"""``/api/v1/notifications/devices``: where a person is pushed to."""

from uuid import UUID

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.push import selectors, services
from notifications.push.serializers import PushDeviceSerializer, RegisterDeviceSerializer

__all__ = ["PushDeviceView", "PushDevicesView"]

PUSH_DEVICE_LIST = inline_serializer(
    "PushDeviceList",
    {"results": PushDeviceSerializer(many=True), "next": serializers.CharField(allow_null=True)},
)


@extend_schema(tags=["notifications"])
class PushDevicesView(APIView):
    @extend_schema(operation_id="push_devices_list", responses=PUSH_DEVICE_LIST)
    def get(self, request: Request) -> Response:
        """Where one is pushed to, over all sign-ins."""
        devices = selectors.devices_of_one(request.user.pk)
        context = {"sign_in_id": request.auth.pk}
        shown = PushDeviceSerializer(devices, many=True, context=context).data
        return Response({"results": shown, "next": None})

    @extend_schema(
        operation_id="push_devices_register",
        request=RegisterDeviceSerializer,
        responses={201: PushDeviceSerializer, 200: PushDeviceSerializer},
    )
    def post(self, request: Request) -> Response:
        """Register the address of this device: 201, and 200 when it is known. Do it at each start
        of the app. It ends with the sign-in."""
        values = RegisterDeviceSerializer.checked(request)
        device, is_new = services.register_device(
            user_id=request.user.pk,
            sign_in_id=request.auth.pk,
            provider=values["provider"],
            address=values["token"],
            **values.get("keys", {}),
        )
        shown = PushDeviceSerializer(device, context={"sign_in_id": request.auth.pk}).data
        return Response(shown, status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)


@extend_schema(tags=["notifications"])
class PushDeviceView(APIView):
    @extend_schema(operation_id="push_devices_remove", responses={204: None})
    def delete(self, request: Request, device_id: UUID) -> Response:
        """Push there no more."""
        services.remove_device(user_id=request.user.pk, device_id=device_id)
        return Response(status=status.HTTP_204_NO_CONTENT)

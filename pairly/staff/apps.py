from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig

STAFF_SITE = "pairly.staff.site.StaffSite"


class AdminConfig(DjangoAdminConfig):
    default_site = STAFF_SITE


class StaffConfig(AppConfig):
    name = "pairly.staff"
    label = "staff"

"""Django's own apps with the key type that MongoDB has. Their configs fix an integer key by
themselves, so that the DEFAULT_AUTO_FIELD setting does not reach them."""

from django.contrib.admin import apps as admin
from django.contrib.auth import apps as auth
from django.contrib.contenttypes import apps as contenttypes

OBJECT_ID = "django_mongodb_backend.fields.ObjectIdAutoField"


class AdminConfig(admin.AdminConfig):
    default_auto_field = OBJECT_ID
    default_site = "pairly.staff.site.StaffSite"  # as pairly.staff.apps has it for SQLite


class AuthConfig(auth.AuthConfig):
    default_auto_field = OBJECT_ID


class ContentTypesConfig(contenttypes.ContentTypesConfig):
    default_auto_field = OBJECT_ID

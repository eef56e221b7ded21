"""The pages of what lies below the staff site. Apps above that register their own."""

from django.contrib import admin

from pairly.accounts.models import User
from pairly.staff.pages.users import UserAdmin

admin.site.register(User, UserAdmin)

from pairly.mongodb.migrations import mount

__path__ = mount(__name__, "django.contrib.admin.migrations")

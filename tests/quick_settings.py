"""Settings of the servers that tests start: Pairly's own, except that passwords are hashed quickly.

A hash that is safe takes a fifth of a second of a core, and each story registers people.
"""

from pairly.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

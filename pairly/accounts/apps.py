from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "pairly.accounts"
    label = "accounts"

    def ready(self) -> None:
        from pairly.accounts import export_parts, exports, handlers
        from pairly.accounts.events import MailRequested, UserDeleted
        from pairly.outbox.services import subscribe

        subscribe(MailRequested, handlers.send_mails)
        subscribe(UserDeleted, handlers.remove_photos_of_the_deleted)
        for name, part in export_parts.PARTS.items():
            exports.register(name, part)

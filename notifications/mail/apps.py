from django.apps import AppConfig
from django.core.checks import Tags, register


class MailConfig(AppConfig):
    name = "notifications.mail"
    verbose_name = "Mails"

    def ready(self) -> None:
        from notifications import channels
        from notifications.mail.checks import check_mail_settings
        from notifications.mail.sender import MailSender

        channels.register(MailSender())
        register(check_mail_settings, "notifications", Tags.security)

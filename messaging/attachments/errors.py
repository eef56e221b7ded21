"""What attachments refuse."""

from pairly.core.errors import PairlyError, RateLimited

__all__ = ["AttachmentTooLarge", "AttachmentTypeUnsupported", "UploadsExhausted"]


class AttachmentTooLarge(PairlyError):
    code = "payload_too_large"
    status = 413
    title = "The file is too large."


class AttachmentTypeUnsupported(PairlyError):
    code = "unsupported_media_type"
    status = 415
    title = "Files of this type cannot be sent."


class UploadsExhausted(RateLimited):
    title = "No more can be uploaded today."

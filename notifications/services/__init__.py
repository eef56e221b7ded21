"""The writes of notifications."""

"""The writes of messaging, by noun."""

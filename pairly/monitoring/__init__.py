"""Watching the whole: what is measured by the clock, and which of it raises an alert."""

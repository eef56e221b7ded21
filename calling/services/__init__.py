"""What is done with calls, each in one transaction."""

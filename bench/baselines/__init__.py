"""What Pairly is measured against: the same task done the stock way."""

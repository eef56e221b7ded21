"""Measurements of Pairly against what it is compared with; ``docs/benchmarks.md`` explains them."""

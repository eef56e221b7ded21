"""Providers on the loopback, for the gateways that speak HTTP.

They answer what the real ones are documented to answer, out of the mock's books, and have bad days
on request. What they show is that our side and the providers' own libraries fit that; whether the
providers keep to it only a trial with their test keys shows.
"""

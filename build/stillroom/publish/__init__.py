"""Publish: a checked site goes to a host; one module a destination."""

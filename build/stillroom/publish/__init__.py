"""Publish: a checked site goes to a host; one module a destination.

`files` says what is published and refuses what is not ready. Nothing comes after this.
"""

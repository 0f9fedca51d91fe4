"""Render: articles and stored results come in, the files of `site/` go out; next is `check`.

Imports no torch. The same input gives the same bytes.
"""

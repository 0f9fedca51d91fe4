"""Media: arrays, charts and weights come in from recipes, files go out as bytes; next is the store.

The same input gives the same bytes. Raise `kinds.MEDIA_VERSION` when an encoder's output changes.
"""

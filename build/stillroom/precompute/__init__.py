"""Precompute: articles come in, stale steps run, results go into `assets/`; next is `render`.

Only a worker imports torch. Only the coordinator writes the store.
"""

"""Source: article folders come in, checked `Article`s go out; next is `precompute`.

Nothing here imports torch or a recipe: whether a recipe exists is the plan's question.
"""

"""Dreams and maps: what a whole network sees in pictures, and what its weights look like.

Photographs go in. Out come photographs changed to please a layer (`deep_dream`, `dream_jitter`),
pictures of activations laid out by place (`activation_grid`) and by likeness (`activation_atlas`),
what pasting one of them does (`patch_paste`), and weights themselves (`hinton_digits`).
"""

"""Adversarial examples: attacks, evaluation, and what networks learn from them."""

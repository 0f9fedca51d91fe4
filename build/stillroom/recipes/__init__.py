"""The technique library: one module a technique, grouped by family. Nothing is imported here."""

"""Checkpoints of `fairseq-train`: loaded with their data, and exported."""

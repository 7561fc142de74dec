"""Checkpoints: safe loading, and the names of foreign formats."""

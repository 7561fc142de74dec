"""Classify text in Python."""

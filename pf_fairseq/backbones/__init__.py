"""Backbones: only what differs between them."""

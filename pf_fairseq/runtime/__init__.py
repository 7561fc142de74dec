"""The early-exit forward that training never sees, and the archive that carries it."""

"""A split run once at full depth, by a checkpoint or by an archive."""

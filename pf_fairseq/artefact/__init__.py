"""Archives: what they hold and say of themselves, saved, loaded and checked; no fairseq."""

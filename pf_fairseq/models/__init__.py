"""fairseq models with exits."""

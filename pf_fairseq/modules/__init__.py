"""The mathematics: tensors in, tensors out, scriptable, no fairseq."""

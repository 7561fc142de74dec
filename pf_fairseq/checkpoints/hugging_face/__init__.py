"""Hugging Face folders of BERT, RoBERTa and ALBERT, read and written."""

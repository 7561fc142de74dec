"""Text in, fairseq data sets out: tokenizers, GLUE and own TSV files, and what a data-bin says."""

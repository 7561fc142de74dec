"""Entry point of `fairseq-train --user-dir user_dir`: makes our names known, nothing else."""

from pf_fairseq.registration import register

register()

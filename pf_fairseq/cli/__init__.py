"""The sub-commands of `pf-fairseq`, one thin file each."""

"""The list of backbones: a new one is a file of its own and a line here."""

from pf_fairseq.backbones.albert import ALBERT
from pf_fairseq.backbones.bert import BERT
from pf_fairseq.backbones.description import BackboneDescription
from pf_fairseq.backbones.mpnet import MPNET
from pf_fairseq.backbones.roberta import ROBERTA

BACKBONES: dict[str, BackboneDescription] = {
    description.name: description for description in (ROBERTA, BERT, ALBERT, MPNET)
}


def titles(conjunction: str) -> str:
    """What the backbones are called, as a list in a sentence: `A, B or C`."""
    names = [description.title for description in BACKBONES.values()]
    return f"{', '.join(names[:-1])} {conjunction} {names[-1]}"

"""Methods of early exit: what an exit is, how it learns, and how it runs."""

from pf_fairseq.methods.method import Losses, LossOptions, Method, TrainingStage
from pf_fairseq.methods.past_future import PastFutureMethod

METHODS: dict[str, Method] = {method.name: method for method in (PastFutureMethod(),)}

__all__ = ["METHODS", "LossOptions", "Losses", "Method", "TrainingStage"]

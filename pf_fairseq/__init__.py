"""Sentence classifiers that exit early: train with fairseq, serve with libtorch."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pf_fairseq.serving.classifier import EarlyExitClassifier, Prediction

from pf_fairseq.threads import use_threads

__all__ = ["EarlyExitClassifier", "Prediction", "use_threads"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: commands that only read text need not wait for torch.
    if name in __all__:
        from pf_fairseq.serving import classifier

        return getattr(classifier, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

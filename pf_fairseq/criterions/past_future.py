"""The criterion `past_future`: layer-weighted cross entropy plus imitation, Eq. (13)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from fairseq.criterions import FairseqCriterion, register_criterion
from fairseq.dataclass import FairseqDataclass
from fairseq.logging import metrics
from omegaconf import II
from torch import Tensor

from pf_fairseq.backbones.catalogue import BACKBONES
from pf_fairseq.criterions.labels import check_classes
from pf_fairseq.criterions.scores import pack_scores, unpack_scores
from pf_fairseq.exiting.curve import accuracy_at_speedup
from pf_fairseq.exiting.policy import PolicyScores, checked_layers, score_exits
from pf_fairseq.methods import LossOptions
from pf_fairseq.modules.policies import build_policy
from pf_fairseq.modules.policy_description import PolicyDescription

LOGGED_SPEEDUPS = (2, 3)
TURNED = PolicyDescription("turned", "score", sign=-1, never=-math.inf)  # of gathered scores


@dataclass
class PastFutureCriterionConfig(FairseqDataclass):
    """Flags of the criterion, and what it needs to know of others."""

    imitation_weight: float = field(
        default=1.0, metadata={"help": "weight of the imitation loss; 0 turns it off"}
    )
    layer_weight_power: float = field(
        default=1.0,
        metadata={"help": "p of w_i = i^p / sum_j j^p, the weight of exit i's cross entropy"},
    )
    distillation: float = field(
        default=0.0,
        metadata={
            "help": "share of each earlier exit's loss that it takes from the last exit's "
            "probabilities in place of the label"
        },
    )
    classification_head_name: str = field(
        default="sentence_classification_head",
        metadata={"help": "name under which the exits are kept"},
    )
    # fairseq's task reads this field of every criterion; a model with exits cannot serve it.
    regression_target: bool = field(
        default=False, metadata={"help": "not supported: exits classify"}
    )
    train_subset: str = II("dataset.train_subset")
    valid_subset: str = II("dataset.valid_subset")


@register_criterion("past_future", dataclass=PastFutureCriterionConfig)
class PastFutureCriterion(FairseqCriterion):
    """Eq. (13), with a weight for the imitation term, summed over the sentences of a batch.

    Self-distillation among the exits, off by default, is not in the paper.

    Training logs `loss` and its two parts, in nats a sentence. Validation also logs the accuracy
    of every exit, `accuracy` (the last exit's) and `accuracy_at_2x`, `accuracy_at_3x`: those of
    early exits whose threshold is chosen on that very set; all in per cent.

    Args:
        cfg: the flags.
        task: fairseq's `sentence_prediction` task.

    Raises:
        SystemExit: for a regression target, flags out of range, or labels that `--num-classes`
            does not cover.
    """

    def __init__(self, cfg: PastFutureCriterionConfig, task: Any) -> None:
        super().__init__(task)
        if cfg.regression_target:
            raise SystemExit(
                "past_future: `--regression-target` is not supported, since exits classify; "
                "leave it out and give `--num-classes`."
            )
        _check_not_negative("--imitation-weight", cfg.imitation_weight)
        _check_not_negative("--layer-weight-power", cfg.layer_weight_power)
        if not 0 <= cfg.distillation <= 1:
            raise SystemExit(
                "past_future: `--distillation` must be a share between 0 and 1, "
                f"but is {cfg.distillation} instead."
            )
        self.head_name = cfg.classification_head_name
        self.options = LossOptions(
            imitation_weight=cfg.imitation_weight,
            layer_weight_power=cfg.layer_weight_power,
            distillation=cfg.distillation,
        )
        check_classes(task, (cfg.train_subset, *cfg.valid_subset.split(",")))

    def forward(
        self, model: Any, sample: dict[str, Any], reduce: bool = True
    ) -> tuple[Tensor, int, dict[str, Any]]:
        """Loss of a batch, its number of sentences, and what to log."""
        if not hasattr(model, "register_classification_head") or not hasattr(model, "all_exits"):
            raise SystemExit(
                f"past_future: the criterion needs a model with exits, but "
                f"{type(model).__name__} has none; give `--arch` one of "
                f"{', '.join(each.model_name for each in BACKBONES.values())}."
            )
        _, exits = model(**sample["net_input"], classification_head_name=self.head_name)
        targets = sample["target"].view(-1)
        loss, parts = model.method.losses(exits, targets, self.options, model.training_stage)
        log: dict[str, Any] = {name: part.data for name, part in parts.items()}
        n_sentences = targets.numel()
        log.update(
            loss=loss.data,
            ntokens=sample["ntokens"],
            nsentences=n_sentences,
            sample_size=n_sentences,
        )
        if self.training:
            log["ncorrect"] = (exits.logits[:, -1].argmax(dim=-1) == targets).sum()
        else:
            correct = exits.logits.argmax(dim=-1) == targets.unsqueeze(1)
            policy = build_policy(model.method.default_policy)
            scores = score_exits(policy, exits.logits.detach(), exits.evidence.detach())
            # Turned so that a sentence leaves below the parameter, whatever the policy.
            log["scores"] = pack_scores(-policy.sign * scores.values, correct).cpu()
        return loss, n_sentences, log

    def logging_outputs_can_be_summed(self) -> bool:
        """Only in training: validation gathers what each sentence did, not sums."""
        return bool(self.training)

    @classmethod
    def reduce_metrics(cls, logging_outputs: Sequence[dict[str, Any]]) -> None:
        """Log what `forward` returned on all ranks."""
        n_sentences = sum(log.get("nsentences", 0) for log in logging_outputs)
        parts = {key for log in logging_outputs for key in log if key.endswith("_loss")}
        for key in ("loss", *sorted(parts)):
            total = sum(log.get(key, 0) for log in logging_outputs)
            metrics.log_scalar(key, total / n_sentences, n_sentences, round=4)
        if any("scores" in log for log in logging_outputs):
            _log_exits(torch.cat([log["scores"] for log in logging_outputs if "scores" in log]))
        elif any("ncorrect" in log for log in logging_outputs):
            n_correct = sum(log.get("ncorrect", 0) for log in logging_outputs)
            metrics.log_scalar("accuracy", 100.0 * n_correct / n_sentences, n_sentences, round=2)


def _check_not_negative(flag: str, value: float) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise SystemExit(
            f"past_future: `{flag}` must be a number that is not negative, but is {value} instead."
        )


def _log_exits(scores: Tensor) -> None:
    """Log validation's accuracies from packed scores.

    Python floats throughout: a tensor or a numpy scalar as the metric that chooses the best
    checkpoint would be written into it, and weights-only loading refuses the latter.
    """
    _, correct = unpack_scores(scores)
    accuracies = [100.0 * float(a) for a in correct.double().mean(dim=0)]
    for layer, accuracy in enumerate(accuracies, start=1):
        metrics.log_scalar(f"exit_{layer}_accuracy", accuracy, len(scores), round=2)
    metrics.log_scalar("accuracy", accuracies[-1], len(scores), round=2)
    metrics.log_concat_tensor("_scores", scores)  # fairseq keeps names with `_` out of its log
    for speedup in LOGGED_SPEEDUPS:
        metrics.log_derived(f"accuracy_at_{speedup}x", _accuracy_at(speedup))


def _accuracy_at(speedup: int) -> Callable[[Any], float]:
    def accuracy(meters: Any) -> float:
        values, correct = unpack_scores(meters["_scores"].tensor)
        n_layers = correct.size(1)
        scores = PolicyScores(values, checked_layers(n_layers), n_layers, TURNED)
        return round(100.0 * accuracy_at_speedup(scores, correct, speedup), 2)

    return accuracy

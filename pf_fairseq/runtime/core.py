"""The loop over layers, in tensors alone: what every target's face and lowering is made of."""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pf_fairseq.backbones.backbone import Backbone
from pf_fairseq.modules.dropout import without_dropout
from pf_fairseq.modules.entropy import exit_entropy
from pf_fairseq.modules.layout import narrow
from pf_fairseq.modules.policies import Policy
from pf_fairseq.modules.steps import ExitSteps


class EarlyExitCore(nn.Module):
    """Runs layer after layer; each sentence leaves as soon as the policy says so.

    Sentences that leave are taken out of the batch, the rest is trimmed to its longest sentence,
    and outputs stand in input order. Nothing is raised or written to the module, there is a mask
    always, and no dropout. Its inputs are taken as checked.

    What decides the way lies on the CPU (`lengths`, `forced`), so that the device is waited for
    once per exit at which the policy is asked and never else.

    Args:
        encoder: a backbone; the core takes a copy that shares its parameters.
        exits: of the same depth.
        policy: when a sentence leaves.
        min_exit_layer: first layer, 1-based, at which the policy is asked.
        check_interval: layers between two checks.
    """

    min_exit_layer: Final[int]
    check_interval: Final[int]
    n_layers: Final[int]

    def __init__(
        self,
        encoder: Backbone,
        exits: ExitSteps,
        policy: Policy,
        *,
        min_exit_layer: int = 1,
        check_interval: int = 1,
    ) -> None:
        super().__init__()
        self.encoder = without_dropout(encoder)
        self.exits = exits
        self.policy = policy
        self.n_layers = exits.n_layers
        self.n_classes = exits.n_classes
        self.min_exit_layer = min_exit_layer
        self.check_interval = check_interval

    def forward(
        self, tokens: Tensor, lengths: Tensor, parameter: Tensor, forced: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Classify.

        Args:
            tokens: int64 `(B, T)`, padded on the right.
            lengths: int64 `(B,)` on the CPU, tokens of each sentence.
            parameter: fp32 `(B,)`, the policy's, one per sentence.
            forced: int64 `(B,)` on the CPU: the layer after which a sentence leaves, whatever
                the policy says; 0: when the policy says so.

        Returns:
            logits fp32 `(B, C)`, exit layer int64 `(B,)` 1-based, entropy fp32 `(B,)` in nats.
        """
        n_sentences, device = tokens.size(0), tokens.device
        all_logits = torch.zeros([n_sentences, self.n_classes], dtype=torch.float32, device=device)
        all_exits = torch.zeros([n_sentences], dtype=torch.int64, device=device)
        all_entropies = torch.zeros([n_sentences], dtype=torch.float32, device=device)
        rows = torch.arange(n_sentences, dtype=torch.int64, device=device)  # who is still there
        hidden, layout = self.encoder.embed(tokens[:, : self._longest(lengths)])
        memory = self.exits.begin(n_sentences)
        checked = self.policy.start(n_sentences, self.n_classes, device)
        number = 0
        for layer, step in zip(self.encoder.layers, self.exits.steps, strict=True):
            number += 1
            if rows.size(0) > 0:
                hidden = layer(hidden, layout)
                memory = step.observe(memory, hidden, layout)  # type: ignore[operator]
                if self._is_asked(number, forced):
                    logits, evidence = step.classify(memory, hidden, layout)  # type: ignore[operator]
                    # All who are there are written: one that stays is written again at its own
                    # exit. Not in place: filled through a method, scripted outputs once kept
                    # their initial values, and these tensors are small.
                    all_logits = all_logits.index_copy(0, rows, logits)
                    all_exits = all_exits.index_fill(0, rows, number)
                    all_entropies = all_entropies.index_copy(0, rows, exit_entropy(logits))
                    leaves = forced == number
                    if self._is_checked(number) and bool((forced == 0).any()):
                        checked, score = self.policy.update(checked, logits, evidence)
                        passes = self.policy.leaves(score, parameter).to(forced.device)
                        leaves = leaves | ((forced == 0) & passes)
                    kept = leaves.logical_not().nonzero().view(-1)
                    if number < self.n_layers and kept.size(0) < rows.size(0):
                        lengths = lengths.index_select(0, kept)
                        forced = forced.index_select(0, kept)
                        kept = kept.to(device, non_blocking=True)
                        rows = rows.index_select(0, kept)
                        parameter = parameter.index_select(0, kept)
                        memory = memory.index_select(0, kept)
                        checked = checked.index_select(0, kept)
                        hidden, layout = narrow(hidden, layout, kept, self._longest(lengths))
        return all_logits, all_exits, all_entropies

    @torch.jit.export
    def record(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Run all layers for all sentences, and ask every exit.

        Args:
            tokens: as in `forward`.
            lengths: likewise.

        Returns:
            logits fp32 `(B, L, C)` and evidence fp32 `(B, L, E)`.
        """
        hidden, layout = self.encoder.embed(tokens[:, : self._longest(lengths)])
        memory = self.exits.begin(tokens.size(0))
        all_logits: list[Tensor] = []
        all_evidence: list[Tensor] = []
        for layer, step in zip(self.encoder.layers, self.exits.steps, strict=True):
            hidden = layer(hidden, layout)
            memory = step.observe(memory, hidden, layout)  # type: ignore[operator]
            logits, evidence = step.classify(memory, hidden, layout)  # type: ignore[operator]
            all_logits.append(logits)
            all_evidence.append(evidence)
        return torch.stack(all_logits, dim=1), torch.stack(all_evidence, dim=1)

    def _longest(self, lengths: Tensor) -> int:
        return int(F.pad(lengths, [0, 1]).max())  # 0 of no sentences

    def _is_checked(self, number: int) -> bool:
        beyond = number - self.min_exit_layer
        return number < self.n_layers and beyond >= 0 and beyond % self.check_interval == 0

    def _is_asked(self, number: int, forced: Tensor) -> bool:
        """Whether the exit is needed: by the policy, by being the last, or because it is forced."""
        if bool((forced == number).any()):
            return True
        policy_asks = self._is_checked(number) or number == self.n_layers
        return policy_asks and bool((forced == 0).any())

"""The early-exit forward: one definition, used eagerly, scripted and exported."""

import torch
from torch import Tensor, nn

from pf_fairseq.backbones.backbone import Backbone
from pf_fairseq.modules.entropy import exit_entropy
from pf_fairseq.modules.exits import PastFutureExits
from pf_fairseq.modules.layout import narrow
from pf_fairseq.runtime.folding import FoldedExits
from pf_fairseq.runtime.inputs import check_exit_layer, check_threshold, check_tokens


class EarlyExitRuntime(nn.Module):
    """Runs layer after layer; each sentence leaves as soon as its exit is sure.

    Sentences that leave are taken out of the batch, the rest is trimmed to its longest sentence,
    and outputs stand in input order. The device is waited for once on entry (validity and
    lengths in one transfer) and once per exit that is checked. Nothing is written to the module:
    many threads may call it.

    Args:
        encoder: a backbone of `pf_fairseq.backbones`, with `embed` and `layers`.
        exits: `PastFutureExits` or a folded form of it, with `readout`, `observe`, `classify`.
        vocab_size: ids are `0 .. vocab_size - 1`.
        max_positions: longest input in tokens.
        default_threshold: entropy in nats that is used when a call gives none.
        min_exit_layer: first layer, 1-based, after which a sentence may leave.
        check_interval: layers between two checks.
    """

    def __init__(
        self,
        encoder: Backbone,
        exits: PastFutureExits | FoldedExits,
        *,
        vocab_size: int,
        max_positions: int,
        default_threshold: float = 0.0,
        min_exit_layer: int = 1,
        check_interval: int = 1,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.exits = exits
        self.pad_id = encoder.pad_id
        self.n_layers = exits.n_layers
        self.n_classes = exits.n_classes
        self.vocab_size = vocab_size
        self.max_positions = max_positions
        self.default_threshold = default_threshold
        self.min_exit_layer = min_exit_layer
        self.check_interval = check_interval

    def forward(
        self, tokens: Tensor, threshold: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Classify; each sentence leaves at the first checked exit with entropy < threshold.

        Args:
            tokens: int64 `(B, T)`, padded on the right.
            threshold: floating, 0-dim or `(B,)`, in nats; none: the default operating point.
                At or below 0 a sentence never leaves early, above ln C at the first checked exit.

        Returns:
            logits fp32 `(B, C)`, exit layer int64 `(B,)` 1-based, entropy fp32 `(B,)` in nats.

        Raises:
            ValueError: in a sentence, for tokens or a threshold that break these rules.
        """
        tau = check_threshold(threshold, self.default_threshold, tokens)
        lengths = check_tokens(tokens, tau, self.pad_id, self.vocab_size, self.max_positions)
        everywhere: Tensor | None = None
        return self._run(tokens, lengths, tau, everywhere)

    @torch.jit.export
    def forward_at(self, tokens: Tensor, exit_layer: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Classify with every sentence leaving at the layer given for it.

        Args:
            tokens: as in `forward`.
            exit_layer: int64 `(B,)`, in `1 .. n_layers`; `min_exit_layer` and `check_interval`
                do not matter.

        Returns:
            the same triple as `forward`.
        """
        leave_at = check_exit_layer(exit_layer, tokens, self.n_layers)
        unused: Tensor | None = None
        tau = check_threshold(unused, 0.0, tokens)
        lengths = check_tokens(tokens, tau, self.pad_id, self.vocab_size, self.max_positions)
        return self._run(tokens, lengths, tau, leave_at)

    def _run(
        self, tokens: Tensor, lengths: Tensor, tau: Tensor, leave_at: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run the layers for checked input; `lengths` and `leave_at` `(B,)` lie on the CPU."""
        n_active = tokens.size(0)
        all_logits, all_exits, all_entropies = self._empty_outputs(n_active, tokens.device)
        rows = torch.arange(n_active)  # which sentences are still in the batch, on the CPU
        rows_on_device = rows.to(tokens.device, non_blocking=True)
        longest = int(lengths.max()) if n_active > 0 else 0
        hidden, layout = self.encoder.embed(tokens[:, :longest])
        memory: list[Tensor] = []
        number = 0
        for layer in self.encoder.layers:
            number += 1
            if n_active > 0:
                hidden = layer(hidden, layout)
                summary = self.exits.readout.summarise(hidden, layout)
                memory, state = self.exits.observe(memory, summary, number)
                if self._is_checked(number, rows, leave_at):
                    logits = self.exits.classify(memory, state, number).float()
                    entropy = exit_entropy(logits)
                    stays = self._stays(entropy, tau, rows, rows_on_device, leave_at, number)
                    # All active sentences are written: one that stays is written again at its
                    # own exit. Not in place: filled through a method, scripted outputs once kept
                    # their initial values, and these tensors are small.
                    all_logits = all_logits.index_copy(0, rows_on_device, logits)
                    all_exits = all_exits.index_fill(0, rows_on_device, number)
                    all_entropies = all_entropies.index_copy(0, rows_on_device, entropy)
                    n_active = int(stays.sum())
                    if 0 < n_active and n_active < rows.numel():
                        kept = stays.nonzero().view(-1)
                        rows = rows.index_select(0, kept)
                        kept = kept.to(hidden.device, non_blocking=True)
                        rows_on_device = rows_on_device.index_select(0, kept)
                        memory = [remembered.index_select(0, kept) for remembered in memory]
                        longest = int(lengths[rows].max())
                        hidden, layout = narrow(hidden, layout, kept, longest)
        return all_logits, all_exits, all_entropies

    def _empty_outputs(
        self, n_sentences: int, device: torch.device
    ) -> tuple[Tensor, Tensor, Tensor]:
        return (
            torch.zeros(n_sentences, self.n_classes, device=device),
            torch.zeros(n_sentences, dtype=torch.int64, device=device),
            torch.zeros(n_sentences, device=device),
        )

    def _is_checked(self, number: int, rows: Tensor, leave_at: Tensor | None) -> bool:
        if leave_at is not None:
            return bool((leave_at.index_select(0, rows) == number).any())
        if number == self.n_layers:
            return True
        beyond = number - self.min_exit_layer
        return beyond >= 0 and beyond % self.check_interval == 0

    def _stays(
        self,
        entropy: Tensor,
        tau: Tensor,
        rows: Tensor,
        rows_on_device: Tensor,
        leave_at: Tensor | None,
        number: int,
    ) -> Tensor:
        """Which active sentences go on, bool on the CPU: the one wait for the device."""
        if leave_at is not None:
            return leave_at.index_select(0, rows) > number
        if number == self.n_layers:
            return torch.zeros(rows.numel(), dtype=torch.bool)
        # Not `>=`: a NaN entropy must not count as sure.
        return (~(entropy < tau.index_select(0, rows_on_device))).cpu()

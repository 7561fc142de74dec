"""The face of the core that checks its input, for eager use, TorchScript and archives."""

import torch
from torch import Tensor, nn

from pf_fairseq.backbones.backbone import Backbone
from pf_fairseq.modules.policies import DEFAULT_POLICY, Policy, build_policy
from pf_fairseq.modules.steps import ExitSteps
from pf_fairseq.runtime.core import EarlyExitCore
from pf_fairseq.runtime.executor import without_autocast
from pf_fairseq.runtime.inputs import check_exit_layer, check_threshold, check_tokens


class EarlyExitRuntime(nn.Module):
    """Classifies sentences, each leaving at its own layer.

    The device is waited for once on entry (validity and lengths in one transfer) and once per exit
    that is checked. Nothing is written to the module: many threads may call it. No setting of the
    process matters: dtypes and devices are named wherever a tensor is made, gradients are never
    recorded, there is no dropout, and eagerly autocast is turned off. (TorchScript applies the
    autocast of its caller and offers no way out.)

    Args:
        encoder: a backbone of `pf_fairseq.backbones`.
        exits: what a method of `pf_fairseq.methods` makes for inference.
        policy: when a sentence leaves; none: `DEFAULT_POLICY`.
        vocab_size: ids are `0 .. vocab_size - 1`.
        max_positions: longest input in tokens.
        default_threshold: parameter of the policy that is used when a call gives none; none: the
            one that never leaves early.
        min_exit_layer: first layer, 1-based, after which a sentence may leave.
        check_interval: layers between two checks.
    """

    def __init__(
        self,
        encoder: Backbone,
        exits: ExitSteps,
        policy: Policy | None = None,
        *,
        vocab_size: int,
        max_positions: int,
        default_threshold: float | None = None,
        min_exit_layer: int = 1,
        check_interval: int = 1,
    ) -> None:
        super().__init__()
        policy = build_policy(DEFAULT_POLICY) if policy is None else policy
        self.core = EarlyExitCore(
            encoder,
            exits,
            policy,
            min_exit_layer=min_exit_layer,
            check_interval=check_interval,
        )
        self.pad_id = encoder.pad_id
        self.n_layers = exits.n_layers
        self.unit = policy.parameter_unit
        self.never = float(policy.never)
        self.never_as_text = f"{policy.never:g}"
        self.vocab_size = vocab_size
        self.max_positions = max_positions
        self.default_threshold = self.never if default_threshold is None else default_threshold

    def forward(
        self, tokens: Tensor, threshold: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Classify; each sentence leaves at the first checked exit whose score passes.

        Args:
            tokens: int64 `(B, T)`, padded on the right.
            threshold: the policy's parameter, floating, 0-dim or `(B,)`; none: the default
                operating point. For entropy, in nats: at or below 0 a sentence never leaves
                early, above ln C at the first checked exit.

        Returns:
            logits fp32 `(B, C)`, exit layer int64 `(B,)` 1-based, entropy fp32 `(B,)` in nats.

        Raises:
            ValueError: in a sentence, for tokens or a threshold that break these rules.
        """
        parameter = check_threshold(threshold, self.default_threshold, tokens)
        lengths = self._check(tokens, parameter)
        forced = torch.zeros_like(lengths)
        return self._run(tokens, lengths, parameter, forced)

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
        forced = check_exit_layer(exit_layer, tokens, self.n_layers)
        parameter = self._unused(tokens)
        return self._run(tokens, self._check(tokens, parameter), parameter, forced)

    @torch.jit.export
    def exit_logits(self, tokens: Tensor) -> Tensor:
        """Every exit's logits at full depth, fp32 `(B, L, C)`, by the kernels of `forward`."""
        return self.record_exits(tokens)[0]

    @torch.jit.export
    def record_exits(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Every exit's logits fp32 `(B, L, C)` and evidence fp32 `(B, L, E)` at full depth."""
        lengths = self._check(tokens, self._unused(tokens))
        n_sentences, device = tokens.size(0), tokens.device
        of_logits = [n_sentences, self.n_layers, self.core.exits.n_classes]
        of_evidence = [n_sentences, self.n_layers, self.core.exits.evidence_dim]
        logits = torch.zeros(of_logits, dtype=torch.float32, device=device)
        evidence = torch.zeros(of_evidence, dtype=torch.float32, device=device)
        if n_sentences > 0:  # layers need a token
            with torch.no_grad():
                if torch.jit.is_scripting():  # type: ignore[attr-defined]
                    logits, evidence = self.core.record(tokens, lengths)
                else:
                    with without_autocast(tokens.device):
                        logits, evidence = self.core.record(tokens, lengths)
        return logits, evidence

    def _run(
        self, tokens: Tensor, lengths: Tensor, parameter: Tensor, forced: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        with torch.no_grad():
            if torch.jit.is_scripting():  # type: ignore[attr-defined]
                answer = self.core(tokens, lengths, parameter, forced)
            else:
                with without_autocast(tokens.device):
                    answer = self.core(tokens, lengths, parameter, forced)
        logits, exit_layer, entropy = answer
        return logits, exit_layer, entropy

    def _unused(self, tokens: Tensor) -> Tensor:
        nothing: Tensor | None = None
        return check_threshold(nothing, self.never, tokens)

    def _check(self, tokens: Tensor, parameter: Tensor) -> Tensor:
        return check_tokens(
            tokens,
            parameter,
            self.pad_id,
            self.vocab_size,
            self.max_positions,
            self.unit,
            self.never_as_text,  # TorchScript would write 0 as `0.`
        )

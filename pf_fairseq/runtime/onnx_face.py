"""The face of the core that ONNX gets: nothing is checked, and nothing is optional."""

from torch import Tensor, nn

from pf_fairseq.runtime.early_exit import EarlyExitRuntime

INPUTS = ("tokens", "threshold", "forced_exit")
OUTPUTS = ("logits", "exit_layer", "entropy")


class OnnxFace(nn.Module):
    """An early-exit runtime as a function of tensors, for `torch.onnx.export`.

    ONNX cannot raise an error: ids are taken as valid and padded on the right.

    Args:
        runtime: whose core runs, on the CPU.
    """

    def __init__(self, runtime: EarlyExitRuntime) -> None:
        super().__init__()
        self.core = runtime.core
        self.pad_id = runtime.pad_id

    def forward(
        self, tokens: Tensor, threshold: Tensor, forced_exit: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Classify.

        Args:
            tokens: int64 `(B, T)`, padded on the right.
            threshold: fp32 `(B,)`, the policy's parameter, one per sentence.
            forced_exit: 0-dim int64: the layer after which all leave; 0: where the policy says.

        Returns:
            logits fp32 `(B, C)`, exit layer int64 `(B,)` 1-based, entropy fp32 `(B,)` in nats.
        """
        lengths = tokens.ne(self.pad_id).long().sum(dim=1)
        forced = forced_exit.expand_as(lengths)
        logits, exit_layer, entropy = self.core(tokens, lengths, threshold, forced)
        return logits, exit_layer, entropy

"""What flags of the models must not say together."""

from pf_fairseq.models.config import PastFutureConfig


def refusal(sentence: str) -> SystemExit:
    """What ends a fairseq command with one sentence.

    fairseq replaces exceptions by others on its way up; SystemExit passes, and prints itself.
    """
    return SystemExit(f"past_future: {sentence}")


def check_config(cfg: PastFutureConfig) -> None:
    """Refuse flags that contradict each other.

    Raises:
        SystemExit: with one sentence.
    """
    if cfg.encoder_layers < 2:
        raise refusal(
            f"`--encoder-layers` must be at least 2 so that there is an exit before the last, "
            f"but is {cfg.encoder_layers} instead."
        )
    if cfg.encoder_embed_dim % cfg.encoder_attention_heads != 0:
        raise refusal(
            f"`--encoder-attention-heads` must divide `--encoder-embed-dim`, but is "
            f"{cfg.encoder_attention_heads} for {cfg.encoder_embed_dim} instead."
        )
    if not 0.0 <= cfg.exit_gradient_scale <= 1.0:  # a NaN is refused, too
        raise refusal(
            f"`--exit-gradient-scale` must be between 0 (the encoder learns from the last exit "
            f"alone) and 1 (the paper), but is {cfg.exit_gradient_scale} instead."
        )
    if not 0 <= cfg.frozen_layers <= cfg.encoder_layers:
        raise refusal(
            f"`--frozen-layers` must be between 0 and the {cfg.encoder_layers} layers of the "
            f"encoder, but is {cfg.frozen_layers} instead."
        )
    if cfg.frozen_layers > 0 and str(cfg.freeze_schedule) == "step" and cfg.max_update <= 0:
        raise refusal(
            f"`--freeze-schedule step` needs `--max-update` (the number of updates over which "
            f"the probability falls to 0), but it is {cfg.max_update} instead."
        )
    if cfg.cpu_bf16 and not cfg.cpu:
        raise refusal(
            "`--cpu-bf16` is for training on a CPU; give `--cpu` beside it, or `--fp16` on a GPU."
        )
    if cfg.state_dim < 0:
        raise refusal(f"`--state-dim` must not be negative, but is {cfg.state_dim} instead.")
    if cfg.state_dim > 0 and str(cfg.state) == "raw":
        raise refusal(
            f"`--state-dim` is the width of pooled states, but is {cfg.state_dim} for "
            f"`--state raw`; leave it at 0."
        )


def check_shared_layer(cfg: PastFutureConfig, title: str) -> None:
    """Refuse to freeze a part of the one layer that serves every depth.

    Raises:
        SystemExit: with one sentence.
    """
    whole = cfg.frozen_layers == cfg.encoder_layers and str(cfg.freeze_schedule) == "always"
    if cfg.frozen_layers > 0 and not whole:
        raise refusal(
            f"{title}'s layers are one, which is frozen as a whole or not at all: give "
            f"`--frozen-layers {cfg.encoder_layers} --freeze-schedule always`, or leave "
            f"`--frozen-layers {cfg.frozen_layers}` out."
        )

"""The fairseq model: an encoder with an exit after every layer."""

import logging
from abc import ABC, abstractmethod
from typing import Any, cast

import torch
from fairseq.models import BaseFairseqModel
from torch import Tensor, nn

from pf_fairseq.backbones.backbone import Backbone
from pf_fairseq.backbones.shape import EncoderShape
from pf_fairseq.checkpoints.restoring import fit_state_dict
from pf_fairseq.methods import METHODS, Method, TrainingStage
from pf_fairseq.models.checks import check_config, refusal
from pf_fairseq.models.config import PastFutureConfig
from pf_fairseq.models.freezing import LayerFreezing
from pf_fairseq.models.grouping import groups_by_length
from pf_fairseq.modules.all_exits import AllExits, Exits
from pf_fairseq.modules.gradient_scale import scale_gradient
from pf_fairseq.modules.layout import Layout, narrow
from pf_fairseq.modules.steps import ExitSteps

logger = logging.getLogger(__name__)


class PastFutureModel(BaseFairseqModel, ABC):
    """An encoder whose every layer ends in an exit (Liao et al., 2021).

    Driven by fairseq's `sentence_prediction` task, which hands over the number of classes in
    `register_classification_head`; the exits are made there. Parameters are named as in
    fairseq's own RoBERTa: `encoder.sentence_encoder.*` and `classification_heads.NAME.*`.

    Args:
        cfg: shape, exits and freezing.
        encoder: the backbone.
    """

    backbone: str  # its name in an archive's metadata

    def __init__(self, cfg: PastFutureConfig, encoder: Backbone) -> None:
        super().__init__()
        self.cfg = cfg
        # fairseq's name for where the backbone lies: `encoder.sentence_encoder`.
        self.encoder = nn.ModuleDict({"sentence_encoder": encoder})
        self.classification_heads = nn.ModuleDict()
        self.freezing: LayerFreezing | None = None
        self._update = 0
        self._freeze()

    @classmethod
    def build_model(cls, cfg: PastFutureConfig, task: Any) -> "PastFutureModel":
        """Build the model of `cfg` for the dictionary of `task`.

        Raises:
            SystemExit: with one sentence if flags contradict each other.
        """
        check_config(cfg)
        dictionary = task.source_dictionary
        shape = EncoderShape(
            n_layers=cfg.encoder_layers,
            hidden_dim=cfg.encoder_embed_dim,
            ffn_dim=cfg.encoder_ffn_embed_dim,
            n_heads=cfg.encoder_attention_heads,
            vocab_size=len(dictionary),
            max_positions=cfg.max_positions,
            pad_id=dictionary.pad(),
            activation=str(cfg.activation_fn),
            layer_norm_eps=cfg.layer_norm_eps,
            dropout=cfg.dropout,
            attention_dropout=cfg.attention_dropout,
            activation_dropout=cfg.activation_dropout,
        )
        return cls(cfg, cls.build_encoder(cfg, shape, dictionary))

    @classmethod
    @abstractmethod
    def build_encoder(cls, cfg: Any, shape: EncoderShape, dictionary: Any) -> Backbone:
        """Build the backbone of this shape for ids of `dictionary`."""

    @property
    def sentence_encoder(self) -> Backbone:
        """The backbone."""
        encoder = self.encoder["sentence_encoder"]
        assert isinstance(encoder, Backbone)
        return encoder

    @property
    def method(self) -> Method:
        """What the exits are, how they learn and how they run."""
        return METHODS[str(self.cfg.exit_method)]

    @property
    def training_stage(self) -> TrainingStage:
        """Where training stands."""
        frozen = self._always_frozen and self.cfg.frozen_layers == self.n_layers
        return TrainingStage(self._update, frozen)

    @property
    def n_layers(self) -> int:
        """Depth, and number of exits."""
        return len(self.sentence_encoder.layers)

    def exits(self, name: str | None = None) -> Exits:
        """The exits called `name`; the only ones there are if no name is given."""
        name = next(iter(self.classification_heads)) if name is None else name
        exits = self.classification_heads[name]
        assert isinstance(exits, Exits)
        return exits

    def register_classification_head(
        self, name: str, num_classes: int | None = None, **_: object
    ) -> None:
        """Make the exits; called by fairseq's task.

        Raises:
            SystemExit: if `num_classes` is not at least 2.
        """
        if num_classes is None or num_classes < 2:
            raise refusal(f"`--num-classes` must be at least 2, but is {num_classes} instead.")
        self.classification_heads[name] = self.method.build_exits(
            self.cfg.encoder_embed_dim, self.n_layers, num_classes, self.cfg
        )

    def all_exits(self, tokens: Tensor, name: str | None = None) -> AllExits:
        """Every exit of int64 tokens `(B, T)`, padded on the right."""
        exits = self.exits(name)
        with self._reduced_precision(tokens.device):
            summaries = self._summaries_by_length(tokens, exits)
        if self.cfg.exit_gradient_scale == 1.0 or not torch.is_grad_enabled():
            return cast(AllExits, exits(summaries))
        return self._with_scaled_gradients(exits, summaries)

    def _with_scaled_gradients(self, exits: Exits, summaries: Tensor) -> AllExits:
        """All exits, of which those before the last send `--exit-gradient-scale` of their gradient.

        Scaled is what enters the exits, so that their own weights learn at the full rate.
        """
        factors = summaries.new_full((self.n_layers, 1), self.cfg.exit_gradient_scale)
        factors[-1] = 1.0
        found = cast(AllExits, exits(scale_gradient(summaries, factors)))
        if not exits.reaches_back:
            return found
        # The last exit reaches the earlier states through its past, and is not to be scaled there.
        last = cast(AllExits, exits(summaries)).logits[:, -1:]
        return found._replace(logits=torch.cat([found.logits[:, :-1], last], dim=1))

    def _reduced_precision(self, device: torch.device) -> torch.autocast:
        """bfloat16 for matrix products in training, if `--cpu-bf16` asks for it."""
        enabled = self.cfg.cpu_bf16 and self.training and device.type == "cpu"
        return torch.autocast("cpu", torch.bfloat16, enabled=enabled)

    def _summaries_by_length(self, tokens: Tensor, exits: Exits) -> Tensor:
        """What the exits keep of every layer, `(B, L, summary_dim)`, in the order of `tokens`."""
        with self._gradients_unless(self._always_frozen):
            hidden, layout = self.sentence_encoder.embed(tokens)
        groups = groups_by_length(layout.mask)
        if len(groups) == 1:  # the batch as it stands
            return self._summaries(hidden, layout, exits)
        summaries = [
            self._summaries(*narrow(hidden, layout, rows, longest), exits)
            for rows, longest in groups
        ]
        rows = torch.cat([rows for rows, _ in groups])
        return torch.cat(summaries)[rows.argsort()]

    def _summaries(self, hidden: Tensor, layout: Layout, exits: Exits) -> Tensor:
        """What the exits keep of every layer, `(B, L, summary_dim)`, for embedded tokens."""
        n_constant = self.cfg.frozen_layers if self._always_frozen else 0
        summaries = []
        for index, layer in enumerate(self.sentence_encoder.layers):
            with self._gradients_unless(index < n_constant):
                hidden = layer(hidden, layout)
            summaries.append(exits.summarise(hidden, layout, index + 1))
        return torch.stack(summaries, dim=1).to(hidden.dtype)  # fp32 under --cpu-bf16

    @staticmethod
    def _gradients_unless(constant: bool) -> torch.set_grad_enabled:
        return torch.set_grad_enabled(torch.is_grad_enabled() and not constant)

    def forward(
        self, src_tokens: Tensor, classification_head_name: str | None = None, **_: object
    ) -> tuple[Tensor, AllExits]:
        """Logits of the last exit `(B, C)`, and every exit, for int64 `src_tokens` `(B, T)`.

        The pair is what fairseq's own `sentence_prediction` criterion expects of a model.
        """
        all_exits = self.all_exits(src_tokens, classification_head_name)
        return all_exits.logits[:, -1], all_exits

    def exit_logits(self, tokens: Tensor) -> Tensor:
        """fp32 logits of every exit `(B, L, C)` for int64 `tokens` `(B, T)`."""
        return self.all_exits(tokens).logits.float()

    def record_exits(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """`exit_logits`, and the evidence of every exit for a policy, fp32 `(B, L, E)`."""
        found = self.all_exits(tokens)
        return found.logits.float(), found.evidence.float()

    def inference_exits(self) -> ExitSteps:
        """The exits one layer after another, as the method makes them for inference."""
        return self.method.steps(self.exits())

    def max_positions(self) -> int:
        """Longest input in tokens."""
        return self.cfg.max_positions

    def set_num_updates(self, num_updates: int) -> None:
        """Called by fairseq before each update."""
        super().set_num_updates(num_updates)
        self._update = num_updates
        if self.freezing is not None:
            self.freezing.set_update(num_updates)

    def upgrade_state_dict_named(self, state_dict: dict[str, Tensor], name: str) -> None:
        """Make a checkpoint fit, in place: a plain RoBERTa's or one of ours.

        Raises:
            SystemExit: naming what does not fit.
        """
        try:
            fit_state_dict(state_dict, self.state_dict())
        except ValueError as error:
            raise refusal(str(error)) from error

    @property
    def _always_frozen(self) -> bool:
        return self.cfg.frozen_layers > 0 and str(self.cfg.freeze_schedule) == "always"

    def _freeze(self) -> None:
        encoder, n_frozen = self.sentence_encoder, self.cfg.frozen_layers
        if n_frozen == 0:
            return
        layers = list(encoder.layers)[:n_frozen]
        if self._always_frozen:
            for module in (*encoder.embedding_modules(), *layers):
                module.requires_grad_(False)
            return
        self.freezing = LayerFreezing(
            self,
            layers,
            schedule=str(self.cfg.freeze_schedule),
            max_update=self.cfg.max_update,
            seed=self.cfg.seed,
        )

#!/usr/bin/env bash
# Learning rate, losses, readout and frozen layers on MRPC, the first 12,000 sentences of SST-2 or the
# first 5,000 pairs of QNLI, beside the plain fine-tuned encoder (fairseq's own criterion, no exits
# before the last):
#
#   examples/glue/grid.sh MRPC
#   examples/glue/grid.sh SST-2 both-1e-4 both-2e-4    # these cells alone
#
# A finished cell is a line of examples/glue/results/grid.jsonl, and is not run again. Five to ten
# minutes a cell on two cores.
source examples/glue/steps.sh
TASK=${1:?give MRPC, SST-2 or QNLI}
WANTED=" ${*:2} "
KNOWN=
RESULTS=${RESULTS:-examples/glue/results/grid.jsonl}
case $TASK in
  MRPC) N_EPOCHS=3 N_PART= ;;
  SST-2) N_EPOCHS=1 N_PART=12000 ;;
  QNLI) N_EPOCHS=2 N_PART=5000 SAVE_EVERY=0 ;; # its dev set takes minutes: once an epoch
  *) echo "grid.sh: there is no grid for '$TASK'; give MRPC, SST-2 or QNLI." >&2; exit 2 ;;
esac

source_folder=$PF_GLUE_DIR/$TASK
if [[ -n "$N_PART" ]]; then
  source_folder=$OUT/grid/part/$TASK
  mkdir -p "$source_folder"
  head -n $((N_PART + 1)) "$PF_GLUE_DIR/$TASK/train.tsv" >"$source_folder/train.tsv"
  cp "$PF_GLUE_DIR/$TASK/dev.tsv" "$source_folder/dev.tsv"
fi
data=$OUT/grid/$TASK
prepare_encoder
prepare_data "$TASK" "$source_folder" "$data"
n_train=$(count_rows "$source_folder/train.tsv")

# cell NAME LR FLAG...
cell() {
  local name=$1 lr=$2 folder=$OUT/grid/cells/$TASK/seed-$SEED/$1 metric=accuracy_at_2x
  shift 2
  KNOWN+=" $name "
  [[ "$WANTED" =~ ^\ +$ || "$WANTED" == *" $name "* ]] || return 0
  if python examples/glue/record.py --results "$RESULTS" --task "$TASK" --variant "$name" --seed "$SEED" \
    --encoder "$ENCODER_NAME" --has; then
    return
  fi
  [[ "$name" != plain* ]] || metric=accuracy
  echo "== $TASK: $name"
  mkdir -p "$folder"
  finetune "$data" "$n_train" "$N_EPOCHS" "$lr" "$folder/checkpoints" "$metric" "$@" >"$folder/train.log" 2>&1
  pf-fairseq evaluate --checkpoint "$folder/checkpoints/checkpoint_best.pt" --data "$data" \
    --output "$folder/evaluation"
  python examples/glue/record.py --results "$RESULTS" --task "$TASK" --variant "$name" --seed "$SEED" \
    --n-train "$n_train" --report "$folder/evaluation/report.json" --encoder "$ENCODER_NAME" \
    --flags "--lr $lr --batch-size $BATCH --max-epoch $N_EPOCHS $PRECISION $*" --command "SEED=$SEED examples/glue/grid.sh $TASK $name"
  rm -rf "$folder/checkpoints"
}

plain() { # NAME LR FLAG...: the last exit alone, as a stock classifier
  local name=$1 lr=$2
  shift 2
  cell "$name" "$lr" --criterion sentence_prediction --no-past --no-future "$@"
}

ours() { # NAME LR FLAG...: as in the paper, the encoder gets the whole gradient of every exit
  local name=$1 lr=$2
  shift 2
  cell "$name" "$lr" --criterion past_future --exit-gradient-scale 1 "$@"
}

plain plain-mean-1e-4 1e-4 --readout mean
plain plain-first-1e-4 1e-4 --readout first
ours both-1e-4 1e-4
ours both-1e-4-distilled 1e-4 --distillation 0.5
ours both-1e-4-power-3 1e-4 --layer-weight-power 3
ours both-2e-4 2e-4
ours both-5e-5 5e-5
ours both-1e-4-frozen-3 1e-4 --frozen-layers 3
# How much of the gradient of the exits before the last reaches the encoder; both-1e-4 has 1, the paper's.
for scale in 0 0.03 0.1 0.3; do
  cell "both-1e-4-g-$scale" 1e-4 --criterion past_future --exit-gradient-scale "$scale"
done
ours mean-1e-4 1e-4 --readout mean
ours first-1e-4 1e-4 --readout first
ours both-1e-4-live-past 1e-4 --no-detach-past
# The imitation loss reaching the encoder, as it may be read in the paper.
ours both-1e-4-live-imitation-1 1e-4 --no-detach-imitation
ours both-1e-4-live-imitation-0.1 1e-4 --no-detach-imitation --imitation-weight 0.1
ours both-1e-4-live-imitation-0.01 1e-4 --no-detach-imitation --imitation-weight 0.01
ours both-2e-4-live-imitation-0.01 2e-4 --no-detach-imitation --imitation-weight 0.01

for name in $WANTED; do
  [[ "$KNOWN" == *" $name "* ]] || { echo "grid.sh: there is no cell '$name'; give one of$KNOWN." >&2; exit 2; }
done

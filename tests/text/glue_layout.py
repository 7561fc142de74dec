"""Small files in the official layout of each GLUE task."""

from pathlib import Path

# for each task the header of train, the columns of texts and label, and the labels in order
LAYOUTS = {
    "SST-2": ("sentence label", [0], 1, ["0", "1"]),
    "MRPC": ("Quality;#1 ID;#2 ID;#1 String;#2 String", [3, 4], 0, ["0", "1"]),
    "RTE": ("index sentence1 sentence2 label", [1, 2], 3, ["entailment", "not_entailment"]),
    "QNLI": ("index question sentence label", [1, 2], 3, ["entailment", "not_entailment"]),
    "QQP": ("id qid1 qid2 question1 question2 is_duplicate", [3, 4], 5, ["0", "1"]),
    "MNLI": (
        "index promptID pairID genre sentence1_binary_parse sentence2_binary_parse "
        "sentence1_parse sentence2_parse sentence1 sentence2 label1 gold_label",
        [8, 9],
        11,
        ["contradiction", "entailment", "neutral"],
    ),
    "CoLA": (None, [3], 1, ["0", "1"]),
}


def write_task(root: Path, task: str, *, bad_line: bool = False) -> Path:
    """Write train, dev and test of a task, a few rows each, in the official layout."""
    header, texts, label, labels = LAYOUTS[task]
    names = None if header is None else header.split(";" if ";" in header else " ")
    lines = [] if names is None else ["\t".join(names)]
    for row, each in enumerate([*labels, labels[0]]):
        fields = ["NA"] * (4 if names is None else len(names))
        for column in texts:
            fields[column] = f'"text {row} of column {column}'
        fields[label] = each
        lines.append("\t".join(fields))
    if bad_line:
        lines[2] = "cut"
    folder = root / task
    folder.mkdir(parents=True)
    suffix = "_matched" if task == "MNLI" else ""
    content = "\ufeff" + "\n".join(lines) + "\n"
    (folder / "train.tsv").write_text(content, encoding="utf-8")
    (folder / f"dev{suffix}.tsv").write_text(content, encoding="utf-8")
    text_names = ["sentence"] if names is None else [names[column] for column in texts]
    test = ["\t".join(["index", *text_names])]
    test += ["\t".join(["7", *(f"{name} of test" for name in text_names)])]
    (folder / f"test{suffix}.tsv").write_text("\n".join(test) + "\n", encoding="utf-8")
    return root


def dev_columns(glue_dir: Path, task: str) -> list[list[str]]:
    """Read the texts of a task's dev set: one list, or two for pairs."""
    path = glue_dir / task / ("dev_matched.tsv" if task == "MNLI" else "dev.tsv")
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    header, columns, _, _ = LAYOUTS[task]
    rows = [line.split("\t") for line in lines[header is not None :] if line]
    return [[row[column] for row in rows] for column in columns]


def dev_texts(glue_dir: Path) -> list[str]:
    """Read every text of the dev sets at hand, both texts of a pair."""
    columns = [column for task in LAYOUTS for column in dev_columns(glue_dir, task)]
    return [text for column in columns for text in column]

#pragma once

namespace early_exit {

// What BERT's tokenizer does with a character: keeps it in its word, drops it, splits words there,
// or makes it a word of its own (a Chinese one if it is asked to, a punctuation mark always).
enum class BertClass : unsigned char { kOther, kRemoved, kSpace, kChinese, kPunctuation };

// Class of a code point, as the installed Hugging Face `tokenizers` sees it: the table behind this
// is written by tools/make_bert_tables.py.
BertClass BertClassOf(char32_t code);

}  // namespace early_exit

"""Random texts out of all of Unicode, the same for the same seed."""

import random
import sys

SURROGATES = range(0xD800, 0xE000)

# What real text is made of, and where a tokenizer goes wrong; code points from .. to.
ALPHABETS = {
    "ascii": [(0x20, 0x7E)],
    "letters": [(0x61, 0x7A)],
    "digits and punctuation": [(0x21, 0x40)],
    "latin": [(0xA1, 0x24F), (0x1E00, 0x1EFF)],
    "greek and cyrillic": [(0x370, 0x52F)],
    "hebrew and arabic": [(0x590, 0x6FF)],
    "indic and thai": [(0x900, 0xDFF), (0xE00, 0xE7F)],
    "cjk, kana, hangul": [(0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3)],
    "combining marks": [(0x300, 0x36F), (0x1AB0, 0x1AFF), (0x20D0, 0x20F0)],
    "white space": [(0x9, 0xD), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x2000, 0x200F)],
    "other spaces": [(0x1680, 0x1680), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x2064)],
    "numbers": [(0x660, 0x669), (0xB2, 0xB3), (0xBC, 0xBE), (0x2150, 0x218B), (0x3021, 0x3029)],
    "symbols": [(0x2010, 0x2BFF)],
    "emoji": [(0x1F300, 0x1FAFF), (0x200D, 0x200D), (0xFE0F, 0xFE0F), (0x1F1E6, 0x1F1FF)],
    "controls": [(0x0, 0x1F), (0x7F, 0x9F), (0xFFF0, 0xFFFF), (0xE0001, 0xE007F)],
    "astral": [(0x10000, 0x1FFFF), (0x20000, 0x2A6DF), (0xF0000, 0xF0FFF), (0x10FF00, 0x10FFFF)],
    "anything": [(0x0, 0xD7FF), (0xE000, 0x10FFFF)],
}
FRAGMENTS = (
    *("'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'LL", "\u2019s", "''", "'"),
    *(" ", "  ", "\t", "\n", "\r\n", "\u00a0", " \u3000", "   ", "\n\n "),
    *("the", " film", " isn't", "Hello world!", "e\u0301", "\U0001f468\u200d\U0001f469", "<s>"),
)


def fuzzed_texts(n_texts: int, seed: int) -> list[str]:
    """Return texts of up to 24 parts: characters of a few alphabets, and fragments between them."""
    rng = random.Random(seed)
    return [fuzzed_text(rng) for _ in range(n_texts)]


def fuzzed_text(rng: random.Random) -> str:
    """Return one of them."""
    alphabets = rng.choices(list(ALPHABETS.values()), k=rng.randint(1, 3))
    parts = []
    for _ in range(rng.randint(0, 24)):
        if rng.random() < 0.25:
            parts.append(rng.choice(FRAGMENTS))
        else:
            first, last = rng.choice(rng.choice(alphabets))
            parts.append(chr(rng.randint(first, last)))
    return "".join(parts)


def characters() -> list[str]:
    """Return every character that a text can hold."""
    return [chr(code) for code in range(sys.maxunicode + 1) if code not in SURROGATES]

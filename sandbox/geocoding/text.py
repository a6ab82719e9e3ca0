"""How addresses are compared: without case, accents, punctuation, abbreviations, joining words and door details."""

import re
import unicodedata

ABBREVIATIONS = {
    "r": "rua", "av": "avenida", "ave": "avenida", "avda": "avenida", "lg": "largo", "lgo": "largo", "pc": "praca",
    "pca": "praca", "prc": "praca", "tv": "travessa", "trav": "travessa", "tr": "travessa", "est": "estrada", "estr": "estrada",
    "al": "alameda", "cc": "calcada", "calc": "calcada", "doutor": "dr", "dom": "d", "sto": "santo", "sta": "santa",
    "s": "sao", "st": "saint", "cl": "calle", "c": "calle",
}  # fmt: skip
JOINING = {"de", "da", "do", "das", "dos", "e", "del", "la", "a", "o"}
STREET_TYPES = {
    "rua", "avenida", "largo", "praca", "travessa", "estrada", "alameda", "calcada", "campo", "caminho", "calle", "carrer",
    "rue", "avenue",
}  # fmt: skip
DETAILS = re.compile(
    r"\b(?:\d{1,2}\s*(?:o|a)?\s*(?:esq(?:uerdo)?|dto|dt|dir(?:eito)?|fte|frente|andar|piso)|r\s*/\s*c(?:h?ao)?(?:\s*(?:esq|dto|fte))?"
    r"|(?:andar|piso|apt|apto|apartamento|apart|fracao|loja|porta|bloco|bl|sala)\s*\.?\s*\w{1,4}|cave|sobreloja)\b"
)


def plain(text: str) -> str:
    """Lower case, no accents, signs kept."""
    spread = unicodedata.normalize("NFKD", text.replace("º", "o").replace("ª", "a"))
    return "".join(character for character in spread if not unicodedata.combining(character)).lower().replace("ß", "ss")


def tokens(text: str) -> list[str]:
    """The words that matter, abbreviations written out."""
    words = re.findall(r"[a-z0-9]+", plain(text).replace("n.o", " ").replace("no.", " "))
    words = [re.sub(r"^(\d{1,2})[oa]$", r"\1", word) for word in words]  # "1.º de Maio"
    return [ABBREVIATIONS.get(word, word) for word in words if word not in JOINING]


def without_details(text: str) -> str:
    """Plain text without floor, side, flat and the word for "number"."""
    cleaned = re.sub(r"\bn\s*\.?\s*o\.?\s*(?=\d)", " ", plain(text)).replace(".o ", "o ").replace(".a ", "a ")
    return DETAILS.sub(" ", cleaned)


def find_run(words: list[str], run: tuple[str, ...]) -> int:
    """Where `run` stands in `words` as one piece, or -1."""
    for place in range(len(words) - len(run) + 1):
        if tuple(words[place : place + len(run)]) == run:
            return place
    return -1

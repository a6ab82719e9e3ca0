"""How orders are found by name: one expression for the index and for those who ask, so that PostgreSQL uses the one."""

from django.contrib.postgres.search import SearchVector
from django.db.models import Func, TextField, Value
from django.db.models.functions import Lower

ACCENTED = "áàâãäåçéèêëíìîïñóòôõöúùûüýÿ"
PLAIN = "aaaaaaceeeeiiiinooooouuuuyy"


def without_accents(text: str) -> str:
    """Lower case, the accents of Portuguese and its neighbours left out, as the index has it."""
    return text.lower().translate(str.maketrans(ACCENTED, PLAIN))


def name_words() -> SearchVector:
    """The words of `name`, without accents or stemming."""
    plain = Func(Lower("name"), Value(ACCENTED), Value(PLAIN), function="translate", output_field=TextField())
    return SearchVector(plain, config="simple")

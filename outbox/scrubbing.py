"""What PostgreSQL says of a failing row quotes the row, with the customer's name and address in it: cut out of every text
that is kept or logged (C61)."""

import re

REMOVED = "[removed]"
# From the word to the end of what the database said: a quoted note may have lines of its own.
_QUOTED = re.compile(
    r"^(DETAIL|CONTEXT|QUERY|LINE \d+):.*?(?=^(?:HINT|DETAIL|CONTEXT|QUERY):|^\n(?:The above exception|During handling)|\Z)",
    re.MULTILINE | re.DOTALL,
)
_QUOTED_IN_REPR = re.compile(r"\\n(DETAIL|CONTEXT|QUERY|LINE \d+):.*")


def scrub(text: str) -> str:
    """The text of an error or traceback without what PostgreSQL quotes of rows and statements."""
    if "\n" not in text and "\\n" not in text:  # most log fields: such a quotation never stands on the first line
        return text
    text = _QUOTED.sub(rf"\1:  {REMOVED}\n", text)
    return _QUOTED_IN_REPR.sub(rf"\\n\1:  {REMOVED}", text)

"""What PostgreSQL says of a failing row quotes the row, with the customer's name and address in it, and what a mail server
says of a mailbox names it: cut out of every text that is kept or logged (C61)."""

import re

REMOVED = "[removed]"
# From the word to the end of what the database said: a quoted note may have lines of its own.
_QUOTED = re.compile(
    r"^(DETAIL|CONTEXT|QUERY|LINE \d+):.*?(?=^(?:HINT|DETAIL|CONTEXT|QUERY):|^\n(?:The above exception|During handling)|\Z)",
    re.MULTILINE | re.DOTALL,
)
_MAILBOX = re.compile(r"(?<![\w.%+-])[\w.%+-]{1,320}@[\w-]+(?:\.[\w-]+)*")
_QUOTED_IN_REPR = re.compile(r"\\n(DETAIL|CONTEXT|QUERY|LINE \d+):.*")


def scrub(text: str) -> str:
    """The text of an error or traceback without what PostgreSQL quotes of rows and statements, and without mailboxes."""
    if "\n" not in text and "\\n" not in text:  # most log fields: such a quotation never stands on the first line
        return text
    text = _QUOTED.sub(rf"\1:  {REMOVED}\n", text)
    text = _MAILBOX.sub(REMOVED, text) if "@" in text else text
    return _QUOTED_IN_REPR.sub(rf"\\n\1:  {REMOVED}", text)

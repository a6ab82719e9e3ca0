"""Headers that every reader decodes to what was written.

The standard library's folding loses the space where a line ends between two encoded words: "confirmada ·Estúdio".
Here a subject or a name that is not ASCII is encoded as a whole (RFC 2047).
"""

from email.header import Header
from email.headerregistry import AddressHeader
from email.policy import EmailPolicy


class WholeWords(EmailPolicy):
    """As email.policy.SMTP, but for Subject and addresses that are not ASCII."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if str(value).isascii() or not (name.lower() == "subject" or isinstance(value, AddressHeader)):
            return super().fold_binary(name, value)
        return f"{name}: {self._encoded(name, value)}{self.linesep}".encode("ascii")

    def _encoded(self, name: str, value: str) -> str:
        if not isinstance(value, AddressHeader):
            return self._words(str(value), name)
        return f",{self.linesep} ".join(
            f"{self._words(address.display_name, name)}{self.linesep} <{address.addr_spec}>"
            if address.display_name
            else address.addr_spec
            for address in value.addresses
        )

    def _words(self, text: str, name: str) -> str:
        return Header(text, "utf-8", header_name=name).encode(linesep=self.linesep)


SMTP = WholeWords(linesep="\r\n")

"""The demo orders as data: who ordered what, when, and how far it got."""

from dataclasses import dataclass, field

from orders.models import Order

State = Order.State
Line = tuple[str, str, str, int]  # photo (by its name in pictures), product, finish, quantity


@dataclass(frozen=True)
class Story:
    """One order. `ago` is in hours; `steps` are those of backoffice.order_steps, taken after payment."""

    slug: str
    ago: int
    name: str
    email: str
    phone: str
    place: tuple[str, str, str, str]  # street, postal code, city, zone; empty: pickup
    lines: tuple[Line, ...]
    paid: bool = True
    steps: tuple[str, ...] = ()
    language: str = "pt"
    note: str = ""
    nif: str = ""
    tracking: str = ""
    extra: str = ""
    marks: frozenset[str] = field(
        default_factory=frozenset
    )  # flagged, review, lost_photos, failed_mail, expired, declined


PICKUP = ("", "", "", "")
LISBON = ("Rua do Século 79", "1200-433", "Lisboa", "mainland")
PORTO = ("Rua de Cedofeita 312", "4050-174", "Porto", "mainland")
FUNCHAL = ("Rua da Carreira 45", "9000-042", "Funchal", "madeira")
ANGRA = ("Rua da Sé 118", "9700-191", "Angra do Heroísmo", "acores")
EVORA = ("Rua de Serpa Pinto 20", "7000-537", "Évora", "mainland")
GUINCHO, ESTRELA, ALENTEJO, DOURO = "Pôr do sol no Guincho", "Serra da Estrela", "Alentejo em maio", "Douro vinhateiro"
AVO, TOMAS, WEDDING, LAGOON, TILES = (
    "Avó Lurdes",
    "O Tomás aos três",
    "Casamento Inês e Rui",
    "Lagoa das Sete Cidades",
    "Azulejo",
)

STORIES = (
    Story("new", 1, "Inês Carvalho", "ines.carvalho@example.test", "+351912000101", LISBON,
          ((WEDDING, "20x30", "matte", 2), (GUINCHO, "10x15", "glossy", 10), (AVO, "13x18", "matte", 4)), nif="123456789", extra="2.º Dto."),
    Story("new-pickup", 3, "Duarte Nogueira", "duarte@example.test", "+351933000102", PICKUP,
          ((TOMAS, "10x15", "glossy", 24), (TOMAS, "15x20", "matte", 1)), note="Passo na sexta ao fim da tarde."),
    Story("flagged", 5, "Rosa Medeiros", "rosa.medeiros@example.test", "+351918000103", ANGRA,
          ((LAGOON, "20x30", "matte", 1), (GUINCHO, "13x18", "matte", 2)), marks=frozenset({"flagged"})),
    Story("review", 9, "Miguel Antunes", "miguel@example.test", "+351966000104", PORTO,
          ((DOURO, "20x30", "glossy", 1),), marks=frozenset({"review"})),
    Story("lost-photos", 20, "Carla Fontes", "carla.fontes@example.test", "+351927000105", EVORA,
          ((ALENTEJO, "10x15", "matte", 12), (ESTRELA, "10x15", "matte", 12)), marks=frozenset({"lost_photos"})),
    Story("failed-mail", 26, "Hannah Weiss", "hannah@example.test", "+4915112345678", PORTO,
          ((TILES, "square-15x15", "glossy", 6), (DOURO, "13x18", "matte", 2)), language="en", marks=frozenset({"failed_mail"})),
    Story("printing", 30, "Beatriz Sousa", "bia.sousa@example.test", "+351914000107", FUNCHAL,
          ((GUINCHO, "15x20", "glossy", 4), (LAGOON, "15x20", "glossy", 4)), steps=("start-production",)),
    Story("ready-pickup", 52, "José Manuel Pires", "jmpires@example.test", "+351962000108", PICKUP,
          ((AVO, "portrait-20x25", "matte", 1), (AVO, "10x15", "matte", 8)), steps=("start-production", "ready")),
    Story("shipped", 76, "Sara Lima", "sara.lima@example.test", "+351936000109", LISBON,
          ((WEDDING, "10x15", "matte", 60), (WEDDING, "20x30", "matte", 1)), steps=("start-production", "ready", "ship"), tracking="RT482915637PT"),
    Story("delivered", 240, "Olívia Brandão", "olivia.b@example.test", "+351911000110", EVORA,
          ((ESTRELA, "20x30", "matte", 1), (ALENTEJO, "20x30", "matte", 1)), steps=("start-production", "ship", "delivered"),
          tracking="RT482011203PT", nif="123456789"),
    Story("declined", 2, "", "", "", LISBON, ((TILES, "square-15x15", "matte", 2),), paid=False, marks=frozenset({"declined"})),
    Story("expired", 60, "", "", "", PORTO, ((ESTRELA, "13x18", "glossy", 3),), paid=False, marks=frozenset({"expired"})),
    Story("cancelled", 98, "Nuno Farinha", "nuno@example.test", "+351919000113", LISBON,
          ((GUINCHO, "10x15", "glossy", 20),), steps=("cancel",), note="Enganei-me nas fotografias, desculpem."),
)  # fmt: skip

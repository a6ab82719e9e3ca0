"""The customer's pages as Django answers them: what they show, what they refuse, how many queries they take."""

import datetime
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders import catalogue, drafts, legal, links, pictures, price_book, price_list, services, theme, views
from orders.catalogue import FinishInfo, ProductInfo
from orders.cropping import Crop, Pixels
from orders.information import markup
from orders.models import LegalDocument, Order, OrderPhoto, Product, ShippingZone, ShopSettings
from orders.pictures import Rectangle
from orders.tests import visitors
from orders.tests.factories import OrderFactory, OrderItemFactory, OrderPhotoFactory
from uploads import stash

PAPER = ProductInfo(
    "10x15", "10 × 15", "10 × 15", 100, 150, 3, (FinishInfo("matte", "Mate", "Matte"),), {"": ((1, 35),)}
)


class Photo:
    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height


@pytest.mark.parametrize(
    ("photo", "cut"),
    [
        (Photo(3000, 2000), ""),
        (Photo(2000, 2000), "M0 0H2000V2000H0ZM333.33 0H1666.67V2000H333.33Z"),
        (Photo(2400, 1800), "M0 0H2400V1800H0ZM0 100H2400V1700H0Z"),
    ],
)
def test_the_drawing_darkens_what_the_paper_cuts_off(photo: Pixels, cut: str) -> None:
    """U8: the drawing's numbers are the geometry's, whatever the locale writes for a decimal point."""
    assert pictures.sheet(photo, PAPER, "crop", None).cut == cut


def test_a_white_border_shows_the_whole_photo_on_its_paper() -> None:
    drawn = pictures.sheet(Photo(3000, 2000), PAPER, "border", None)
    assert (drawn.view_box, drawn.cut) == ("0 0 150 100", "")
    assert drawn.image == Rectangle("4.5", "3", "141", "94")


@pytest.mark.parametrize("colour", ["#1f5f5b", "#ffee00", "#ffffff", "#000000", "#ff0000"])
def test_text_in_the_studios_colour_can_be_read_on_both_papers(colour: str) -> None:
    brand = (int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255)
    for paper, step in ((theme.LIGHT_PAPER, -0.02), (theme.DARK_PAPER, 0.02)):
        assert theme.contrast(theme.readable(brand, paper, step), paper) >= 4.5


def test_a_colour_that_is_none_writes_no_style() -> None:
    assert theme.stylesheet("red; } body { display: none") == ""


def test_legal_texts_cannot_carry_markup_of_their_own() -> None:
    """S1: everything is escaped but headings, paragraphs and lists."""
    assert markup("## A & B\n\n- <script>x</script>\n- **two**") == (
        "<h2>A &amp; B</h2>\n<ul><li>&lt;script&gt;x&lt;/script&gt;</li><li><strong>two</strong></li></ul>"
    )


def test_older_versions_of_a_legal_text_stay_reachable(client: Client, db: None) -> None:
    """P1: the version that an order names can be read for ever."""
    catalogue.install_default_catalogue()
    LegalDocument.objects.create(kind="terms", version="new", body_pt="novo", body_en="new text")
    old = LegalDocument.objects.filter(kind="terms").exclude(version="new").get()
    assert "novo" in client.get("/legal/terms/").content.decode()
    assert reverse("legal-version", args=["terms", old.version]) in client.get("/legal/terms/").content.decode()
    assert client.get(reverse("legal-version", args=["terms", old.version])).status_code == 200
    assert client.get("/legal/terms/never/").status_code == 404


def test_a_planned_legal_text_is_read_by_nobody_before_its_hour(client: Client, db: None) -> None:
    """P1: the text of today stands until then, and is an older version from then on."""
    catalogue.install_default_catalogue()
    tomorrow = timezone.now() + datetime.timedelta(days=1)
    planned = LegalDocument.objects.create(
        kind="terms", version="new", body_pt="texto de amanhã", body_en="new", published_at=tomorrow
    )
    address = reverse("legal-version", args=["terms", "new"])
    page = client.get("/legal/terms/").content.decode()
    assert "texto de amanhã" not in page
    assert "Esta é uma versão anterior" not in page
    assert address not in page
    assert client.get(address).status_code == 404
    LegalDocument.objects.filter(pk=planned.pk).update(published_at=timezone.now())
    page = client.get("/legal/terms/").content.decode()
    assert "texto de amanhã" in page
    assert reverse("legal-version", args=["terms", price_list.LEGAL_VERSION]) in page


def test_a_kind_with_only_a_planned_text_has_none_yet(client: Client, db: None) -> None:
    tomorrow = timezone.now() + datetime.timedelta(days=1)
    LegalDocument.objects.create(
        kind="terms", version="1", body_pt="texto de amanhã", body_en="new", published_at=tomorrow
    )
    answer = client.get("/legal/terms/")
    assert answer.status_code == 200
    assert "texto de amanhã" not in answer.content.decode()
    assert legal.versions() == {"terms": "", "privacy": "", "withdrawal": ""}


def test_the_start_page_sets_the_csrf_cookie_and_forbids_inline_code(client: Client, db: None) -> None:
    """S1, S7."""
    catalogue.install_default_catalogue()
    answer = client.get("/")
    page = answer.content.decode()
    assert "csrftoken" in answer.cookies
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert " style=" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count('<script type="module" src="/') + page.count('<script src="/')


def test_an_order_opens_with_its_token_alone(client: Client, db: None) -> None:
    """S4, C62: no token, a wrong one or a revoked one: 404; the right one: no referrer, no index."""
    order = OrderFactory(paid=True)
    path = links.order_path(order)
    answer = client.get(path)
    assert (answer.status_code, answer["Referrer-Policy"], answer["X-Robots-Tag"]) == (200, "strict-origin", "noindex")
    assert client.get(f"/orders/{order.number}/").status_code == 404
    assert client.get(f"/orders/{order.number}/?t=wrong").status_code == 404
    Order.objects.filter(pk=order.pk).update(link_version=2)
    assert client.get(path).status_code == 404


def test_the_order_page_takes_as_many_queries_for_ten_prints_as_for_one(client: Client, db: None) -> None:
    counts = []
    for prints in (1, 10):
        order = OrderFactory(paid=True)
        for _more in range(prints - 1):
            OrderItemFactory(order=order, photo__order=order)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(links.order_path(order)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_htmx_gets_only_what_has_changed_and_a_later_time_to_ask_again(client: Client, db: None) -> None:
    order = OrderFactory(paid=True)
    path = links.order_path(order)
    first = client.get(f"{path}&v=old&n=0", headers={"HX-Request": "true"}).content.decode()
    same = client.get(f"{path}&v=paid.paid..0&n=9", headers={"HX-Request": "true"}).content.decode()
    assert 'id="order-status" hx-swap-oob="true"' in first
    assert "load delay:5s" in first
    assert "order-status" not in same
    assert "load delay:37s" in same
    assert "hx-get" not in client.get(f"{path}&v=x&n=40", headers={"HX-Request": "true"}).content.decode()


def test_the_review_leads_back_to_what_is_missing(client: Client, db: None) -> None:
    catalogue.install_default_catalogue()
    assert client.get("/review/").headers["Location"] == "/"


@pytest.mark.parametrize("path", ["/", "/legal/terms/", "/theme.css"])
@pytest.mark.django_db
def test_monitors_may_ask_with_head(path: str, client: Client) -> None:
    catalogue.install_default_catalogue()
    assert client.head(path).status_code == 200


@pytest.mark.parametrize(
    ("turn", "view", "transform"),
    [
        (90, "0 0 2000 3000", "rotate(90 1000 1500)"),
        (180, "0 0 3000 2000", "rotate(180 1500 1000)"),
        (270, "0 0 2000 3000", "rotate(270 1000 1500)"),
    ],
)
def test_a_turned_photo_is_drawn_turned(turn: int, view: str, transform: str) -> None:
    """U8: about the middle of the place that it fills once it is turned, in the grid and on the finished print."""
    crop: Crop = {"x": 0, "y": 0, "width": 1, "height": 1, "turn": turn}
    x, y = ("-500", "500") if turn != 180 else ("0", "0")
    whole = Rectangle(x, y, "3000", "2000", transform)
    drawn = pictures.sheet(Photo(3000, 2000), PAPER, "crop", crop)
    assert (drawn.view_box, drawn.image) == (view, whole)
    assert pictures.finished(Photo(3000, 2000), PAPER, "crop", crop).image == whole
    bordered = pictures.finished(Photo(3000, 2000), PAPER, "border", crop)
    assert bordered.image == whole
    assert (int(bordered.paper_width) > int(bordered.paper_height)) == (turn == 180)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "pt",
            "Algumas das suas impressões já não estão à venda nesse formato e acabamento, por isso ficaram de fora.",
        ),
        ("en", "Some of your prints are no longer on sale in that size and finish, so they are left out."),
    ],
)
def test_prints_that_went_off_sale_are_not_left_out_in_silence(db: None, language: str, said: str) -> None:
    """U5, C1: said where they are chosen and where they are paid for; the sum is of those that are left."""
    catalogue.install_default_catalogue()
    client = visitors.Browser(headers={"Accept-Language": language})
    draft = visitors.draft_of(client)
    photo, other = visitors.photo(draft), visitors.photo(draft)
    rows = [visitors.row(photo, 3), visitors.row(other, 5, product="20x30", finish="glossy")]
    drafts.set_delivery(drafts.set_items(draft, rows), visitors.PICKUP)
    assert [said in client.get(path).content.decode() for path in ("/", "/review/")] == [False, False]
    Product.objects.filter(code="20x30").update(active=False)
    page = client.get("/").content.decode()
    assert said in page
    assert page.count("data-unsaved") == 2  # of what is copied for a new photo too
    assert client.get("/api/v1/drafts/current/").json()["totals"]["items_cents"] == 105
    review = client.get("/review/").content.decode()
    assert said in review
    assert 'name="shown_cents" value="105"' in review
    drafts.set_items(draft, rows[:1])
    assert [said in client.get(path).content.decode() for path in ("/", "/review/")] == [False, False]


def test_a_photo_that_is_wanted_anew_is_shown_and_one_that_was_lost_is_not(client: Client, db: None) -> None:
    """The customer sees which one it is, as in the mail; where the bytes are gone there is nothing to show."""
    order = OrderFactory(paid=True, items=False)
    for seq in (1, 2):
        OrderPhotoFactory(order=order, seq=seq)
    OrderPhoto.objects.filter(seq=1).update(stored_at=timezone.now(), thumbnail_key="orders/1.jpg")
    OrderPhoto.objects.filter(seq=2).update(missing_since=timezone.now())
    services.ask_for_photo(order, 1, "Está desfocada.")
    page = client.get(links.order_path(order)).content.decode()
    wanted = page.split('id="missing-heading"')[1].split("</section>")[0]
    assert re.findall(r'for="again-(\d)">Fotografia', wanted) == ["1", "2"]
    assert re.findall(r'<img src="/orders/[^"]+/photos/(\d)\.jpg\?t=[^"]+" alt="">', wanted) == ["1"]


def test_the_review_looks_again_while_photos_are_being_looked_at(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    """Without JavaScript for the first seconds; by its script as long as it takes; afterwards no more."""
    catalogue.install_default_catalogue()
    client = visitors.Browser()
    draft = visitors.draft_of(client)
    photo = visitors.photo(draft, state="checking")
    drafts.set_delivery(drafts.set_items(draft, [visitors.row(photo, 2)]), visitors.PICKUP)
    said = ('http-equiv="refresh" content="3"', "orders/js/review", 'button wide" disabled')
    page = client.get("/review/").content.decode()
    assert [words in page for words in said] == [True, True, True]
    with monkeypatch.context() as later:
        later.setattr(views, "LOOK_AGAIN_FOR", datetime.timedelta(0))
        page = client.get("/review/").content.decode()
        assert [words in page for words in said] == [False, True, True]
    stash.mark_ready(draft.id, photo.id, width=1800, height=1200)
    page = client.get("/review/").content.decode()
    assert [words in page for words in said] == [False, False, False]


def test_no_line_break_parts_a_size(client: Client, db: None) -> None:
    catalogue.install_default_catalogue()
    page = client.get("/", headers={"Accept-Language": "pt"}).content.decode()
    assert "<strong>Retrato 20\u00a0×\u00a025\u00a0cm</strong>" in page
    assert "<strong>10\u00a0×\u00a015\u00a0cm</strong>" in page


@pytest.mark.parametrize(("language", "islands"), [("pt", "Açores"), ("en", "Azores")])
def test_the_islands_have_their_name_in_the_pages_language(db: None, language: str, islands: str) -> None:
    catalogue.install_default_catalogue()
    client = visitors.Browser(headers={"Accept-Language": language})
    draft = visitors.draft_of(client)
    drafts.set_items(draft, [visitors.row(visitors.photo(draft))])
    page = client.get("/delivery/").content.decode()
    assert re.findall("A[cçz]ores", page) == [islands]


def test_the_start_page_says_what_delivery_costs_and_how_long_it_takes(client: Client, db: None) -> None:
    """The cheapest zone's; free above a sum, and where it is fetched, if the shop has it so."""
    catalogue.install_default_catalogue()
    ShopSettings.objects.update_or_create(pk=1, defaults={"delivery_days_min": 3, "delivery_days_max": 6})
    page = client.get("/", headers={"Accept-Language": "pt"}).content.decode()
    assert "<strong>Entrega desde 3,90\u00a0€</strong>" in page
    assert "Normalmente 3–6 dias úteis após o pagamento, em todo o país. O levantamento no estúdio é grátis." in page
    ShopSettings.objects.update(free_shipping_from_cents=5000, pickup_enabled=False, delivery_days_max=3)
    ShippingZone.objects.update(price_cents=0)
    price_book.forget()
    page = client.get("/", headers={"Accept-Language": "en"}).content.decode()
    assert "<strong>Free delivery</strong>" in page
    assert "Usually 3 working days after payment, anywhere in Portugal. Free from €50.00.</span>" in page


def test_the_review_tells_size_and_number_apart_and_groups_the_phone_number(client: Client, db: None) -> None:
    draft = visitors.complete()
    delivery = (draft.delivery or {}) | {"phone": "+351912345678"}
    drafts.set_delivery(draft, {name: str(value) for name, value in delivery.items()})
    session = client.session
    session[drafts.SESSION_KEY] = draft.id
    session.save()
    page = client.get("/review/").content.decode()
    assert '<strong class="number">10 × 15 cm</strong>' in page
    assert '<p class="small count">2 impressões</p>' in page
    assert "+351 912 345 678" in page

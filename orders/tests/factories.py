"""Made-up products, orders and people for every app's tests."""
# mypy: disable-error-code="attr-defined, no-untyped-call, type-arg, untyped-decorator"

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar, cast

import factory
from django.utils import timezone

from orders.models import Finish, Order, OrderItem, OrderPhoto, PriceTier, Product

T = TypeVar("T", covariant=True)


class Factory(Protocol[T]):
    """What factory_boy's classes are, with the type of what they make."""

    def __call__(self, **fields: Any) -> T: ...
    def create_batch(self, size: int, **fields: Any) -> Sequence[T]: ...


PERSON = {
    "name": "Maria João Ângelo",
    "email": "maria@example.test",
    "phone": "+351912345678",
    "street": "Rua Augusta 100",
    "extra": "3.º Esq.",
    "postal_code": "1100-053",
    "city": "Lisboa",
    "nif": "123456789",
    "note": "Tocar duas vezes",
    "formatted_address": "R. Augusta 100, 1100-053 Lisboa, Portugal",
    "place_id": "place-augusta-100",
}


class _Finish(factory.django.DjangoModelFactory):
    class Meta:
        model = Finish
        django_get_or_create = ("code",)

    code = "matte"
    name_pt = "Mate"
    name_en = "Matte"


class _Product(factory.django.DjangoModelFactory):
    """A 10 × 15 cm print at 35 cents, in matte."""

    class Meta:
        model = Product
        django_get_or_create = ("code",)
        skip_postgeneration_save = True

    code = "10x15"
    name_pt = "10 × 15 cm"
    name_en = "10 × 15 cm"
    width_mm = 100
    height_mm = 150

    @factory.post_generation
    def tiers(product: Product, create: bool, given: Any) -> None:  # noqa: N805 - factory_boy hands the made object over first
        for start, cents in given or [(1, 35)]:
            PriceTier.objects.get_or_create(product=product, from_quantity=start, defaults={"unit_cents": cents})
        product.finishes.add(FinishFactory())


class _Order(factory.django.DjangoModelFactory):
    """A pending order of one photo, printed twice at 35 cents, posted to the mainland for 390: 460 cents.

    `OrderFactory(paid=True)` is paid and has its personal data; `items=False` leaves photo and print out.
    """

    class Meta:
        model = Order
        skip_postgeneration_save = True

    class Params:
        paid = factory.Trait(
            state=Order.State.PAID,
            payment_state=Order.PaymentState.PAID,
            paid_at=factory.LazyFunction(timezone.now),
            **PERSON,
        )

    draft_id = factory.Sequence(lambda n: f"draft-{n}")
    fingerprint = factory.Sequence(lambda n: f"{n:064x}")
    items_cents = 70
    shipping_cents = 390
    total_cents = 460
    tax_cents = 86
    iva_percent = 23
    prints = 2
    method = Order.Method.POST
    zone = "mainland"
    terms_version = "1"
    privacy_version = "1"
    terms_accepted_at = factory.LazyFunction(timezone.now)

    @factory.post_generation
    def items(order: Order, create: bool, given: Any) -> None:  # noqa: N805 - factory_boy hands the made object over first
        if create and given is not False:
            photo = OrderPhotoFactory(order=order, filename="praia.jpg" if order.paid_at else "")
            OrderItemFactory(order=order, photo=photo)


class _OrderPhoto(factory.django.DjangoModelFactory):
    class Meta:
        model = OrderPhoto

    order = factory.SubFactory(_Order, items=False)
    seq = factory.LazyAttribute(lambda photo: photo.order.photos.count() + 1)
    photo_id = factory.Sequence(lambda n: f"photo-{n}")
    content_type = "image/jpeg"
    bytes = 1000
    width = 1800
    height = 1200
    sha256 = factory.Sequence(lambda n: f"{n:064x}")


class _OrderItem(factory.django.DjangoModelFactory):
    class Meta:
        model = OrderItem

    photo = factory.SubFactory(_OrderPhoto)
    order = factory.SelfAttribute("photo.order")
    product_code = "10x15"
    product_name = "10 × 15 cm"
    width_mm = 100
    height_mm = 150
    finish_code = "matte"
    finish_name = factory.LazyAttribute(lambda item: "Matte" if item.order.language == "en" else "Mate")
    quantity = 2
    dpi = 304
    quality = "good"
    unit_cents = 35
    line_cents = factory.LazyAttribute(lambda item: item.unit_cents * item.quantity)


FinishFactory = cast("Factory[Finish]", _Finish)
ProductFactory = cast("Factory[Product]", _Product)
OrderFactory = cast("Factory[Order]", _Order)
OrderPhotoFactory = cast("Factory[OrderPhoto]", _OrderPhoto)
OrderItemFactory = cast("Factory[OrderItem]", _OrderItem)

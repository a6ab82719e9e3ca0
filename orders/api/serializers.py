"""The shapes of the API, for its documentation and for reading bodies. Rules live in the services, not here."""

from rest_framework import serializers as s

from orders.models import Order

QUALITIES = ["good", "fair", "poor"]


class CropSerializer(s.Serializer[object]):
    """In fractions of the upright photo, as it lies after `turn`: degrees clockwise, 0 where it is left out.

    All of a turned photo (0, 0, 1, 1) is cut in the middle. With a white border the turn alone counts.
    """

    x = s.FloatField(min_value=0, max_value=1)
    y = s.FloatField(min_value=0, max_value=1)
    width = s.FloatField(min_value=0, max_value=1)
    height = s.FloatField(min_value=0, max_value=1)
    turn = s.ChoiceField([0, 90, 180, 270], required=False, default=0)


class ItemRequestSerializer(s.Serializer[object]):
    photo = s.CharField()
    product = s.CharField()
    finish = s.CharField()
    quantity = s.IntegerField(min_value=1)
    fit = s.ChoiceField(["crop", "border"], default="crop")
    crop = CropSerializer(allow_null=True, required=False)


class ItemSerializer(ItemRequestSerializer):
    unit_cents = s.IntegerField()
    line_cents = s.IntegerField()
    dpi = s.IntegerField()
    quality = s.ChoiceField(QUALITIES)


class ProblemSerializer(s.Serializer[object]):
    code = s.CharField()
    detail = s.CharField()


class PhotoSerializer(s.Serializer[object]):
    id = s.CharField()
    state = s.ChoiceField(["checking", "ready", "broken"])
    problem = ProblemSerializer(allow_null=True)
    filename = s.CharField(allow_blank=True)
    content_type = s.CharField()
    bytes = s.IntegerField()
    width = s.IntegerField(help_text="pixels, upright")
    height = s.IntegerField(help_text="pixels, upright")
    sha256 = s.CharField()
    preview_url = s.CharField()
    expires_at = s.DateTimeField()
    duplicate_of = s.CharField(allow_null=True)


class TotalsSerializer(s.Serializer[object]):
    """In cents, IVA included; `tax_cents` is the IVA within the total."""

    items_cents = s.IntegerField()
    shipping_cents = s.IntegerField()
    discount_cents = s.IntegerField(help_text="taken off by a coupon; total = items + shipping - discount")
    total_cents = s.IntegerField()
    tax_cents = s.IntegerField()
    currency = s.CharField()
    prints = s.IntegerField()


class DeliverySerializer(s.Serializer[object]):
    method = s.ChoiceField(Order.Method.values)
    name = s.CharField(max_length=120)
    email = s.CharField(max_length=254)
    phone = s.CharField(max_length=40, required=False, allow_blank=True)
    street = s.CharField(max_length=160, required=False, allow_blank=True)
    extra = s.CharField(max_length=80, required=False, allow_blank=True)
    postal_code = s.CharField(max_length=20, required=False, allow_blank=True)
    city = s.CharField(max_length=80, required=False, allow_blank=True)
    nif = s.CharField(max_length=20, required=False, allow_blank=True)
    language = s.ChoiceField(["pt", "en"], required=False)
    note = s.CharField(max_length=1000, required=False, allow_blank=True)


class DeliveryRequestSerializer(DeliverySerializer):
    keep = s.BooleanField(required=False, help_text="go on with the address as typed, although another was suggested")
    use_suggestion = s.BooleanField(required=False, help_text="go on with the suggested address")
    place_id = s.CharField(required=False, allow_blank=True, help_text="which of several candidates is meant")


class SuggestionSerializer(s.Serializer[object]):
    street = s.CharField(allow_blank=True)
    postal_code = s.CharField(allow_blank=True)
    city = s.CharField(allow_blank=True)


class AddressSerializer(s.Serializer[object]):
    kind = s.ChoiceField(["confirmed", "suggested"])
    formatted_address = s.CharField(allow_blank=True)
    place_id = s.CharField(allow_blank=True)
    suggestion = SuggestionSerializer(allow_null=True)
    zone = s.CharField(allow_blank=True)
    confirmed = s.BooleanField()
    flagged = s.BooleanField()


class CouponSerializer(s.Serializer[object]):
    """The code entered, and why it takes nothing off where it does not hold."""

    code = s.CharField()
    problem = ProblemSerializer(allow_null=True)


class RunningTotalSerializer(s.Serializer[object]):
    """The sum so far as the page says it, in the reader's language; with the cheapest post while the address is unknown."""

    sum = s.CharField()
    count = s.CharField()
    detail = s.CharField()
    hint = s.CharField(allow_blank=True)


class DraftSerializer(s.Serializer[object]):
    id = s.CharField()
    expires_at = s.DateTimeField()
    photos = PhotoSerializer(many=True)
    items = ItemSerializer(many=True)
    delivery = DeliverySerializer(allow_null=True)
    address = AddressSerializer(allow_null=True)
    totals = TotalsSerializer()
    running_total = RunningTotalSerializer()
    coupon = CouponSerializer(allow_null=True)


class VerdictSerializer(s.Serializer[object]):
    verdict = s.ChoiceField(["confirmed", "suggested"])
    formatted_address = s.CharField(allow_blank=True)
    suggestion = SuggestionSerializer(allow_null=True)
    flagged = s.BooleanField()
    draft = DraftSerializer()


class NameSerializer(s.Serializer[object]):
    code = s.CharField()
    name = s.CharField()


class PixelsSerializer(s.Serializer[object]):
    """Least width and height of the photo, in pixels."""

    good = s.ListField(child=s.IntegerField(), min_length=2, max_length=2)
    fair = s.ListField(child=s.IntegerField(), min_length=2, max_length=2)


class ProductSerializer(s.Serializer[object]):
    code = s.CharField()
    name = s.CharField()
    width_mm = s.IntegerField()
    height_mm = s.IntegerField()
    border_mm = s.IntegerField()
    finishes = NameSerializer(many=True)
    tiers = s.ListField(child=s.DictField(child=s.IntegerField()), help_text="[{from, unit_cents}]")
    pixels = PixelsSerializer()


class OrderItemSerializer(s.Serializer[object]):
    photo = s.IntegerField(help_text="the photo's seq")
    product = s.CharField()
    product_name = s.CharField()
    finish = s.CharField()
    quantity = s.IntegerField()
    fit = s.ChoiceField(["crop", "border"])
    crop = CropSerializer(allow_null=True)
    unit_cents = s.IntegerField(allow_null=True)
    line_cents = s.IntegerField(allow_null=True)
    dpi = s.IntegerField()
    quality = s.ChoiceField(QUALITIES)


class OrderPhotoSerializer(s.Serializer[object]):
    seq = s.IntegerField()
    filename = s.CharField(allow_blank=True)
    sha256 = s.CharField()
    stored = s.BooleanField()
    missing = s.BooleanField()
    replace_reason = s.CharField(allow_blank=True, help_text="why the shop asked for another photo")


class ShipmentSerializer(s.Serializer[object]):
    carrier = s.CharField(allow_blank=True)
    tracking = s.CharField(allow_blank=True)
    url = s.CharField(allow_blank=True)


class VoucherSerializer(s.Serializer[object]):
    entity = s.CharField()
    reference = s.CharField()
    amount_cents = s.IntegerField()
    expires_at = s.DateTimeField(allow_null=True)


class EventSerializer(s.Serializer[object]):
    at = s.DateTimeField()
    kind = s.CharField()
    from_ = s.CharField(allow_blank=True)
    to = s.CharField(allow_blank=True)

    def get_fields(self) -> dict[str, "s.Field[object, object, object, object]"]:
        fields = super().get_fields()
        fields["from"] = fields.pop("from_")
        return fields


class OrderSerializer(s.Serializer[object]):
    number = s.CharField()
    state = s.ChoiceField(Order.State.values)
    payment_state = s.ChoiceField(Order.PaymentState.values)
    created_at = s.DateTimeField()
    payments = s.ListField(child=s.CharField())
    items = OrderItemSerializer(many=True)
    delivery = DeliverySerializer()
    totals = TotalsSerializer(allow_null=True)
    photos = OrderPhotoSerializer(many=True)
    shipment = ShipmentSerializer(allow_null=True)
    voucher = VoucherSerializer(allow_null=True)
    events = EventSerializer(many=True)


class OrderPageSerializer(s.Serializer[object]):
    """`next` and `previous` are the addresses of the pages beside this one, null at the ends."""

    next = s.CharField(allow_null=True)
    previous = s.CharField(allow_null=True)
    results = OrderSerializer(many=True)

"""The shapes of the API's payment calls (DESIGN §4)."""

from typing import Any

from rest_framework import serializers

from payments.models import LinkRefund, PaymentAttempt, PaymentEvent, Refund


class CheckoutRequestSerializer(serializers.Serializer[Any]):
    method = serializers.ChoiceField(choices=PaymentAttempt.Method.choices, default=PaymentAttempt.Method.CHECKOUT)
    accept_terms = serializers.BooleanField(default=False)


class CheckoutSerializer(serializers.Serializer[Any]):
    order = serializers.CharField(help_text="the order's number")
    url = serializers.CharField(help_text="where the customer pays")
    client_secret = serializers.CharField(allow_null=True)
    order_url = serializers.CharField(help_text="the order's page, with its signed token")


class PaymentEventSerializer(serializers.ModelSerializer[PaymentEvent]):
    # `from` is a reserved word in Python and the contract's name.
    vars()["from"] = serializers.CharField(source="from_state")
    to = serializers.CharField(source="to_state")

    class Meta:
        model = PaymentEvent
        fields = ["at", "kind", "from", "to"]


class PaymentSerializer(serializers.ModelSerializer[PaymentAttempt]):
    id = serializers.CharField(source="public_id")
    order = serializers.CharField(source="order.number")
    provider_id = serializers.SerializerMethodField()
    events = PaymentEventSerializer(many=True)

    class Meta:
        model = PaymentAttempt
        fields = [
            "id",
            "order",
            "provider_id",
            "method",
            "state",
            "amount_cents",
            "refunded_cents",
            "currency",
            "created_at",
            "events",
        ]

    def get_provider_id(self, attempt: PaymentAttempt) -> str:
        return attempt.intent_id or attempt.session_id or ""


class RefundRequestSerializer(serializers.Serializer[Any]):
    amount_cents = serializers.IntegerField(min_value=1, max_value=2_147_483_647, required=False, allow_null=True)
    reason = serializers.CharField(max_length=255)


class RefundSerializer(serializers.ModelSerializer[Refund]):
    id = serializers.CharField(source="public_id")

    class Meta:
        model = Refund
        fields = ["id", "amount_cents", "state", "reason"]


class LinkRefundSerializer(serializers.ModelSerializer[LinkRefund]):
    id = serializers.CharField(source="public_id")

    class Meta:
        model = LinkRefund
        fields = ["id", "amount_cents", "state", "reason"]

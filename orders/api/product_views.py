"""The price list over HTTP."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from orders import catalogue, quality
from orders.api import serializers


class ProductsView(APIView):
    @extend_schema(operation_id="products_list", responses=serializers.ProductSerializer(many=True))
    def get(self, request: Request) -> Response:
        """What is on sale: sizes in mm, finishes, prices in cents with IVA, and the pixels that each quality needs."""
        return Response([product_json(product) for product in catalogue.products().values()])


def product_json(product: catalogue.ProductInfo, price_group: str = "") -> dict[str, object]:
    return {
        "code": product.code,
        "name": product.name,
        "width_mm": product.width_mm,
        "height_mm": product.height_mm,
        "border_mm": product.border_mm,
        "finishes": [{"code": finish.code, "name": finish.name} for finish in product.finishes],
        "tiers": [{"from": start, "unit_cents": cents} for start, cents in product.tiers_for(price_group)],
        "pixels": {
            "good": quality.pixels_for(product, quality.GOOD_DPI),
            "fair": quality.pixels_for(product, quality.FAIR_DPI),
        },
    }

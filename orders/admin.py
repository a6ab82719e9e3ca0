"""What the owner sells and says: catalogue, shipping, studio, legal texts. Orders have their screens in backoffice."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin, TabularInline

from orders import coupons, information, legal
from orders.models import Coupon, Finish, LegalDocument, PriceTier, Product, ShippingZone, ShopSettings


class PriceTierForm(forms.ModelForm[PriceTier]):
    """A public price. Groups come with trade customers: until then a price of one would be nobody's, and a product
    without a public price is not on sale. The field stays in the form, hidden, so that a price given twice is noticed."""

    class Meta:
        model = PriceTier
        fields = ["from_quantity", "unit_cents", "price_group"]
        widgets = {"price_group": forms.HiddenInput}

    def clean_price_group(self) -> str:
        return ""


class PriceTierInline(TabularInline):
    """Prices of a product by quantity, in cents with IVA."""

    model = PriceTier
    form = PriceTierForm
    extra = 0
    fields = ["from_quantity", "unit_cents", "price_group"]
    ordering = ["from_quantity"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PriceTier]:
        public: QuerySet[PriceTier] = super().get_queryset(request).filter(price_group="")
        return public


@admin.register(Product)
class ProductAdmin(SimpleHistoryAdmin, ModelAdmin):
    list_display = ["name_pt", "code", "width_mm", "height_mm", "active", "position"]
    list_editable = ["active", "position"]
    list_filter = ["active"]
    search_fields = ["code", "name_pt", "name_en"]
    filter_horizontal = ["finishes"]
    inlines = [PriceTierInline]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "code",
                    ("name_pt", "name_en"),
                    ("width_mm", "height_mm", "border_mm"),
                    "finishes",
                    ("active", "position"),
                ]
            },
        ),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> list[str]:
        """The code names print files and folders: it is chosen once."""
        return ["code"] if obj else []


@admin.register(Finish)
class FinishAdmin(ModelAdmin):
    list_display = ["name_pt", "name_en", "code", "position"]
    list_editable = ["position"]

    def get_readonly_fields(self, request: HttpRequest, obj: Finish | None = None) -> list[str]:
        return ["code"] if obj else []


@admin.register(ShippingZone)
class ShippingZoneAdmin(SimpleHistoryAdmin, ModelAdmin):
    """The three zones are fixed; their prices are not."""

    list_display = ["__str__", "price_cents"]
    readonly_fields = ["code"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ShippingZone | None = None) -> bool:
        return False


@admin.register(ShopSettings)
class ShopSettingsAdmin(SimpleHistoryAdmin, ModelAdmin):
    """One page, no list: there is one shop."""

    fieldsets = [
        (_("Studio"), {"fields": ["studio_name", "legal_name", "address", "nipc", ("email", "phone")]}),
        (_("Looks"), {"fields": [("logo", "colour")]}),
        (_("Prices"), {"fields": ["iva_percent", ("minimum_order_cents", "free_shipping_from_cents")]}),
        (
            _("Delivery"),
            {
                "fields": [
                    ("delivery_days_min", "delivery_days_max"),
                    "pickup_enabled",
                    ("pickup_hours_pt", "pickup_hours_en"),
                ]
            },
        ),
        (_("Consumer law"), {"fields": ["complaints_url", "arbitration_body", "arbitration_url"]}),
        (_("Who processes personal data"), {"fields": ["carrier", "hosting_provider", "email_provider"]}),
    ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        if not self.has_view_or_change_permission(request):
            refused: HttpResponseBase = super().changelist_view(request, extra_context)
            return refused
        ShopSettings.objects.get_or_create(pk=1)
        return HttpResponseRedirect(reverse("admin:orders_shopsettings_change", args=[1]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ShopSettings | None = None) -> bool:
        return False


@admin.register(Coupon)
class CouponAdmin(SimpleHistoryAdmin, ModelAdmin):
    """Coupon codes. A code that an order used can be switched off, not deleted."""

    list_display = [
        "code",
        "kind",
        "percent",
        "amount_cents",
        "valid_from",
        "valid_until",
        "used",
        "max_uses",
        "active",
    ]
    list_filter = ["active", "kind"]
    search_fields = ["code"]
    fieldsets = [
        (None, {"fields": ["code", "kind", ("percent", "amount_cents"), "active"]}),
        (_("Limits"), {"fields": ["minimum_cents", ("valid_from", "valid_until"), ("max_uses", "max_uses_each")]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Coupon]:
        used = Count("orders", filter=~Q(orders__state__in=coupons.UNUSED))
        counted: QuerySet[Coupon] = super().get_queryset(request).annotate(used=used)
        return counted

    @admin.display(description=_("used"), ordering="used")
    def used(self, coupon: Coupon) -> int:
        return int(getattr(coupon, "used", 0))


@admin.register(LegalDocument)
class LegalDocumentAdmin(ModelAdmin):
    """Versions of legal texts. A published version stands with the orders that accepted it (P1): write a new one."""

    list_display = ["kind", "version", "published_at"]
    list_filter = ["kind"]
    ordering = ["kind", "-published_at"]
    fields = [("kind", "version"), "published_at", "body_pt", "body_en", "preview"]
    readonly_fields = ["preview"]

    @admin.display(description=_("preview"))
    def preview(self, document: LegalDocument) -> SafeString | str:
        if document.pk is None:
            return "–"
        url = reverse("admin:orders_legaldocument_preview", args=[document.pk])
        return format_html('<a href="{}">{}</a>', url, _("The saved text as customers read it"))

    def get_urls(self) -> list[URLPattern]:
        preview = path(
            "<int:object_id>/preview/",
            self.admin_site.admin_view(self.preview_view),
            name="orders_legaldocument_preview",
        )
        return [preview, *super().get_urls()]

    def preview_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The only place where a planned text can be read as a page."""
        document = get_object_or_404(LegalDocument, pk=object_id)
        if not self.has_view_permission(request, document):
            raise PermissionDenied
        return information.legal_preview(request, document)

    def has_change_permission(self, request: HttpRequest, obj: LegalDocument | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or not _holds(obj))

    def has_delete_permission(self, request: HttpRequest, obj: LegalDocument | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or not _holds(obj))


def _holds(document: LegalDocument) -> bool:
    return legal.published().contains(document)

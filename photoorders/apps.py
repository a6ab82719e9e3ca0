from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PhotoordersConfig(AppConfig):
    name = "photoorders"
    verbose_name = _("Photoorders")

    def ready(self) -> None:
        from photoorders import checks, measuring, tracing, workers  # noqa: F401 - each registers itself

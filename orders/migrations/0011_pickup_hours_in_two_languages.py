from django.db import migrations, models

PT = models.CharField(blank=True, max_length=160, verbose_name="opening hours (Portuguese)")
EN = models.CharField(blank=True, max_length=160, verbose_name="opening hours (English)")
MODELS = ("shopsettings", "historicalshopsettings")


class Migration(migrations.Migration):
    """What the owner wrote stays, as the Portuguese hours; the English ones begin empty and fall back on them."""

    dependencies = [
        ("orders", "0010_photos_deleted"),
    ]

    operations = [
        *(migrations.RenameField(model, "pickup_hours", "pickup_hours_pt") for model in MODELS),
        *(migrations.AlterField(model, "pickup_hours_pt", PT) for model in MODELS),
        *(migrations.AddField(model, "pickup_hours_en", EN) for model in MODELS),
    ]

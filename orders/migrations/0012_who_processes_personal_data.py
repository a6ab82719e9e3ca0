from django.db import migrations, models


class Migration(migrations.Migration):
    """The names that the privacy text gives (P3)."""

    dependencies = [
        ("orders", "0011_pickup_hours_in_two_languages"),
    ]

    operations = [
        migrations.AddField(
            model_name="historicalshopsettings",
            name="carrier",
            field=models.CharField(
                blank=True,
                help_text="named in the privacy text, such as CTT – Correios de Portugal, S.A.",
                max_length=160,
                verbose_name="carriers",
            ),
        ),
        migrations.AddField(
            model_name="historicalshopsettings",
            name="email_provider",
            field=models.CharField(
                blank=True, help_text="with its country", max_length=160, verbose_name="email provider"
            ),
        ),
        migrations.AddField(
            model_name="historicalshopsettings",
            name="hosting_provider",
            field=models.CharField(
                blank=True,
                help_text="of the shop and the photos, with its country",
                max_length=160,
                verbose_name="hosting provider",
            ),
        ),
        migrations.AddField(
            model_name="shopsettings",
            name="carrier",
            field=models.CharField(
                blank=True,
                help_text="named in the privacy text, such as CTT – Correios de Portugal, S.A.",
                max_length=160,
                verbose_name="carriers",
            ),
        ),
        migrations.AddField(
            model_name="shopsettings",
            name="email_provider",
            field=models.CharField(
                blank=True, help_text="with its country", max_length=160, verbose_name="email provider"
            ),
        ),
        migrations.AddField(
            model_name="shopsettings",
            name="hosting_provider",
            field=models.CharField(
                blank=True,
                help_text="of the shop and the photos, with its country",
                max_length=160,
                verbose_name="hosting provider",
            ),
        ),
    ]

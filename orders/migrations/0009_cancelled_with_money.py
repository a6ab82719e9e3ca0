from django.db import migrations, models


class Migration(migrations.Migration):
    """The desk asks which cancelled orders still hold money: few, among many that were refunded."""

    dependencies = [
        ("orders", "0008_append_only_events"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(
                    ("payment_state__in", ["paid", "partly_refunded", "review"]), ("state", "cancelled")
                ),
                fields=["-created_at"],
                name="order_cancelled_with_money",
            ),
        ),
    ]

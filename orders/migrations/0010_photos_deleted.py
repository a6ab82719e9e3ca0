from django.db import migrations, models


class Migration(migrations.Migration):
    """When an order's photos left S3, and which orders still keep theirs."""

    dependencies = [
        ("orders", "0009_cancelled_with_money"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="photos_deleted_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="photos deleted"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("paid_at__isnull", False), ("photos_deleted_at__isnull", True)),
                fields=["id"],
                name="order_keeps_photos",
            ),
        ),
    ]

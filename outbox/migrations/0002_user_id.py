from django.db import migrations, models


class Migration(migrations.Migration):
    """Whose click the work goes back to, beside the click's correlation id."""

    dependencies = [
        ("outbox", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="outboxmessage",
            name="user_id",
            field=models.BigIntegerField(editable=False, null=True, verbose_name="user"),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0013_refund_asked_all"),
    ]

    operations = [
        migrations.AddField(
            model_name="linkrefund",
            name="asked_all",
            field=models.BooleanField(editable=False, null=True),
        ),
    ]

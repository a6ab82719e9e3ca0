from django.db import migrations, models


class Migration(migrations.Migration):
    """The help text of a crop names its turn; nothing changes in the database."""

    dependencies = [
        ('orders', '0013_logo_size'),
    ]

    operations = [
        migrations.AlterField(
            model_name='orderitem',
            name='crop',
            field=models.JSONField(blank=True, help_text='x, y, width, height in fractions of the upright photo, as it lies after `turn` degrees clockwise', null=True, verbose_name='crop'),
        ),
    ]

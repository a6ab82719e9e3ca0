from django.db import migrations, models


class Migration(migrations.Migration):
    """Width and height of the studio's logo, px; empty until it is next saved."""

    dependencies = [
        ('orders', '0012_who_processes_personal_data'),
    ]

    operations = [
        migrations.AddField(
            model_name='historicalshopsettings',
            name='logo_height',
            field=models.PositiveIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='historicalshopsettings',
            name='logo_width',
            field=models.PositiveIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='shopsettings',
            name='logo_height',
            field=models.PositiveIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='shopsettings',
            name='logo_width',
            field=models.PositiveIntegerField(blank=True, editable=False, null=True),
        ),
    ]

"""The Celery application. Tasks live in each app's tasks.py; queues: webhooks, photos, mail, slow, default."""

import os

from celery import Celery
from celery.signals import beat_init, celeryd_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photoorders.settings")

app = Celery("photoorders")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_configure.connect
def _load_settings(**kwargs: object) -> None:
    from photoorders.checks import load_settings

    load_settings()


@beat_init.connect
@celeryd_init.connect
def _check_settings(**kwargs: object) -> None:
    from photoorders.checks import refuse_unsafe_start

    refuse_unsafe_start()

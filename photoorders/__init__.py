"""The roof: settings, URLs, Celery, health, metrics. Imported by no app."""

from photoorders import process_identity
from photoorders.celery import app as celery_app

__all__ = ["celery_app", "process_identity"]

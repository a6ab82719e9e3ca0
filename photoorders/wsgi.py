"""The WSGI application that gunicorn serves."""

from django.core.wsgi import get_wsgi_application

from photoorders.checks import load_settings, refuse_unsafe_start

load_settings()
application = get_wsgi_application()
refuse_unsafe_start()

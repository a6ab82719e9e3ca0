"""Django settings, read from the environment (docs/operating.md lists every variable; `.env.example` too)."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
from botocore.config import Config as S3ClientConfig
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from photoorders import environment as env
from photoorders import logs

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env.read_dotenv(BASE_DIR / ".env")

# --- What kind of run this is -------------------------------------------------------------------------------------
DEBUG = env.flag("DEBUG")
DEMO = env.flag("DEMO")  # allows the stand-ins, demo accounts and made-up secrets; refused in production by checks
TESTING = "pytest" in sys.modules
INSECURE_SECRET_KEY = "insecure-demo-key-never-for-production"  # noqa: S105 - named for what it is; checks refuse it
SECRET_KEY = env.text("SECRET_KEY") or INSECURE_SECRET_KEY
SITE_URL = env.url("SITE_URL", f"http://127.0.0.1:{env.number('PORT', 8000, 1, 65535)}")
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS") or [str(urlsplit(SITE_URL).hostname), "127.0.0.1", "localhost"]
CSRF_TRUSTED_ORIGINS = [SITE_URL]
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")  # addresses or networks whose X-Forwarded-For is believed
CORS_ALLOWED_ORIGINS = env.items("CORS_ALLOWED_ORIGINS")
ROOT_URLCONF = "photoorders.urls"
WSGI_APPLICATION = "photoorders.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "corsheaders",
    "csp",
    "axes",
    "django_htmx",
    "simple_history",
    "pgtrigger",
    "storages",
    "outbox",
    "addresses",
    "uploads",
    "accounts",
    "orders",
    "payments",
    "backoffice",
    "photoorders",
]

MIDDLEWARE = [
    "photoorders.requests.RequestIdMiddleware",
    "photoorders.measuring.DurationMiddleware",
    "payments.webhook_middleware.WebhookMiddleware",  # before all that exists for pages
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    *(["corsheaders.middleware.CorsMiddleware"] if CORS_ALLOWED_ORIGINS else []),
    "backoffice.csp.PolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "photoorders.requests.UserIdMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
    "backoffice.forged_filters.ForgedFilterMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "orders.context.shop",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- PostgreSQL ---------------------------------------------------------------------------------------------------
DATABASES = {
    "default": env.database("DATABASE_URL") or {"ENGINE": "django.db.backends.postgresql", "NAME": "photoorders"}
}
DATABASES["default"] |= {
    "CONN_MAX_AGE": env.number("DATABASE_CONN_MAX_AGE", 60),  # seconds
    "CONN_HEALTH_CHECKS": True,
    "ATOMIC_REQUESTS": False,  # transactions are opened by services, never around a network call (C42)
}
DATABASES["default"]["OPTIONS"] = DATABASES["default"].get("OPTIONS", {}) | {"connect_timeout": 5}  # type: ignore[operator]  # a mapping

# --- Redis: cache, sessions, drafts and broker in one; photo bytes may have one of their own --------------------------
REDIS_URL = env.url("REDIS_URL", "redis://127.0.0.1:6379/0", ("redis", "rediss", "unix"))
PHOTOS_REDIS_URL = env.url("PHOTOS_REDIS_URL", REDIS_URL, ("redis", "rediss", "unix"))
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 3, "SOCKET_TIMEOUT": 5},  # seconds
    },
    # Parts of pages that are the same for everybody, SHOWN_SECONDS long: in the process, a way to Redis costs as much.
    "template_fragments": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
SESSION_COOKIE_AGE = 86_400 * 2  # seconds; a draft lives one day, a sign-in two

# --- Celery -------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = env.url("CELERY_BROKER_URL", REDIS_URL, ("redis", "rediss", "unix"))
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 600  # seconds; tasks that need less say so
CELERY_TASK_SOFT_TIME_LIMIT = 570
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False  # a message that cannot be sent is sent by the sweep (outbox.relay)
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 3, "socket_timeout": 30, "visibility_timeout": 3600}
CELERY_TIMEZONE = "Europe/Lisbon"
CELERY_BEAT_SCHEDULER = "photoorders.beat.Scheduler"
CELERY_BEAT_SCHEDULE = {
    "payments-inbox": {
        "task": "payments.process_inbox",
        "schedule": env.number("INBOX_SWEEP_SECONDS", 5, 1),
        "options": {"expires": 5},
    },
    "payments-leftovers": {"task": "payments.close_leftovers", "schedule": 300, "options": {"expires": 300}},
    "payments-compensation": {"task": "payments.compensate", "schedule": 3600, "options": {"expires": 3600}},
    "payments-reconciliation": {
        "task": "payments.reconcile",
        "schedule": crontab(hour="5", minute="20"),
        "options": {"expires": 43_200},
    },
    "payments-vouchers": {"task": "payments.remind_vouchers", "schedule": 3600, "options": {"expires": 3600}},
    "outbox-purge": {"task": "outbox.purge", "schedule": 86_400, "options": {"expires": 3600}},
    "payments-purge": {"task": "payments.purge_events", "schedule": 86_400, "options": {"expires": 3600}},
    "photos-purge": {"task": "orders.purge_photos", "schedule": crontab("40", "3"), "options": {"expires": 3600}},
    "uploads-sweep": {"task": "uploads.sweep", "schedule": 5, "options": {"expires": 5}},
    "uploads-rewrite-append-only-file": {
        "task": "uploads.rewrite_append_only_file",
        "schedule": crontab(hour="4,16", minute="10"),
        "options": {"expires": 3600},
    },
    "outbox-sweep": {
        "task": "outbox.sweep",
        "schedule": env.number("OUTBOX_SWEEP_SECONDS", 5, 1),
        "options": {"expires": 10},
    },
}

# How long rows of finished work are kept (days); what still waits or gave up is kept until it is done.
OUTBOX_KEEP_DAYS = env.number("OUTBOX_KEEP_DAYS", 90, 1)
WEBHOOK_EVENTS_KEEP_DAYS = env.number("WEBHOOK_EVENTS_KEEP_DAYS", 400, 31)  # Stripe itself forgets events after 30

# --- Passwords, sign-in -------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AXES_FAILURE_LIMIT = env.number("SIGN_IN_FAILURES", 10, 1)
AXES_COOLOFF_TIME = 0.25  # hours
AXES_HANDLER = "axes.handlers.cache.AxesCacheHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "accounts.authentication.attempted_email"
AXES_LOCKOUT_TEMPLATE = "429.html"
AXES_CLIENT_IP_CALLABLE = "photoorders.requests.client_address"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address"]
AXES_VERBOSE = False

# --- The admin's looks (django-unfold) ----------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "backoffice.navigation.studio_name",
    "SITE_HEADER": "backoffice.navigation.studio_name",
    "SITE_SUBHEADER": _("Back office"),
    "SITE_SYMBOL": "photo_camera",
    "SITE_URL": "/",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "backoffice.navigation.favicon"}],
    "SHOW_LANGUAGES": True,
    "ENVIRONMENT": "backoffice.navigation.environment",
    "DASHBOARD_CALLBACK": "backoffice.dashboard.fill",
    "STYLES": ["backoffice.navigation.stylesheet"],
    "COLORS": {"primary": "backoffice.navigation.primary_colours"},
    "SIDEBAR": {"show_search": False, "navigation": "backoffice.menu.sidebar"},
}

# --- Language, time -----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "pt"
LANGUAGES = [("pt", _("Português")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "photoorders.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.zone("TIME_ZONE", "Europe/Lisbon")
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_SAMESITE = "Lax"

# --- Static files, storage ----------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
AWS_ACCESS_KEY_ID = env.text("AWS_ACCESS_KEY_ID")
AWS_SECRET_ACCESS_KEY = env.text("AWS_SECRET_ACCESS_KEY")
AWS_STORAGE_BUCKET_NAME = env.text("AWS_STORAGE_BUCKET_NAME", "photoorders")
AWS_S3_REGION_NAME = env.text("AWS_S3_REGION_NAME", "eu-west-1")  # photos stay in the EU by default (P3)
AWS_S3_ENDPOINT_URL = env.url("AWS_S3_ENDPOINT_URL") or None
STORAGES = {
    "default": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": AWS_STORAGE_BUCKET_NAME,
            "default_acl": None,
            "querystring_auth": True,
            "querystring_expire": 900,  # seconds
            "file_overwrite": True,
            "client_config": S3ClientConfig(
                signature_version="s3v4",
                s3={
                    "addressing_style": "path" if AWS_S3_ENDPOINT_URL else "auto",
                    "payload_signing_enabled": False,  # every upload carries checksums, which are signed
                },
                connect_timeout=3,  # seconds
                read_timeout=20,
                retries={"mode": "standard", "max_attempts": 2},  # the outbox tries again later
                max_pool_connections=16,
            ),
        },
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG or TESTING
# Source maps are for nobody's browser but a developer's: compressing them took most of a start's time.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("map", "jpg", "jpeg", "png", "gif", "webp", "ico", "gz", "br", "woff", "woff2")

# --- Mail ---------------------------------------------------------------------------------------------------------
vars().update(env.email("EMAIL_URL", "smtp://127.0.0.1:1025"))
EMAIL_TIMEOUT = 20  # seconds
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Photoorders <loja@example.test>")
OWNER_EMAIL = env.text("OWNER_EMAIL", "owner@example.test")

# --- Stripe, Google -----------------------------------------------------------------------------------------------
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY")
STRIPE_PUBLISHABLE_KEY = env.text("STRIPE_PUBLISHABLE_KEY")
STRIPE_WEBHOOK_SECRETS = env.items("STRIPE_WEBHOOK_SECRET")  # several during a rotation (C15)
STRIPE_API_BASE = env.url("STRIPE_API_BASE")  # empty: Stripe itself
# Where the pay button may lead: Stripe, or the domain of one's own that Stripe serves Checkout from.
STRIPE_CHECKOUT_ORIGINS = env.items("STRIPE_CHECKOUT_ORIGINS", "https://checkout.stripe.com")
STRIPE_OWN_API = STRIPE_API_BASE in ("", "https://api.stripe.com")
STRIPE_JS_URL = "https://js.stripe.com/v3/" if STRIPE_OWN_API else f"{STRIPE_API_BASE}/v3/stripe.js"
STRIPE_JS_SOURCES = {  # where the page with the Payment Element may load from
    "script": ["https://js.stripe.com", "https://*.js.stripe.com"] if STRIPE_OWN_API else [STRIPE_API_BASE],
    "frame": ["https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com"]
    if STRIPE_OWN_API
    else [STRIPE_API_BASE],
    "connect": ["https://api.stripe.com"] if STRIPE_OWN_API else [STRIPE_API_BASE],
}
# Where the pay button leads: Stripe's hosted page, or the shop's own page with the Payment Element.
PAYMENT_PAGE = env.choice("PAYMENT_PAGE", "checkout", ("checkout", "elements"))
STRIPE_TIMEOUT_SECONDS = env.number("STRIPE_TIMEOUT_SECONDS", 20, 1)
STRIPE_PAYMENT_METHODS = env.items("STRIPE_PAYMENT_METHODS")  # narrows the dynamic methods; empty: all enabled ones
CHECKOUT_EXPIRES_SECONDS = env.number("CHECKOUT_EXPIRES_SECONDS", 7200, 1800, 86_400)  # C4: 30 minutes to 24 hours
GOOGLE_MAPS_API_KEY = env.text("GOOGLE_MAPS_API_KEY")
GOOGLE_MAPS_BASE_URL = env.url("GOOGLE_MAPS_BASE_URL", "https://maps.googleapis.com")
GOOGLE_TIMEOUT_SECONDS = env.number("GOOGLE_TIMEOUT_SECONDS", 8, 1, 10)  # A3: an answer within 10 s
ADDRESS_OUTAGE_POLICY = env.choice("ADDRESS_OUTAGE_POLICY", "refuse", ("refuse", "flag"))
ADDRESS_CACHE_SECONDS = env.number("ADDRESS_CACHE_SECONDS", 86_400)

# --- Drafts and photos --------------------------------------------------------------------------------------------
DRAFT_TTL_SECONDS = env.number("DRAFT_TTL_SECONDS", 86_400, 60)
SHOWN_SECONDS = env.number("SHOWN_SECONDS", 5)  # how old prices and settings may be on pages that only show
UPLOADS_MEMORY_BUDGET_MB = env.number("UPLOADS_MEMORY_BUDGET_MB", 2048, 1)
UPLOAD_MAX_FILE_MB = env.number("UPLOAD_MAX_FILE_MB", 100, 1)
UPLOAD_MAX_PIXELS = env.number("UPLOAD_MAX_PIXELS", 120_000_000, 1)  # U2: 100-megapixel cameras are welcome
PREVIEW_MEMORY_MB = env.number("PREVIEW_MEMORY_MB", 2048, 256)  # address space of the process that decodes uploads
UPLOAD_MAX_PHOTOS = env.number("UPLOAD_MAX_PHOTOS", 200, 1)
ITEM_MAX_QUANTITY = 999  # also a database constraint (U0)
NEEDS_PHOTOS_DAYS = env.number("NEEDS_PHOTOS_DAYS", 14, 1)
PHOTOS_KEEP_DAYS = env.number("PHOTOS_KEEP_DAYS", 60, 1)  # after delivery (O8)
PRINT_MEMORY_MB = env.number("PRINT_MEMORY_MB", 2048, 256)  # of the process that decodes originals for printing
EMAIL_ATTACHMENTS_MAX_MB = env.number("EMAIL_ATTACHMENTS_MAX_MB", 15)  # the owner's mail attaches photos up to this
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440  # bytes of form data; photos stream past it
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440  # bytes of the files in a form (the logo)
FILE_UPLOAD_HANDLERS = ["photoorders.file_uploads.BoundedFileUploadHandler"]
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_100  # a form of orders.items.MAX_ROWS prints with six fields each, and a few more

# --- API ----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.ApiKeyAuthentication",
        "accounts.authentication.VisitorSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["orders.api.parsers.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "photoorders",
    "DESCRIPTION": "Order prints of photos: drafts, photos, delivery, checkout, orders.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "DeliveryMethod": ["post", "pickup"],
        "PaymentMethod": "payments.models.PaymentAttempt.Method",
        "VerdictKind": ["confirmed", "suggested"],
    },
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "orders.api.errors.ProblemHandler",
    "EXCEPTION_FORMATTER_CLASS": "orders.api.errors.ProblemFormatter",
    "ALLOWED_ERROR_STATUS_CODES": ["400", "403", "404", "409", "422", "503"],
}

# --- Security -----------------------------------------------------------------------------------------------------
SECURE = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = SECURE and env.flag("SECURE_SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"^health", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"  # S4: signed links do not leak in referrers
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "blob:", "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF, "blob:"],
        "form-action": [SELF, *STRIPE_CHECKOUT_ORIGINS, *([STRIPE_API_BASE] if STRIPE_API_BASE else [])],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# --- Logs, metrics ------------------------------------------------------------------------------------------------
METRICS_TOKEN = env.text("METRICS_TOKEN")
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = logs.configuration(LOG_LEVEL)
STRUCTLOG_CONFIGURED = logs.configure()

if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

"""Django settings, all from the environment; what each variable means stands in `env.SETTINGS`."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from audit.keys import new_checkpoint_keys, new_ledger_keys
from scoreboard_project.databases import read_databases
from scoreboard_project.readers import Environment, is_collected
from scores.api.token_keys import check_keys, restore_lines
from scores.database.valkey_connections import async_pool_options

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
env = Environment(os.environ, VAR_DIR)

# --- Who we are and who may talk to us

DEBUG = env.debug
SECRET_KEY = env.secret("SECRET_KEY", minimum_bytes=50)
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS") or (["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured(
        "ALLOWED_HOSTS is not set. Name the hosts this site answers to, for example scoreboard.example.org."
    )
ALLOWED_ORIGINS = env.origins("ALLOWED_ORIGINS", opaque=True)
EMBED_ORIGINS = env.origins("EMBED_ORIGINS")
# Not ALLOWED_ORIGINS: a page that may call the API with a token need not be one that may act with our visitors' cookies.
FORM_ORIGINS = CSRF_TRUSTED_ORIGINS = env.origins("FORM_ORIGINS")
if env.text("BASE_PATH").strip("/"):
    raise ImproperlyConfigured(
        "BASE_PATH is set, but the site cannot be served under a path: its pages, styles and socket are at the root of a host. "
        "Give it a host name of its own, for example scoreboard.example.org."
    )
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", maximum=10)

# --- What we are made of

INSTALLED_APPS = [
    "daphne",
    "scores.apps.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "scores.apps.ScoresConfig",  # before the audit log, whose seal_ledger it adds to
    "audit",
    "scoreboard_project.server",
]
MIDDLEWARE = [
    "scores.http.middleware.RequestMiddleware",
    "scores.http.middleware.PageCompression",
    "django.middleware.security.SecurityMiddleware",
    "scores.http.middleware.ProbeMiddleware",
    "scores.http.middleware.StorableText",
    "scoreboard_project.server.middleware.StaticFiles",
    "scoreboard_project.server.middleware.ContentPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "scoreboard_project.server.middleware.Languages",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "scoreboard_project.server.middleware.Users",
    "scoreboard_project.server.middleware.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Innermost, so that what it refuses has every header of a page.
    "scoreboard_project.server.middleware.PageLimit",
]
ROOT_URLCONF = "scoreboard_project.urls"
WSGI_APPLICATION = None
ASGI_APPLICATION = "scoreboard_project.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"desk": "audit.columns", "site": "scores.pages.site_tags"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
APPEND_SLASH = False
LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

# --- Data

DATABASES, WEB_DATABASE_OPTIONS = read_databases(env, VAR_DIR)
READ_LAG_SECONDS = env.number("READ_LAG_SECONDS", maximum=20)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.valkey()
CHANNEL_LAYERS: dict[str, Any] = {
    # Publish/subscribe: the queueing layer drops an idle socket every 5 s with redis-py 8 and loses messages in a burst.
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [async_pool_options(REDIS_URL)], "prefix": "scoreboard"},
    }
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}
CACHES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "limits": {"BACKEND": "scores.http.counting.CountingCache", "LOCATION": REDIS_URL},
}

# --- Tokens, receipts, the log

SCORE_UPDATE_RATE = env.rate("SCORE_UPDATE_RATE")
LOGIN_RATE = env.rate("LOGIN_RATE")
LOGIN_ADDRESS_RATE = env.rate("LOGIN_ADDRESS_RATE")
ISSUER_RATE = env.rate("ISSUER_RATE")
READ_RATE = env.rate("READ_RATE")
SOCKETS_PER_ADDRESS = env.number("SOCKETS_PER_ADDRESS", maximum=1_000_000)
SCORE_REQUIRE_RECEIPTS = env.flag("SCORE_REQUIRE_RECEIPTS")

JWT_ALGORITHM = env.choice("JWT_ALGORITHM", ("HS256", "RS256", "ES256", "EdDSA"))
JWT_AUTO_PROVISION = env.flag("JWT_AUTO_PROVISION")
JWT_NAME_CLAIM = env.text("JWT_NAME_CLAIM")
JWT_NAME_FOLLOWS = env.flag("JWT_NAME_FOLLOWS")
SIMPLE_JWT: dict[str, Any] = {
    "ALGORITHM": JWT_ALGORITHM,
    "SIGNING_KEY": env.secret("JWT_SIGNING_KEY", minimum_bytes=32)
    if JWT_ALGORITHM == "HS256"
    else restore_lines(env.text("JWT_SIGNING_KEY")),
    "VERIFYING_KEY": restore_lines(env.text("JWT_VERIFYING_KEY")),
    "ISSUER": env.text("JWT_ISSUER"),
    "AUDIENCE": env.text("JWT_AUDIENCE"),
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=5),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=1),
    "USER_ID_CLAIM": "sub",
}
if JWT_ALGORITHM != "HS256":
    check_keys(SIMPLE_JWT["SIGNING_KEY"], SIMPLE_JWT["VERIFYING_KEY"], JWT_ALGORITHM)

RECEIPT_AUDIENCE = env.text("RECEIPT_AUDIENCE")
# With DEBUG made once, so that a newcomer who sets nothing has a log that can be verified and an issuer to try receipts with.
RECEIPT_ISSUERS_FILE = env.generated_file("RECEIPT_ISSUERS_FILE", "receipt_issuers.json", lambda: "{}")
LEDGER_KEYS_FILE = env.generated_file("LEDGER_KEYS_FILE", "ledger_keys.json", new_ledger_keys)
CHECKPOINT_KEY_FILE = env.generated_file("CHECKPOINT_KEY_FILE", "checkpoint_keys.json", new_checkpoint_keys)
CHECKPOINT_EXPORT = env.text("CHECKPOINT_EXPORT") or (str(VAR_DIR / "checkpoints.jws") if DEBUG else "")
if not LEDGER_KEYS_FILE:
    raise ImproperlyConfigured(
        "LEDGER_KEYS_FILE is not set. Name the JSON file of the ledger's keys, or set DEBUG=1 for development."
    )

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["scores.api.parsing.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "scores.api.parsing.OnlyJSON",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "scores.http.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Scoreboard",
    "DESCRIPTION": "Read the live top 10 and credit players. Errors are RFC 9457 problem documents with a stable `code`.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "TAGS": [{"name": "score", "description": "The board"}, {"name": "token", "description": "Signing in and out"}],
    "SERVE_INCLUDE_SCHEMA": False,
    # A PATCH here is an act, not a part of something: its fields are as required as those of a POST.
    "COMPONENT_SPLIT_PATCH": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": ["scores.api.schema.complete"],
}

# --- Browser safety

HTTPS_ONLY = env.flag("HTTPS_ONLY", default=not DEBUG)
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS_ONLY
# Without `preload`: that is a promise for a whole domain, built into browsers, and takes months to be taken back.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
if HTTPS_ONLY:
    # Browsers take a cookie of such a name from this host alone: a neighbouring domain cannot put its own in the place of ours.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    LANGUAGE_COOKIE_NAME = "__Host-language"
# Not in a cookie, whose name could not be chosen.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
AUTHENTICATION_BACKENDS = ["scores.passwords.PasswordBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# --- Words, numbers, files, logs

SITE_TITLE = env.line("SITE_TITLE", maximum=60)
SITE_LOGO = env.picture("SITE_LOGO")
SITE_ACCENT = env.colours("SITE_ACCENT", maximum=2)
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("de", "German"),
    ("es", "Spanish"),
    ("fr", "French"),
    ("pt", "Portuguese"),
    ("ar", "Arabic"),
    ("ja", "Japanese"),
]
FORMAT_MODULE_PATH = "scores.locale"
# Named here, it is asked before the catalogues of Django's own, which have some of the same words for the admin.
LOCALE_PATHS = [BASE_DIR / "scores" / "locale"]
USE_I18N = True
USE_THOUSAND_SEPARATOR = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.text("STATIC_ROOT") or BASE_DIR / "staticfiles")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "scoreboard_project.server.static_storage.CollectedFiles"},
}
# Else from where they lie: no collect step stands between a clone and a working page.
WHITENOISE_USE_FINDERS = DEBUG or not is_collected(STATIC_ROOT, STATICFILES_DIRS)
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("map", "png", "svgz", "ico", "woff2")
WHITENOISE_MAX_AGE = 0 if DEBUG else 300

LOG_FORMAT = env.choice("LOG_FORMAT", ("text", "json"))
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "scores.http.logs.TextFormatter"},
        "json": {"()": "scores.http.logs.JSONFormatter"},
    },
    "filters": {"clients": {"()": "scores.http.logs.ClientFaults"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["clients"]}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # Django logs a warning for every 4xx; ours say what was refused and why, once.
        "django.request": {"level": "ERROR", "propagate": True},
        "django.security.DisallowedHost": {"level": "CRITICAL", "propagate": True},
        # A traceback per second of an outage; the hub says the same in one sentence.
        "channels_redis": {"level": "CRITICAL", "propagate": True},
        # It adds to an error on a lost connection that a pipeline ended on it; the error itself is ours to tell.
        "psycopg": {"level": "ERROR", "propagate": True},
        "uvicorn": {"handlers": [], "level": "WARNING", "propagate": True},
        # Without a handler, or it would put together a line for each answer that nobody writes.
        "uvicorn.access": {"handlers": [], "propagate": False},
        "daphne": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}

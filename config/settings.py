"""Settings: everything that differs between places comes from the environment (see docs/operators.md)."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import django_stubs_ext
from django.utils.csp import CSP
from psycopg import IsolationLevel

django_stubs_ext.monkeypatch()  # FormView[Form] and its like, at run time

ROOT = Path(__file__).resolve().parent.parent
STATE = Path(os.environ.get("FERMATA_STATE", ROOT / ".state"))


def flag(name: str, *, default: bool) -> bool:
    """Return the yes-or-no setting `name` of the environment."""
    return os.environ.get(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


PRODUCTION = flag("FERMATA_PRODUCTION", default=False)
# A demonstration lets a visitor become any of its fictional people; it is never on in production.
DEMO = flag("FERMATA_DEMO", default=False) and not PRODUCTION
DEBUG = flag("FERMATA_DEBUG", default=False) and not PRODUCTION
SECRET_KEY = (
    os.environ["FERMATA_SECRET_KEY"] if PRODUCTION else os.environ.get("FERMATA_SECRET_KEY") or secrets.token_hex(32)
)
# Earlier ones, separated by white space: they still open what devices and sessions hold, and sign nothing.
SECRET_KEY_FALLBACKS = os.environ.get("FERMATA_SECRET_KEY_FALLBACKS", "").split()
SITE_URL = os.environ.get("FERMATA_SITE_URL", "http://localhost:8000").rstrip("/")
# Ballots are signed on a host of their own, apart from sign-in: a login prompt there can never become a vote.
BALLOT_URL = os.environ.get("FERMATA_BALLOT_URL", SITE_URL.replace("://", "://ballot.", 1)).rstrip("/")
BALLOT_HOST = str(urlsplit(BALLOT_URL).hostname)
BALLOT_URLCONF = "config.ballot_urls"
# What people uploaded is served from a host of its own, which no session's cookie reaches.
FILES_URL = os.environ.get("FERMATA_FILES_URL", SITE_URL.replace("://", "://files.", 1)).rstrip("/")
FILES_HOST = str(urlsplit(FILES_URL).hostname)
FILES_URLCONF = "config.files_urls"
ALLOWED_HOSTS = [*os.environ.get("FERMATA_HOSTS", "localhost,127.0.0.1").split(","), BALLOT_HOST, FILES_HOST]
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "config",
    "dashboard",
    "notices",
    "inspections",
    "treaty",
    "labs",
    "accounts",
    "ledger",
    "web",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "django_filters",
    "django_tables2",
    "rest_framework",
    "knox",
    "drf_spectacular",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "web.middleware.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "web.middleware.OwnHosts",
    "web.middleware.Anonymous",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "web.languages.Languages",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "accounts.middleware.SecondFactor",
    "ledger.middleware.Receipts",
    "web.middleware.DomainErrors",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "web.templatetags.fermata"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "web.context.site",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# No address given: `config.servers` starts both servers itself and sets these two.
DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL", "postgresql:///fermata"),
        conn_max_age=60 if not flag("FERMATA_POOL", default=False) else 0,
        conn_health_checks=True,
    )
}
# A host whose cable is pulled lets go of its connections, and of the locks it holds, within half a minute instead of hours.
CABLE = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
DATABASES["default"]["OPTIONS"] = CABLE | DATABASES["default"].get("OPTIONS", {})
# Replicas, which public pages are read from (web/replicas.py): a page is one snapshot, and one that hangs is soon left.
REPLICA = {
    "connect_timeout": 2,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 2,
    "tcp_user_timeout": 4_000,
    "options": "-c default_transaction_read_only=on",
    "isolation_level": IsolationLevel.REPEATABLE_READ,
}
REPLICAS: list[str] = []
for _url in os.environ.get("DATABASE_REPLICA_URL", "").split():
    REPLICAS.append(f"replica{len(REPLICAS) + 1}")
    _replica = dj_database_url.parse(
        _url,
        conn_max_age=DATABASES["default"]["CONN_MAX_AGE"],
        conn_health_checks=True,
        test_options={"MIRROR": "default"},
    )
    DATABASES[REPLICAS[-1]] = _replica | {"OPTIONS": REPLICA | _replica.get("OPTIONS", {})}
REPLICA_LAG = float(os.environ.get("FERMATA_REPLICA_LAG", "5"))  # seconds that readers may be behind
DATABASE_ROUTERS = ["web.replicas.Router"]
REDIS_URL = os.environ.get("REDIS_URL", "redis://localhost:6379").rstrip("/")
CACHES = {
    "default": {
        "BACKEND": "web.memory.Memory",
        "LOCATION": f"{REDIS_URL}/1",
        "KEY_PREFIX": "fermata",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},  # seconds: a page never waits long for its cache
    }
}

CELERY_BROKER_URL = f"{REDIS_URL}/0"
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600}
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_BEAT_SCHEDULE_FILENAME = str(STATE / "beat")

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/me/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapters.InvitationOnly"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip"}  # never by name alone: a locked-out lab misses a vote
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Fermata"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION

LANGUAGE_CODE = "en"
# The languages that are complete, each by its own name; one in locale/ that is not complete is not offered here.
LANGUAGES = [
    ("en", "English"),
    ("fr", "Français"),
    ("es", "Español"),
    ("zh-hans", "中文"),
    ("ru", "Русский"),
    ("ar", "العربية"),
]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = PRODUCTION
LOCALE_PATHS = [ROOT / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = STATE / "static"
STATICFILES_DIRS = [ROOT / "static"]
MEDIA_ROOT = Path(os.environ.get("FERMATA_MEDIA", STATE / "media"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Photographs and annexes: never below a public address; a view that asks who is there serves them.
    "evidence": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": MEDIA_ROOT / "evidence"},
    },
    # The published log: may be any Django storage, put behind a CDN.
    "tlog": {"BACKEND": "ledger.storage.DurableFiles", "OPTIONS": {"location": MEDIA_ROOT / "tlog"}},
    # Nightly bundles of the public tables; each appears when it is whole.
    "data": {"BACKEND": "ledger.storage.DurableFiles", "OPTIONS": {"location": MEDIA_ROOT / "data"}},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if flag("FERMATA_COLLECTED", default=PRODUCTION)
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_IMMUTABLE_FILE_TEST = r"^.+\.[0-9a-f]{12}\..+$"

DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

# Security headers (shared/security.md): nothing inline, nothing from elsewhere.
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, FILES_URL],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "object-src": [CSP.NONE],
    "manifest-src": [CSP.SELF],
    "worker-src": [CSP.SELF],
}
# The ballot host shows text that is signed: no script may turn a string into markup, and no form leaves it.
BALLOT_CSP = {
    **{name: [CSP.NONE] for name in ("default-src", "form-action", "frame-ancestors", "base-uri", "object-src")},
    **{name: [CSP.SELF] for name in ("script-src", "style-src", "img-src", "font-src", "connect-src")},
    "require-trusted-types-for": ["'script'"],
    "trusted-types": [CSP.NONE],
}
# Where tips are sealed nothing else runs either; only its forms send a file to this site.
ANONYMOUS_PATH = "/tips/"
TIP_CSP = {**BALLOT_CSP, "form-action": [CSP.SELF]}
# The host of uploads has no page at all: whatever a browser makes of a file there, it runs nothing, asks nothing and belongs to no origin.
FILES_CSP = {
    **{name: [CSP.NONE] for name in ("default-src", "form-action", "frame-ancestors", "base-uri")},
    "sandbox": True,
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "web.views.csrf_failure"
if PRODUCTION:
    SECURE_SSL_REDIRECT = flag("FERMATA_SSL_REDIRECT", default=True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 63_072_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"

MAIL = "smtp" if PRODUCTION else "console"
MAILERS = {
    "default": {"BACKEND": os.environ.get("FERMATA_EMAIL_BACKEND", f"django.core.mail.backends.{MAIL}.EmailBackend")}
}
DEFAULT_FROM_EMAIL = os.environ.get("FERMATA_EMAIL_FROM", "secretariat@localhost")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["web.api.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "web.api.schema.Described",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "web.api.pages.Cursor",
    "PAGE_SIZE": 100,
    "EXCEPTION_HANDLER": "web.api.errors.answer_exception",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
KNOX_TOKEN_MODEL = "knox.AuthToken"  # noqa: S105 - a model; named, because accounts.TokenName refers to it
SPECTACULAR_SETTINGS = {
    "TITLE": "Fermata",
    "DESCRIPTION": "All that the public can see of the agreement, and what its parties file by program.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "LICENSE": {"name": "Data: CC BY 4.0", "identifier": "CC-BY-4.0"},
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "web.api.samples.add_examples"],
}

LEDGER: dict[str, Any] = {
    # The log's origin: the schema-less address under which the tiles are served.
    "ORIGIN": os.environ.get("FERMATA_LOG_ORIGIN", SITE_URL.split("://", 1)[1] + "/tlog"),
    # The signer's key and high-water mark live outside the database, so that a restored one cannot rewrite history.
    "SIGNER_DIR": Path(os.environ.get("FERMATA_SIGNER_DIR", STATE / "signer")),
    # "name=url=verifier-key", separated by white space.
    "WITNESSES": os.environ.get("FERMATA_WITNESSES", "").split(),
    # How many of them must have cosigned a checkpoint before it is moved into place.
    "QUORUM": int(os.environ.get("FERMATA_WITNESS_QUORUM", "0")),
    # What the bundle carries beside the log, so that it can be replayed without a network: functions that yield (path, bytes).
    "ATTACHMENTS": ["treaty.queries.texts.attachments"],
}

METRICS_TOKEN = os.environ.get("FERMATA_METRICS_TOKEN", "")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
            "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger"},
        },
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": os.environ.get("FERMATA_LOG_FORMAT", "line")}
    },
    "root": {"handlers": ["console"], "level": os.environ.get("FERMATA_LOG_LEVEL", "WARNING")},
}

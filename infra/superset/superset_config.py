"""The settings of Superset, read in Superset's own environment.

What differs between machines comes in by the environment, see server.environment.
"""

import logging
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask
from jinja2 import ChoiceLoader, FileSystemLoader
from superset import config as shipped
from superset.utils.log import AbstractEventLogger

from infra.superset import keys
from infra.superset.seal import seal

_HOME = Path(os.environ["TAPEWATCH_SUPERSET_HOME"])
_DATABASE = os.environ.get("TAPEWATCH_SUPERSET_DATABASE") or _HOME / "superset.db"
_TEMPLATES = Path(__file__).with_name("templates")
_LONGEST_S = float(os.environ["TAPEWATCH_SUPERSET_QUERY_TIMEOUT_S"])

# The charts' only source.
seal(Path(os.environ["TAPEWATCH_SUPERSET_LAKE"]), _LONGEST_S)

SECRET_KEY = keys.known(_HOME, keys.SECRET_KEY).value
GUEST_TOKEN_JWT_SECRET = SECRET_KEY  # not used; the shipped one is known to everybody
GLOBAL_ASYNC_QUERIES_JWT_SECRET = SECRET_KEY
SQLALCHEMY_DATABASE_URI = f"sqlite:///{_DATABASE}?check_same_thread=false&timeout=30"

# One machine: nothing to queue. An answer is kept just so long that those who look at
# one dashboard share it, and that it is still new.
CELERY_CONFIG = None
RESULTS_BACKEND = None
CACHE_CONFIG = {"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 60}
DATA_CACHE_CONFIG = {
    "CACHE_TYPE": "FileSystemCache",
    "CACHE_DIR": str(_HOME / "answers"),
    "CACHE_DEFAULT_TIMEOUT": 2,
    "CACHE_THRESHOLD": 1_000,
    "CACHE_OPTIONS": {"mode": 0o600},
}
DASHBOARD_AUTO_REFRESH_MODE = "fetch"


class _Silent(AbstractEventLogger):  # type: ignore[misc]  # Superset is not here
    """Keeps nothing: charts that refresh would fill the disk with 450 MB a day."""

    def log(self, *args: Any, **named: Any) -> None:
        """Take an event."""


EVENT_LOGGER = _Silent()
LOG_LEVEL = logging.WARNING

# "Last 30 minutes" ends now, and not at midnight.
DEFAULT_RELATIVE_START_TIME = DEFAULT_RELATIVE_END_TIME = "now"
DASHBOARD_AUTO_REFRESH_INTERVALS = [
    [0, "Don't refresh"],
    *([seconds, f"{seconds} seconds"] for seconds in (5, 10, 15, 30)),
    [60, "1 minute"],
    [300, "5 minutes"],
]
_GRAINS = {
    **{f"PT{count}S": (count, "second") for count in (5, 10, 15, 30)},
    **{f"PT{count}M": (count, "minute") for count in (5, 10, 15, 30)},
    "PT6H": (6, "hour"),
}
TIME_GRAIN_ADDONS = {
    grain: f"{count} {unit}s" for grain, (count, unit) in _GRAINS.items()
}
TIME_GRAIN_ADDON_EXPRESSIONS = {
    "duckdb": {
        grain: f"time_bucket(INTERVAL '{count} {unit}s', {{col}})"
        for grain, (count, unit) in _GRAINS.items()
    }
}

# What a chart, an export and SQL Lab may take.
ROW_LIMIT = 10_000
SQL_MAX_ROW = 1_000_000
DISPLAY_MAX_ROW = 10_000
SUPERSET_WEBSERVER_TIMEOUT = SQLLAB_TIMEOUT = int(_LONGEST_S)
FEATURE_FLAGS = {
    "ALLOW_FULL_CSV_EXPORT": True,
    "ENABLE_TEMPLATE_PROCESSING": False,
    "EMBEDDED_SUPERSET": False,
}

# Who may come in: nobody who is not known.
PUBLIC_ROLE_LIKE = None
AUTH_USER_REGISTRATION = False
RATELIMIT_ENABLED = True
RATELIMIT_APPLICATION = "200 per second"
RATELIMIT_STORAGE_URI = "memory://"  # so each worker counts for itself
AUTH_RATE_LIMITED = True
AUTH_RATE_LIMIT = "20 per minute"
_LOGINS = ("/login/", "/api/v1/security/login")  # which it does not reach as shipped
PREVENT_UNSAFE_DB_CONNECTIONS = True
WTF_CSRF_ENABLED = True
ENABLE_CORS = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = False  # loopback has no TLS
SHOW_STACKTRACE = False

# A page may load what this server has, and nothing else: the shipped one counts its
# visitors somewhere.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    **shipped.TALISMAN_CONFIG,
    "content_security_policy": {
        **shipped.TALISMAN_CONFIG["content_security_policy"],
        "img-src": ["'self'", "blob:", "data:"],
        "connect-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        "frame-ancestors": ["'self'"],
        "form-action": ["'self'"],
    },
}
THEME_FONT_URL_ALLOWED_DOMAINS: list[str] = []


def FLASK_APP_MUTATOR(app: Flask) -> None:  # noqa: N802 - Superset's name for it
    """Take our templates before those that were shipped; slow all guessing down."""
    loaders = [FileSystemLoader(_TEMPLATES), app.jinja_loader]
    app.jinja_loader = ChoiceLoader([each for each in loaders if each is not None])
    limited = app.appbuilder.sm.limiter.limit(AUTH_RATE_LIMIT, methods=["POST"])
    for rule in app.url_map.iter_rules():
        if rule.rule in _LOGINS and "POST" in rule.methods:
            view = app.view_functions[rule.endpoint]
            app.view_functions[rule.endpoint] = limited(view)


# Light and dark, as each user, or the user's machine, wants it.
APP_NAME = "Tapewatch"
_LOGO = """<svg xmlns="http://www.w3.org/2000/svg" width="132" height="24">
<text x="0" y="19" font-family="Inter, Helvetica, Arial, sans-serif" font-size="20"
 font-weight="600" fill="#2893B3">Tapewatch</text></svg>"""
_BRAND = {
    "brandAppName": APP_NAME,
    "brandLogoAlt": APP_NAME,
    "brandLogoUrl": f"data:image/svg+xml,{quote(_LOGO)}",
    "brandSpinnerUrl": "/static/assets/images/loading.gif",  # the shipped one is not
}
THEME_DEFAULT, THEME_DARK = (
    {**theme, "token": {**theme["token"], **_BRAND}}
    for theme in (shipped.THEME_DEFAULT, shipped.THEME_DARK)
)
ENABLE_UI_THEME_ADMINISTRATION = False

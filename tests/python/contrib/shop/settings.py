from __future__ import annotations

import json
import os
from urllib.parse import unquote, urlsplit

_at = urlsplit(os.environ["SHOP_POSTGRES"])
SECRET_KEY = "for the tests alone"
USE_TZ = os.environ.get("SHOP_USE_TZ", "1") == "1"
TIME_ZONE = "Asia/Kolkata"
INSTALLED_APPS = ["tests.python.contrib.shop", "dataqueue.contrib.django", *os.environ.get("SHOP_APPS", "").split()]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": _at.hostname,
        "PORT": _at.port or "",
        "NAME": _at.path.strip("/") or "postgres",
        "USER": unquote(_at.username or ""),
        "PASSWORD": unquote(_at.password or ""),
        "OPTIONS": {"options": f"-c search_path={os.environ['SHOP_SCHEMA']}"},
    },
    "lite": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
}
TASKS = {
    "default": {
        "BACKEND": "dataqueue.contrib.django.DataqueueBackend",
        "QUEUES": ["default", "mails"],
        "OPTIONS": json.loads(os.environ.get("SHOP_OPTIONS", '{"DATABASE": "default"}')),
    }
}

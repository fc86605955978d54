"""A Django application in one file that greets people by jobs, with the dashboard below `/admin/jobs`.

Whoever has signed in to Django looks; its staff may change things, and its superusers everything.

gunicorn app:application
dataqueue worker app:handlers
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST
from pydantic import BaseModel

from dataqueue import JobHandlers, JobQueue
from dataqueue.dashboard import Visitor, create_dashboard, mount_wsgi

if TYPE_CHECKING:
    from starlette.requests import Request

settings.configure(
    SECRET_KEY=os.environ["DJANGO_SECRET_KEY"],
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("DJANGO_DB", "app.db")}},
    USE_TZ=True,
)
django.setup()


class Greeting(BaseModel):
    """Whom to greet."""

    name: str


handlers = JobHandlers()
queue = JobQueue()


@handlers.job("greet")
def greet(payload: Greeting) -> str:
    """Greets somebody."""
    return f"Hello, {payload.name}!"


@require_POST
def add_greeting(request: HttpRequest, name: str) -> JsonResponse:
    """Adds a job."""
    return JsonResponse({"job": queue.add_job(greet, Greeting(name=name))}, status=202)


urlpatterns = [path("greetings/<str:name>", add_greeting)]


def role_of(request: Request) -> Visitor | None:
    """The role of a user of Django, by the session that its login made."""
    from django.contrib.auth import get_user
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import close_old_connections

    asked = HttpRequest()
    asked.session = SessionStore(request.cookies.get(settings.SESSION_COOKIE_NAME))
    try:
        user = get_user(asked)
    finally:
        close_old_connections()
    if not user.is_authenticated:
        return None
    role = "admin" if user.is_superuser else "operator" if user.is_staff else "viewer"
    return Visitor(role, user.get_username())


application = mount_wsgi(get_wsgi_application(), "/admin/jobs", create_dashboard(queue, handlers, auth=role_of))

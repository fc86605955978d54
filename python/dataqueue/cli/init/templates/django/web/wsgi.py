"""What a WSGI server serves: the dashboard below /admin/jobs, Django everywhere else."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "web.settings")
django_application = get_wsgi_application()

# Behind Django's settings, which these need.
from jobs import handlers  # noqa: E402

from dataqueue.dashboard import basic_auth, create_dashboard, mount_wsgi  # noqa: E402

from .views import queue  # noqa: E402

auth = basic_auth({"admin": (os.environ["DASHBOARD_PASSWORD"], "admin")})
application = mount_wsgi(django_application, "/admin/jobs", create_dashboard(queue, handlers, auth=auth))

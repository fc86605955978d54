"""One batch for each call: for platforms that keep no process running, such as AWS Lambda, Vercel and Cloud Run."""

from __future__ import annotations

from .asgi import asgi_app
from .aws import aws_lambda
from .wsgi import wsgi_app

__all__ = ["asgi_app", "aws_lambda", "wsgi_app"]

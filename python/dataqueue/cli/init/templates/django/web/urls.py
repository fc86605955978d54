"""Which view answers what."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("", views.page),
    path("reports", views.add_report),
    path("progress/api/jobs/<int:job_id>", views.progress),
]

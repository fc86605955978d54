"""The page, and what it asks."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_POST
from jobs import Report, make_report
from progress import LARGEST_ID, shown
from pydantic import ValidationError

from dataqueue import JobQueue

# One for the process: it holds the connections.
queue = JobQueue()


@require_GET
@ensure_csrf_cookie
def page(_: HttpRequest) -> HttpResponse:
    """The page, which adds jobs and follows them."""
    return HttpResponse((settings.BASE_DIR / "page.html").read_bytes())


@require_POST
def add_report(request: HttpRequest) -> JsonResponse:
    """Adds a job."""
    try:
        report = Report.model_validate_json(request.body)
    except ValidationError as error:
        return JsonResponse({"error": str(error)}, status=422)
    return JsonResponse({"job": queue.add_job(make_report, report)}, status=202)


@require_GET
def progress(_: HttpRequest, job_id: int) -> JsonResponse:
    """How far a job is."""
    told = shown(queue.get_job(job_id)) if 0 < job_id <= LARGEST_ID else None
    if told is None:
        raise Http404
    return JsonResponse(told)

# %% before block 0
handlers, mounted = JobHandlers(), []
queue = JobQueue("sqlite:///jobs.db")

class app:
    wsgi_app = None
    @classmethod
    def mount(cls, path, application): mounted.append((path, application))

# %% before block 1
get_wsgi_application = lambda: None

# %% before block 2
async def user_of(session): return None

# %% after the page
from starlette.testclient import TestClient
assert [path for path, _ in mounted] == ["/admin/jobs", "/admin/jobs"]
assert [TestClient(dashboard).get("/jobs").status_code for _, dashboard in mounted] == [200, 401]
assert callable(app.wsgi_app) and callable(application)

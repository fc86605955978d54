# %% before block 1
import sys
from types import ModuleType

# Its own is part of Django 6, and takes tasks where settings are.
stand_in, kept = ModuleType("django.tasks"), sys.modules.pop("django.tasks", None)
stand_in.task = lambda **_: lambda func: func
sys.modules["django.tasks"] = stand_in

# %% before block 2
del sys.modules["django.tasks"]
if kept is not None:
    sys.modules["django.tasks"] = kept

handlers = JobHandlers()

class SendEmail(BaseModel):
    to: str
    subject: str

@handlers.job("send_email")
def send_email(payload: SendEmail) -> None: ...

queue = JobQueue("sqlite:///jobs.db")

# %% before block 4
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

class Base(DeclarativeBase): ...

class Order(Base):
    __tablename__ = "orders"
    email: Mapped[str] = mapped_column(primary_key=True)

engine = create_async_engine(url.replace("postgresql://", "postgresql+psycopg://"))
blocking_engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
Base.metadata.create_all(blocking_engine)

# %% before block 5
# Flask asks where the module is.
__name__ = "tests"

# %% before block 7
SECRET = "a secret for the tests alone"

# %% after the page
from starlette.testclient import TestClient

assert send_receipt(7) == "receipt 7" and TASKS["default"]["QUEUES"] == ["default", "mails"]
with TestClient(app) as client:
    added = client.post("/accounts/ada@example.com").json()
    assert queue.wait_for_job(added, 30).status == "completed"
    asked = client.get("/cron/jobs", headers={"authorization": f"Bearer {SECRET}"}, follow_redirects=False)
    assert asked.status_code == 200 and asked.json().keys() == {"processed"}
on_postgres = FastAPI(lifespan=queue_lifespan(queue_url))
on_postgres.post("/orders/{email}")(add_order)
with TestClient(on_postgres, raise_server_exceptions=False) as client, JobQueue(queue_url) as beside:
    assert beside.get_job(client.post("/orders/eve").json()) is not None
    assert client.post("/orders/eve").status_code == 500
    assert beside.count_jobs() == 1
assert [job.payload["to"] for job in queue.get_jobs(job_type="send_email")] == ["ada@example.com", "bob@example.com"]
shop = create_app()
reminder = shop.test_client().post("/reminders/bob").json["job"]
dataqueue.create_processor(shop).start()
assert queue.wait_for_job(reminder, 0).output == "shop@example.com reminds bob"
dataqueue.queue_of(shop).close()
blocking_engine.dispose()
await engine.dispose()

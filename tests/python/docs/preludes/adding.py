# %% before block 0
class SendEmail(BaseModel):
    to: str
    subject: str

handlers = JobHandlers()

@handlers.job("send_email")
def send_email(payload: SendEmail) -> None: ...

email, payload = "ada@example.com", SendEmail(to="ada@example.com", subject="Hello")


queue = JobQueue(queue_url)
with psycopg.connect(url) as connection:
    connection.execute("create table account (email text)")

# %% before block 1
readers = ['ada@example.com', 'bob@example.com']

# %% before block 3
import asyncpg
async_queue = AsyncJobQueue(queue_url)
connection = await asyncpg.connect(url)

# %% before block 4
await connection.close()
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

class Base(DeclarativeBase): ...

class Account(Base):
    __tablename__ = "account"
    email: Mapped[str] = mapped_column(primary_key=True)

engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))

# %% before block 8
engine.dispose()
today = datetime.now(UTC)
job_id = queue.add_job(send_email, payload)
queue.create_processor(handlers, batch_size=100).start()
page = queue.get_jobs()

# %% after the page
assert queue.wait_for_job(job_id, 0).status == "completed"
assert queue.count_jobs() == 14
with psycopg.connect(url) as connection:
    assert connection.execute("select count(*) from account").fetchone() == (3,)

# %% before block 0
class SendEmail(BaseModel):
    to: str
    subject: str

handlers = JobHandlers()

@handlers.job("send_email")
def send_email(payload: SendEmail) -> None: ...

email, payload = "ada@example.com", SendEmail(to="ada@example.com", subject="Hello")

queue = JobQueue('sqlite:///jobs.db')
job_id = queue.add_job(send_email, payload)

# %% before block 3
yesterday = datetime.now(UTC) - timedelta(days=1)

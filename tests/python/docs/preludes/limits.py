# %% before block 0
class SendEmail(BaseModel):
    to: str
    subject: str

handlers = JobHandlers()

@handlers.job("send_email")
def send_email(payload: SendEmail) -> None: ...

email, payload = "ada@example.com", SendEmail(to="ada@example.com", subject="Hello")

queue = JobQueue('sqlite:///jobs.db')

# %% after the page
assert processor.start() == 2
assert queue.paused() == []
jobs = [queue.add_job("translate", {"answer": answer}) for answer in ("", "429 Too Many Requests")]
assert queue.create_processor(handlers).start() == 2
assert [queue.get_job(job_id).status.value for job_id in jobs] == ["completed", "waiting"]
late = queue.add_job("translate", {})
assert queue.create_processor(handlers).start() == 0
assert queue.get_job(late).status == "pending"

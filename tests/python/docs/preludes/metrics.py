# %% before block 0
class SendEmail(BaseModel):
    to: str
    subject: str

handlers = JobHandlers()

@handlers.job("send_email")
def send_email(payload: SendEmail) -> None: ...

email, payload = "ada@example.com", SendEmail(to="ada@example.com", subject="Hello")

queue = JobQueue('sqlite:///jobs.db')
queue.add_job(send_email, payload)

# %% after the page
assert (emails.completed, traffic.completed["send_email"], len(traffic.points)) == (1, 1, 61)

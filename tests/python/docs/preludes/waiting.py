# %% before block 0
from collections import deque
handlers = JobHandlers()
queue = JobQueue("sqlite:///jobs.db")
mails = deque()

def send(to, text): mails.append((to, text))
def take_payment(card): return {"charge": card}
def send_receipt(to, charge): send(to, f"receipt {charge}")

# %% before block 3
job_id = queue.add_job("expense", {"manager": "ada@example.com"})
assert queue.create_processor(handlers).start() == 1
token_id = queue.get_job(job_id).wait_token_id
assert mails.pop() == ("ada@example.com", f"Approve? {token_id}")

# %% before block 4
assert queue.create_processor(handlers).start() == 1
assert queue.wait_for_job(job_id, 0).output == "approve"
SECRET = "a secret for the tests alone"

# %% before block 5
token = queue.create_token()
ask("ada@example.com", token)
link = verify_token_url(mails.pop()[1].split()[1], secret=SECRET)
assert (link.token_id, link.data, link.label) == (token.id, {"action": "approve"}, "Approve expense 42")

class app:
    mounted = []
    @classmethod
    def mount(cls, path, application): cls.mounted.append(path)

# %% after the page
assert app.mounted == ["/tokens"]
handlers.job("resize")(lambda payload: payload["url"] + ".small")
job_id = queue.add_job("album", ["a", "b"])
processor = queue.create_processor(handlers, concurrency=1)
processor.start_in_background()
assert queue.wait_for_job(job_id, 30).output == ["a.small", "b.small"]
processor.stop_and_drain()
orders = [queue.add_job("order", {"card": "1", "to": "x"}), queue.add_job("onboarding", {"to": "y"})]
queue.create_processor(handlers).start()
assert [queue.get_job(one).status.value for one in orders] == ["completed", "waiting"]
assert mails.popleft() and mails.popleft()

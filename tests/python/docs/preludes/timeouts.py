# %% before block 0
handlers = JobHandlers()
queue = JobQueue('sqlite:///jobs.db')

class Report(BaseModel):
    parts: list[int]

written = []
nearly_done, write = lambda: True, written.append

# %% before block 2
class Image(BaseModel): ...

# %% before block 3
from tests.python.isolation.handlers import area as thumbnail

# %% before block 4
job_id = queue.add_job('convert', None)

# %% after the page
assert queue.get_job(job_id).status == "cancelled"
job_id = queue.add_job(export, Report(parts=[1, 2]))
only = JobHandlers({"export": export})
assert queue.create_processor(only).start() == 1
assert (queue.wait_for_job(job_id, 0).status, written) == ("completed", [1, 2])

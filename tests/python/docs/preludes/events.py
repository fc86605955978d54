# %% before block 0
queue = JobQueue('sqlite:///jobs.db')

# %% before block 1
handlers = JobHandlers()

@handlers.job("report")
def report(payload: None) -> None: ...

job_id = queue.add_job(report, None)

# %% before block 2
async_queue = AsyncJobQueue('sqlite:///jobs.db')

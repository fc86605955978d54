# %% before block 2
handlers = JobHandlers()
queue = JobQueue('sqlite:///jobs.db')

# %% before block 4
queue = JobQueue('sqlite:///jobs.db')
queue.create_processor(handlers).start()

# %% after the page
assert (job.status, job.output) == ('completed', None)

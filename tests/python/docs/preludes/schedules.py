# %% before block 0
handlers = JobHandlers()
queue = JobQueue('sqlite:///jobs.db')

# %% before block 2
queue.create_processor(handlers).start()

# %% after the page
assert (schedule.cron_expression, schedule.status) == ("0 */2 * * *", "active")
assert [one.schedule_name for one in active] == ["daily report", "generate_report"]
assert [one.schedule_name for one in queue.list_cron_jobs()] == ["generate_report"]

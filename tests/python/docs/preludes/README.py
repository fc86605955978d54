# %% before block 1
email = 'ada@example.com'

queue = JobQueue(queue_url)
with psycopg.connect(url) as connection:
    connection.execute("create table account (email text)")

# %% after the page
assert queue.count_jobs(job_type="send_email") == 1
with psycopg.connect(url) as connection:
    assert connection.execute("select count(*) from account").fetchone() == (1,)

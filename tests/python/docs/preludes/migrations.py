# %% before block 0
url = queue_url

# %% before block 4
url = queue_url

# %% after the page
with VirtualQueue(start=datetime(2030, 1, 1, tzinfo=UTC)) as queue:
    test_new_year(queue)

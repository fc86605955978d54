# %% before block 1
from tests.certificates import Authority
authority = Authority()
CA_PEM, client = authority.pem, authority.client("app")
CLIENT_PEM, KEY_PEM = client.cert, client.key

# %% before block 3
url = redis_store_url
queue = JobQueue(url)

# %% before block 1
CA_PEM = CLIENT_PEM = KEY_PEM = 'PEM text'

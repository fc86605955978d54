"""Sets Django up for the programs."""

import django

django.setup()

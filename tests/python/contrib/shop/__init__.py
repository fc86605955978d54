"""A small project of Django's, whose tasks are jobs: run by programs of its own, under each Django."""

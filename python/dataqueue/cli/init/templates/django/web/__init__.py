"""The application, in Django."""

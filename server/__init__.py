"""The server: shows one published dataset and is read-only; the application is in `app`."""

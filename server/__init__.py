"""The server: shows one published dataset. It reads, and never writes; the application is in `app`."""

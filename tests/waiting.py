"""Waiting: the time limits of tests that wait for servers and browsers; no test measures time."""

from typing import TypeVar

from playwright.sync_api import BrowserContext, Page

PATIENCE = 300
"""Seconds after which a test stops waiting and fails."""

T = TypeVar("T", Page, BrowserContext)


def patient(opened: T) -> T:
    """A page or context of a browser, with time limits for a slow machine."""
    opened.set_default_timeout(PATIENCE * 1000)
    return opened

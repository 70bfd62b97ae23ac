"""How long tests wait for servers and browsers; none judges by the clock."""

from typing import TypeVar

from playwright.sync_api import BrowserContext, Page

PATIENCE = 300
"""Seconds after which a test gives up waiting for what never comes; no test judges by them."""

T = TypeVar("T", Page, BrowserContext)


def patient(opened: T) -> T:
    """A page or a context of a browser that waits as long as a slow machine takes."""
    opened.set_default_timeout(PATIENCE * 1000)
    return opened

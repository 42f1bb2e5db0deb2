"""An operator before the page: what they see, click and type. Everything is found by data-test."""

import os
import time

from browser import MISSING, Browser  # noqa: F401 (tests ask for MISSING)


class Operator:
    def __init__(self, served, language="en", width=1280):
        self.d = served
        self.browser = Browser()
        self.browser.driver.set_window_size(width, 900)
        self.language = language
        self.url = "http://127.0.0.1:%d" % served.ports["admin"]
        self.browser.open(self.url)
        self.see("login-name")
        self.browser.script("localStorage.setItem('coffer.language', arguments[0])", language)
        self.browser.driver.refresh()
        self.see("login-name")

    def close(self):
        self.browser.close()

    # Looking

    def wait(self, what, text, *arguments):
        return self.browser.wait(what, text, *arguments, seconds=15)

    def see(self, test):
        return self.wait(test, "return document.querySelector('[data-test=\"' + arguments[0] + '\"]:not(.hidden)')", test)

    def gone(self, test):
        self.wait("the end of " + test, "return !document.querySelector('[data-test=\"' + arguments[0] + '\"]')", test)

    def read(self, text):
        """Waits until the page has this text."""
        self.wait(repr(text), "return document.body.innerText.includes(arguments[0])", text)

    def has(self, text):
        return self.browser.script("return document.body.innerText.includes(arguments[0])", text)

    @property
    def source(self):
        return self.browser.driver.page_source

    # Acting

    def click(self, test):
        self.see(test)
        self.browser.script(
            "const found = document.querySelectorAll('dialog[open] [data-test=\"' + arguments[0] + '\"]');"
            "(found[found.length - 1] ?? document.querySelector('[data-test=\"' + arguments[0] + '\"]')).click()", test)

    def type(self, test, text):
        element = self.see(test)
        self.browser.script(
            "const e = arguments[0]; e.focus(); e.value = arguments[1];"
            "e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true}))", element, text)

    def check(self, test, on=True):
        if self.see(test).is_selected() != on:
            self.click(test)

    def log_in(self, name, password):
        self.type("login-name", name)
        self.type("login-password", password)
        self.click("login")
        self.shown("overview")

    def shown(self, section):
        self.wait("section " + section, "return document.querySelector('main[data-shown=\"' + arguments[0] + '\"]')", section)

    def go(self, section, name=None):
        # By the address, as a bookmark would; the page is not loaded anew.
        self.browser.script(
            "document.getElementById('main').removeAttribute('data-shown');"
            "const target = '#/' + arguments[0] + (arguments[1] === null ? '' : '/' + encodeURIComponent(arguments[1]));"
            "if (location.hash === target) { dispatchEvent(new HashChangeEvent('hashchange')) } else { location.hash = target }", section, name)
        self.shown(section)

    def save(self):
        self.click("save")
        self.gone("editor")

    def confirm(self, text):
        self.type("confirm-input", text)
        self.click("confirm")

    def step_up(self, password):
        self.type("step-up-password", password)
        self.click("step-up")

    def picture(self, name):
        time.sleep(0.15)
        self.browser.driver.save_screenshot(os.path.join(os.environ["COFFER_SCREENSHOTS"], name + ".png"))

    def troubles(self):
        """What a person would find in the console."""
        return [line for line in self.browser.errors() if "favicon" not in line]

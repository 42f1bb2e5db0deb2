"""Chromium without a window, driven with selenium; what a person would find in its console is a failure.

Debian: chromium, chromium-driver, python3-selenium. Where one is missing, MISSING says which, and tests that need it are skipped aloud."""

import os
import shutil
import sys
import time

# A Python that is not Debian's own does not look where Debian puts it.
_DEBIAN = "/usr/lib/python3/dist-packages"
try:
    import selenium.webdriver
except ImportError:
    if os.path.isdir(os.path.join(_DEBIAN, "selenium")):
        sys.path.append(_DEBIAN)
    try:
        import selenium.webdriver
    except ImportError:
        selenium = None

_missing = [name for name, found in (
    ("chromium", shutil.which("chromium")), ("chromium-driver", shutil.which("chromedriver")), ("python3-selenium", selenium)) if not found]
MISSING = "not installed: %s (scripts/setup.sh test)" % ", ".join(_missing) if _missing else None
if MISSING:
    print("NOTE: no page is tried in a browser: " + MISSING, file=sys.stderr)


class Browser:
    def __init__(self):
        from selenium.webdriver.chrome.options import Options
        from selenium.webdriver.chrome.service import Service
        options = Options()
        # Without the sandbox: root has none, and only pages of the tests are shown.
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
                         "--disable-component-update", "--no-first-run", "--window-size=1400,900"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        options.binary_location = shutil.which("chromium")
        self.driver = selenium.webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        self.driver.set_page_load_timeout(30)
        self.driver.set_script_timeout(30)
        self.log = []

    def close(self):
        self.driver.quit()

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def wait(self, what, text, *arguments, seconds=30):
        """Until the script gives something true; that."""
        end = time.monotonic() + seconds
        while True:
            found = self.script(text, *arguments)
            if found:
                return found
            assert time.monotonic() < end, "%s did not come: %s" % (what, self.script("return document.body.innerText"))
            time.sleep(0.02)

    def open(self, url):
        self.driver.get(url)

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def console(self):
        """What the console got so far: [(level, text)]. The browser gives each line away once."""
        self.log += [(line["level"], line["message"]) for line in self.driver.get_log("browser")]
        return self.log

    def errors(self):
        return [text for level, text in self.console() if level == "SEVERE"]

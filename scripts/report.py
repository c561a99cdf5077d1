"""Opens a page in headless Chromium and tries it, as scripts/report.sh says. Takes nothing but Python itself.

report.py PAGE…     with screenshots in the folder that SHOTS names, if it names one
"""
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

WIDTHS = (360, 800, 1600)
# Charts are drawn when their size is known.
FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))"


class Browser:
    """Chromium, spoken to through the pipes of its protocol for developers."""

    def __init__(self, profile):
        to_browser, self.commands = os.pipe()
        self.answers, from_browser = os.pipe()
        # Its commands come at 3 and its answers go to 4; what is open at these now moves out of the way.
        high = [os.dup2(end, free) for end, free in ((to_browser, 103), (from_browser, 104))]
        def places():
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)
        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
             f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(3, 4, *high), preexec_fn=places, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in (to_browser, from_browser, *high):
            os.close(end)
        self.number, self.rest, self.events, self.session = 0, b"", [], None

    def read(self):
        while b"\0" not in self.rest:
            part = os.read(self.answers, 1 << 20)
            if not part:
                sys.exit("chromium has ended")
            self.rest += part
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def evaluate(self, code):
        found = self.call("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            sys.exit(f"{code}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def key(self, key):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key)

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", **more)

    def open(self, url):
        self.session, self.events = None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.url = url

    def show(self, width, colours):
        is_phone = width < 500
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=is_phone)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": colours}])
        self.call("Page.navigate", url=self.url)
        for _ in range(300):
            if self.evaluate(f"location.href === {json.dumps(self.url)} && document.readyState === 'complete'"):
                break
            time.sleep(0.02)
        self.evaluate(FRAMES)


def complaints(browser, url):
    """What the console said, and what was asked for beside the page itself."""
    found = []
    for event in browser.events:
        method, params = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            found.append(f"exception: {params['exceptionDetails']}")
        if method == "Runtime.consoleAPICalled":
            found.append(f"console: {params['args']}")
        if method == "Log.entryAdded":
            found.append(f"log: {params['entry']['text']}")
        if method == "Network.requestWillBeSent":
            asked = params["request"]["url"]
            if asked != url and not asked.startswith("data:"):
                found.append(f"request: {asked}")
    return found


def try_charts(browser):
    """Zoom, values at the pointer and keys of each chart in sight; what does not work."""
    failures = []
    count = browser.evaluate("document.querySelectorAll('figure[data-chart]').length")
    if browser.evaluate("document.querySelectorAll('figure[data-chart] .plot > svg').length") != count:
        failures.append("not every chart is drawn")
    for number in range(count):
        find = f"document.querySelectorAll('figure[data-chart]')[{number}]"
        browser.evaluate(f"{find}.scrollIntoView({{block: 'center'}})")
        kind = browser.evaluate(f"JSON.parse({find}.querySelector('script').textContent).kind")
        box = browser.evaluate(f"(({{left, top, width, height}}) => [left, top, width, height])({find}.querySelector('.plot').getBoundingClientRect())")
        left, top, width, height = box
        if not width:
            continue
        labels = f"[...{find}.querySelectorAll('.plot text')].map((text) => text.textContent).join(' ')"
        tip = f"(({{hidden, textContent}}) => hidden ? '' : textContent)({find}.querySelector('.tip'))"
        middle = (left + width / 2, top + height / 2)
        browser.mouse("mouseMoved", *middle)
        if not browser.evaluate(tip):
            failures.append(f"chart {number} shows no value at the pointer")
        before = browser.evaluate(labels)
        if kind != "bars":
            browser.mouse("mousePressed", *middle, clickCount=1)
            browser.mouse("mouseMoved", middle[0] + width / 4, middle[1] + height / 4, buttons=1)
            browser.mouse("mouseReleased", middle[0] + width / 4, middle[1] + height / 4, clickCount=1)
            if browser.evaluate(labels) == before:
                failures.append(f"chart {number} does not zoom")
        browser.evaluate(f"{find}.querySelector('.plot').focus()")
        for key in ("0", "Home", "ArrowRight"):
            browser.key(key)
        if browser.evaluate(labels) != before:
            failures.append(f"chart {number} does not show all again")
        if not browser.evaluate(f"{find}.querySelector('.plot').getAttribute('aria-valuetext')"):
            failures.append(f"chart {number} tells keys no value")
        browser.evaluate(f"{find}.querySelector('.plot').blur()")
    return failures


def failures_of(browser, page, shots):
    """Opens a page at every width, light and dark, and tries its charts; what is wrong with it."""
    url = pathlib.Path(page).resolve().as_uri()
    failures = []
    browser.open(url)
    for width in WIDTHS:
        for colours in ("light", "dark"):
            browser.show(width, colours)
            wide = browser.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                failures.append(f"{width}: the page is {wide} wide")
            shown = browser.evaluate("document.documentElement.dataset.theme")
            if shown != colours:
                failures.append(f"{width}: the colours are {shown} where the system's are {colours}")
            if shots:
                size = browser.evaluate("document.documentElement.scrollHeight")
                image = browser.call(
                    "Page.captureScreenshot", captureBeyondViewport=True,
                    clip={"x": 0, "y": 0, "width": width, "height": min(size, 12000), "scale": 1})
                name = page.replace("/", "-").removesuffix(".html")
                pathlib.Path(shots, f"{name}-{width}-{colours}.png").write_bytes(base64.b64decode(image["data"]))
    failures += try_charts(browser)
    browser.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    browser.evaluate("document.querySelectorAll('th button, .tools button, #theme').forEach((button) => button.click())")
    if browser.evaluate("document.documentElement.dataset.theme") != "light":
        failures.append("the switch does not change the colours")
    browser.evaluate("localStorage.clear()")
    browser.evaluate(FRAMES)
    return failures + complaints(browser, url)


def main(*pages):
    has_failed = False
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        for page in pages:
            failures = failures_of(browser, page, os.environ.get("SHOTS"))
            for failure in failures:
                print(f"{page}: {failure}", file=sys.stderr)
            has_failed |= bool(failures)
            print(f"{page}: {len(WIDTHS)} widths, light and dark, {len(failures)} complaints")
        browser.process.kill()
        browser.process.wait()
    sys.exit(has_failed)


main(*sys.argv[1:])

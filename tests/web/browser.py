"""Drives Debian's Chromium, headless, over the DevTools protocol.

    with Browser() as browser:
        page = browser.open("file:///...")
        page.run("document.title")            the value of an expression
        page.requests, page.complaints        all that it asked for or logged
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

SKIPPED = 77


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


try:
    import websocket
except ImportError:
    skip("python3-websocket is missing")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    skip("chromium is missing")


class Page:
    """One tab."""

    def __init__(self, url):
        self.socket = websocket.create_connection(
            url, timeout=60, suppress_origin=True)
        self.number = 0
        self.requests, self.complaints, self.events = [], [], []

    def close(self):
        self.socket.close()

    def note(self, message):
        """Remembers what the page asked for and complained about."""
        method, told = message["method"], message.get("params", {})
        self.events.append(method)
        if method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(told["exceptionDetails"])
        elif method == "Runtime.consoleAPICalled":
            if told["type"] in ("error", "warning", "assert"):
                self.complaints.append(told["args"])
        elif method == "Log.entryAdded":
            if told["entry"]["level"] in ("error", "warning"):
                self.complaints.append(told["entry"])

    def call(self, method, **parameters):
        """One command of the protocol, and its result."""
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method,
                                     "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.note(message)

    def run(self, expression):
        """The value of a JavaScript expression; promises are awaited."""
        result = self.call("Runtime.evaluate", expression=expression,
                           returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def wait(self, expression, seconds=20):
        """Until the expression is true."""
        end = time.time() + seconds
        while time.time() < end:
            if self.run(expression):
                return
            time.sleep(0.02)
        raise TimeoutError(expression)

    def press(self, key, text=None, modifiers=0):
        """A key, as a keyboard sends it."""
        told = {"key": key, "modifiers": modifiers,
                "windowsVirtualKeyCode": KEYS.get(key, 0)}
        if text is not None:
            told["text"] = text
        self.call("Input.dispatchKeyEvent", type="keyDown", **told)
        self.call("Input.dispatchKeyEvent", type="keyUp", **told)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def resize(self, width, height=900):
        self.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=height, deviceScaleFactor=1, mobile=False)

    def media(self, **features):
        """prefers_color_scheme="dark", forced_colors="active", ..."""
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": name.replace("_", "-"), "value": value}
            for name, value in features.items()])

    def picture(self, path, whole=True):
        """A PNG of the page."""
        data = self.call("Page.captureScreenshot", format="png",
                         captureBeyondViewport=whole)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))


KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowLeft": 37,
        "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Backspace": 8,
        "Delete": 46, "z": 90, "a": 65}


class Browser:
    """A headless Chromium with a profile of its own."""

    def __enter__(self):
        self.profile = tempfile.mkdtemp(prefix="xhat-chromium-")
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            [CHROMIUM, "--headless=new", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", "--disable-dev-shm-usage",
             "--disable-extensions", "--remote-debugging-port=0",
             "--remote-allow-origins=*", f"--user-data-dir={self.profile}",
             *sandbox, "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.port = self.find_port()
        self.pages = []
        return self

    def find_port(self):
        path = os.path.join(self.profile, "DevToolsActivePort")
        for _ in range(600):
            if self.process.poll() is not None:
                self.leave()
                skip("chromium does not start here")
            if os.path.exists(path):
                with open(path, encoding="ascii") as file:
                    lines = file.read().split("\n")
                if len(lines) > 1:
                    return int(lines[0])
            time.sleep(0.05)
        self.leave()
        skip("chromium opens no port here")

    def open(self, url, scripts=True):
        """A new tab that shows the address."""
        import urllib.request
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/json/new", method="PUT")
        with urllib.request.urlopen(asked, timeout=30) as answer:
            tab = json.load(answer)
        page = Page(tab["webSocketDebuggerUrl"])
        self.pages.append(page)
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            page.call(f"{domain}.enable")
        if not scripts:
            page.call("Emulation.setScriptExecutionDisabled", value=True)
        page.call("Page.navigate", url=url)
        while "Page.loadEventFired" not in page.events:
            page.note(json.loads(page.socket.recv()))
        return page

    def leave(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def __exit__(self, *_):
        for page in self.pages:
            page.close()
        self.leave()

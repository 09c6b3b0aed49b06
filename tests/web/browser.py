"""Debian's Chromium, steered by its own protocol (Chrome DevTools Protocol): enough to look, press keys and read."""

import json
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Packages that hold axe's script, the newest first. None of them is imported.
_HOLDERS = ("axe_playwright_python", "axe_core_python")
_SCRIPTS = [
    Path(found.origin).with_name("axe.min.js") for name in _HOLDERS if (found := find_spec(name)) and found.origin
]
_AXE = "axe.run().then(done => JSON.stringify(done.violations.map(one => [one.id, one.nodes.map(node => node.html)])))"
needs_axe = pytest.mark.skipif(not _SCRIPTS, reason="no axe is installed: pip install axe-core-python")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")
_KEYS = {"Tab": 9, "Enter": 13}


@dataclass
class Page:
    """One page of a browser."""

    socket: ClientConnection
    number: int = 0
    events: list[dict] = field(default_factory=list)

    def call(self, method, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            said = json.loads(self.socket.recv(timeout=120))
            if said.get("id") == self.number:
                assert "error" not in said, said
                return said["result"]
            self.events.append(said)

    def wait_for(self, event):
        while not any(said.get("method") == event for said in self.events):
            self.events.append(json.loads(self.socket.recv(timeout=120)))
        self.events.clear()

    def open(self, url):
        self.events.clear()
        self.call("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")

    def press(self, *keys):
        for key in keys:
            code = {"key": key, "code": key, "windowsVirtualKeyCode": _KEYS[key]}
            text = {"text": "\r"} if key == "Enter" else {}
            self.call("Input.dispatchKeyEvent", type="keyDown", **code, **text)
            self.call("Input.dispatchKeyEvent", type="keyUp", **code)

    def text(self):
        """What a reader sees, without running anything of the page."""
        root = self.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        return self.call("DOM.getOuterHTML", nodeId=root)["outerHTML"]

    def run(self, script):
        """What a script from outside gives, where scripts may run."""
        done = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def violations(self):
        """What axe finds on the page, where scripts may run: rules and the elements that break them."""
        self.run(_SCRIPTS[0].read_text(encoding="utf-8"))
        return json.loads(self.run(_AXE))

    def shown_as(self, *, width, scheme, height=740):
        """Sets the size of the screen, and whether it is light or dark."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=True)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def width(self):
        """How wide the content is, in CSS pixels."""
        return self.call("Page.getLayoutMetrics")["cssContentSize"]["width"]


@contextmanager
def browser(*, width=360, height=740):
    """A page of a Chromium that runs no script of pages."""
    folder = Path(tempfile.mkdtemp(prefix="opsguard-chromium-"))
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0"]
    command = [CHROMIUM, *options, f"--user-data-dir={folder}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with connect(_address(folder, process), max_size=None, proxy=None) as socket:
            page = Page(socket)
            page.call("Page.enable")
            page.call("DOM.enable")
            page.call("Emulation.setScriptExecutionDisabled", value=True)
            page.shown_as(width=width, height=height, scheme="light")
            yield page
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _address(folder, process):
    import httpx

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "Chromium has ended"
        file = folder / "DevToolsActivePort"
        if file.exists() and len(file.read_text().split()) == 2:
            port = file.read_text().split()[0]
            for target in httpx.get(f"http://127.0.0.1:{port}/json/list", trust_env=False).json():
                if target["type"] == "page":
                    return target["webSocketDebuggerUrl"]
        time.sleep(0.1)
    raise AssertionError("Chromium did not open its port")

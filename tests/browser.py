"""Chromium, spoken to over a pipe: real keys, what the console says, and pictures. Nothing but the standard library."""

import base64
import json
import os
import select
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
_PATIENCE = 60
_KEYS = {"Enter": (13, "\r"), "Tab": (9, ""), " ": (32, " ")}


class Browser:
    """One tab; a context manager.

    Attributes
    ----------
    complaints
        What the console had to say, and uncaught errors.
    """

    def __init__(self, profile: Path) -> None:
        if CHROMIUM is None:
            pytest.skip("no Chromium on PATH")
        (their_in, self._out), (self._in, their_out) = os.pipe(), os.pipe()
        # The browser reads its commands from descriptor 3 and answers on 4.
        command = 'exec "$@" 3<&"$IN" 4>&"$OUT"'
        arguments = [CHROMIUM, *FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", command, "bash", *arguments],
            env=os.environ | {"IN": str(their_in), "OUT": str(their_out)},
            pass_fds=[their_in, their_out],
            stderr=subprocess.DEVNULL,
        )
        os.close(their_in)
        os.close(their_out)
        self._buffer, self._count, self._session = b"", 0, None
        self.complaints: list[str] = []
        tab = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self._session = None
        self.call("Browser.close")
        self._process.wait(timeout=30)
        os.close(self._in)
        os.close(self._out)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command of the DevTools protocol and wait for its answer."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._count:
            self._listen(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def open(self, address: str) -> None:
        """Load a page anew, and wait until it has loaded."""
        self.complaints.clear()
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=address)
        while self.run("document.readyState") != "complete" or self.run("location.href") != address:
            self._listen(self._read())

    def run(self, expression: str) -> Any:
        """Value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key, where the focus is."""
        code, text = _KEYS[key]
        for kind in ("keyDown", "keyUp"):
            shown = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **shown)

    def type(self, text: str) -> None:
        """Write text, where the focus is."""
        self.call("Input.insertText", text=text)

    def tree(self) -> list[tuple[str, str, dict[str, Any]]]:
        """What a screen reader is given: role, name and states of each thing, in the order of reading."""
        self.call("Accessibility.enable")
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        self.call("Accessibility.disable")
        by_id = {node["nodeId"]: node for node in nodes}
        found, left = [], [nodes[0]["nodeId"]]
        while left:
            node = by_id[left.pop()]
            left += reversed([child for child in node["childIds"] if child in by_id])
            if not node["ignored"]:
                states = {state["name"]: state["value"].get("value") for state in node.get("properties", [])}
                found.append((node["role"]["value"], node.get("name", {}).get("value", ""), states))
        return found

    def look(self, path: Path, width: int, height: int = 900, media: str = "screen", dark: bool = False) -> None:
        """Save a picture of the page."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", media=media, features=scheme)
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._in], [], [], _PATIENCE)[0]:
                raise RuntimeError(f"Chromium has said nothing for {_PATIENCE} seconds")
            part = os.read(self._in, 1 << 20)
            if not part:
                raise RuntimeError("Chromium has gone")
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def _listen(self, event: dict[str, Any]) -> None:
        if event.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.complaints.append(json.dumps(event["params"]))

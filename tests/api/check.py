"""Tries the API against its own document with an account of each role: `cargo xtask api-check`.

Starts simulated meters and a host that reads them, makes the accounts, and runs schemathesis for each. Fails on an answer
of 500, and on one that the document does not have: its status, the type of its body, its schema. UZEL_BIN, METER_SIM_BIN
and UZEL_DRIVERS_DIR name programs and drivers; the argument is the folder of this run's files.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).parent
# Meters compute their archives, and the host compiles its drivers, before they are there.
START_S = 300
# First sessions read whole archives; what was read until then is what answers can show.
READ_S = 120
# The host answers 100 requests a second of one account (host/src/limits.rs).
RATE = "90/s"
# None of the examples of the document has it: with a right password they would end the sign-in that asks.
PASSWORD = "snow on the pipe 31"
# Streams do not end.
LEFT_OUT = ["live"]
# After these somebody may be nobody any more: they are tried at the end.
AT_THE_END = ["end_sign_in", "sign_account_out", "reset_account", "change_account", "grant", "sign_out"]
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]
ROLES = {
    "vendor": ("person", {"role": "vendor", "vendor": "uzel"}),
    "machine": ("machine", {"role": "viewer"}),
    "viewer": ("person", {"role": "viewer", "organisation": 1}),
    "engineer": ("person", {"role": "engineer", "site": 1}),
    "dispatcher": ("person", {"role": "dispatcher"}),
    "administrator": ("person", {"role": "administrator"}),
}


class Program:
    """A program that runs beside this one, its words in a file."""

    def __init__(self, name, log, *command):
        self.name, self.log = name, log
        with log.open("wb") as out:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

    def said(self):
        return self.log.read_text(errors="replace")

    def until(self, pattern):
        """Waits until it has said something like this."""
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            found = re.search(pattern, self.said(), re.MULTILINE)
            if found:
                return found
            if self.child.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit(f"{self.name} did not come up:\n{self.said()[-2000:]}")

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(15)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


class Client:
    """Somebody who asks the host."""

    def __init__(self, url, **headers):
        self.url, self.headers = url, headers

    def ask(self, method, path, body=None):
        headers = {"X-Uzel": "1", "Content-Type": "application/json", **self.headers}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            cookie = answer.headers.get("set-cookie")
            if cookie:
                self.headers["Cookie"] = cookie.split(";")[0]
            text = answer.read()
            return json.loads(text) if text else None

    def sign_in(self, name, secret):
        """Signs in with a one-time secret and chooses a password."""
        self.ask("POST", "/session", {"name": name, "password": secret})
        self.ask("POST", "/account/password", {"old": secret, "new": PASSWORD})
        return self


def start(folder, programs):
    """Starts meters and host; gives the address of the host and the secret of its administrator."""
    uzel = os.environ["UZEL_BIN"]
    fleet = Program("the fleet", folder / "fleet.log", os.environ["METER_SIM_BIN"], "fleet", str(HERE / "fleet.toml"))
    programs.append(fleet)
    fleet.until(r"^ready$")
    lines = re.findall(r"^tcp (\S+)", fleet.said(), re.MULTILINE)
    devices = (HERE / "devices.csv").read_text()
    for number, line in enumerate(lines, 1):
        devices = devices.replace(f"{{{number}}}", line)
    (folder / "devices.csv").write_text(devices)
    config = folder / "uzel.toml"
    config.write_text(
        f"[http]\nlisten = '127.0.0.1:0'\n[store]\npath = '{folder / 'uzel.sqlite'}'\n"
        f"[drivers]\nfolder = '{os.environ['UZEL_DRIVERS_DIR']}'\ncache = '{folder / 'cache'}'\n"
    )
    subprocess.run([uzel, "device", "import", folder / "devices.csv", "--config", config], check=True)
    host = Program("the host", folder / "uzel.log", uzel, "serve", "--config", str(config))
    programs.append(host)
    url = host.until(r"serving (http://127\.0\.0\.1:\d+)").group(1)
    return url, host.until(r"one-time secret (\S+)").group(1)


def wait_until_read(client):
    """Waits until each device was read once, or the time is over: an archive may be long."""
    end = time.monotonic() + READ_S
    while time.monotonic() < end:
        sessions = [device["last_session"] for device in client.ask("GET", "/devices")["items"]]
        if all(session and session["ended_at"] for session in sessions):
            return
        time.sleep(0.5)


def somebody(url, administrator, role):
    """Makes an account of a role; gives who asks with it."""
    kind, grant = ROLES[role]
    new = {"name": f"check-{role}", "title": role, "kind": kind, "grants": [grant]}
    made = administrator.ask("POST", "/accounts", new)
    if kind == "person":
        return Client(url).sign_in(new["name"], made["secret"])
    key = {"name": "check", "rights": ["see", "dispatch"]}
    key = administrator.ask("POST", f"/accounts/{made['account']['id']}/keys", key)["key"]
    return Client(url, Authorization=f"Bearer {key}")


def schemathesis(folder, client, name, examples, operations):
    """Runs schemathesis with what an account shows; whether everything is as the document says."""
    tool = pathlib.Path(sys.executable).with_name("schemathesis")
    command = [tool, "--config-file", HERE / "schemathesis.toml", "run", folder / "openapi.json", "--url", client.url]
    command += ["--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--seed", "1", "--no-color"]
    command += ["--checks", ",".join(CHECKS), "--rate-limit", RATE, "--generation-database", "none"]
    command += ["--continue-on-failure", "--no-shrink", "--suppress-health-check", "all", "--warnings", "off"]
    command += ["--request-timeout", "30", *operations]
    for key, value in {"X-Uzel": "1", **client.headers}.items():
        command += ["--header", f"{key}: {value}"]
    log = folder / f"{name}.log"
    begun = time.monotonic()
    with log.open("wb") as out:
        ended = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    text = log.read_text(errors="replace")
    counts = re.search(r"^Test cases:\n *(.*)\n", text, re.MULTILINE)
    passed = ended.returncode == 0
    took = f"{time.monotonic() - begun:.0f} s"
    print(f"{'ok    ' if passed else 'FAILED'} {name}: {took}, {counts.group(1) if counts else ''}", flush=True)
    if not passed:
        print(text[text.find("= FAILURES =") :])
    return passed


def check(folder, client, role, examples):
    """Tries everything with what an account shows, at the end what may take it its account."""
    most = [word for name in LEFT_OUT + AT_THE_END for word in ("--exclude-operation-id", name)]
    passed = schemathesis(folder, client, role, examples, most)
    try:
        client.ask("GET", "/devices" if role != "vendor" else "/drivers")
    except urllib.error.HTTPError as error:
        print(f"FAILED {role}: it is nobody any more ({error}): what came after was checked for nothing")
        return False
    last = [word for name in AT_THE_END for word in ("--include-operation-id", name)]
    return schemathesis(folder, client, f"{role}-end", examples, last) and passed


def main(folder, examples, roles):
    programs = []
    try:
        url, secret = start(folder, programs)
        administrator = Client(url).sign_in("administrator", secret)
        (folder / "openapi.json").write_text(json.dumps(administrator.ask("GET", "/openapi.json")))
        wait_until_read(administrator)
        clients = {role: somebody(url, administrator, role) for role in roles}
        passed = [check(folder, client, role, examples) for role, client in clients.items()]
        panics = re.findall(r".*panicked at.*", programs[-1].said())
        print("\n".join(panics), end="")
        return 0 if all(passed) and not panics else 1
    finally:
        for program in reversed(programs):
            program.stop()


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]), sys.argv[3:] or list(ROLES)))

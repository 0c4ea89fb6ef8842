#!/usr/bin/env python3
"""Measures a whole airelay under load: CPU, memory, frames, delay of events.

In:  a release binary (--bin) and optionally a detector (--model). Cameras are `airelay sim` in another process,
     1080p at 5 frames a second over loopback.
Out: one table row per scene and number of cameras. Asserts nothing.

CPU is user + system time of the airelay process alone over the measured time, per camera and second. Event delay
is from the frame's first byte to the event in the browser's stream of live changes, so it includes storing.
"""
import argparse, http.client, json, os, re, signal, subprocess, sys, tempfile, threading, time
from datetime import datetime, timezone

SCENES = {"still": ["--still"], "busy": []}
# Longest recording; a longer measurement sees it again and again.
RECORDED_S = 120
TICKS = os.sysconf("SC_CLK_TCK")


class Api:
    """A signed-in client of one airelay."""

    def __init__(self, address):
        self.address, self.cookie, self.csrf = address, "", "none"

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.address, timeout=30)
        headers = {"X-Csrf-Token": self.csrf, "Cookie": self.cookie, "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]}")
        if cookie := answer.getheader("Set-Cookie"):
            self.cookie = cookie.split(";")[0]
        return json.loads(text) if text else None

    def watch_events(self, delays_ms):
        """Notes the delay of each event that begins, until the connection ends."""
        connection = http.client.HTTPConnection(self.address)
        connection.request("GET", "/api/v1/changes", headers={"Cookie": self.cookie})
        answer, name = connection.getresponse(), ""
        try:
            for line in iter(answer.readline, b""):
                if line.startswith(b"event: "):
                    name = line[7:].strip().decode()
                elif line.startswith(b"data: ") and name == "event":
                    event = json.loads(line[6:])
                    if event["phase"] == "begin":
                        at = datetime.fromisoformat(event["at"].replace("Z", "+00:00"))
                        delays_ms.append((datetime.now(timezone.utc) - at).total_seconds() * 1000)
        except (OSError, http.client.HTTPException, ValueError):
            pass  # airelay was stopped


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1)) / 1024


def first_line(process, pattern):
    for line in process.stdout:
        if found := re.search(pattern, line):
            return found.group(1)
    raise RuntimeError(f"{process.args[0]} ended before it said {pattern}")


def stop(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()


def start_sim(arguments, n_cameras, content):
    return subprocess.Popen(
        [arguments.bin, "sim", "--port", str(arguments.sim_port), "--cameras", str(n_cameras), *content],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def record(arguments, scene, folder):
    """Saves one camera's pictures, so that drawing and encoding cost nothing while airelay is measured."""
    sim = start_sim(arguments, 1, SCENES[scene])
    try:
        first_line(sim, r"(http://\S+)")
        connection = http.client.HTTPConnection("127.0.0.1", arguments.sim_port, timeout=30)
        connection.request("GET", "/cgi-bin/mjpeg")
        answer = connection.getresponse()
        for idx in range(int(5 * min(arguments.warm_up_s + arguments.measure_s + 10, RECORDED_S))):
            length = None
            while (line := answer.readline().strip()) or length is None:
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            with open(f"{folder}/{idx:06}.jpg", "wb") as picture:
                picture.write(answer.read(length))
    finally:
        stop(sim)


def add_camera(api, name, port):
    """Links a simulated camera, with an alarm for whatever is seen anywhere in its picture; returns its id."""
    link = {"host": "127.0.0.1", "port": port, "path": "/cgi-bin/mjpeg"}
    camera = api.call("POST", "/api/v1/cameras", {"name": name, "link": link})
    camera.pop("status")
    camera["zones"] = [{"id": 1, "name": "All", "points": [[0, 0], [1, 0], [1, 1], [0, 1]]}]
    camera["rules"] = [{"id": 1, "name": "Any", "kind": "intruder", "zone_id": 1, "dwell_s": 0.0,
                        "classes": ["person", "car", "bus", "truck", "bicycle", "motorcycle"],
                        "sensitivity": 5, "is_enabled": True}]
    api.call("PUT", f"/api/v1/cameras/{camera['id']}", camera)
    return camera["id"]


def measure(arguments, scene, n_cameras, recorded):
    content = ["--content", recorded] if recorded else SCENES[scene]
    sim = start_sim(arguments, n_cameras, content)
    with tempfile.TemporaryDirectory() as data:
        command = [arguments.bin, "serve", "--no-demo", "--listen", "0", "--data-dir", data]
        if arguments.model:
            command += ["--model", arguments.model]
        for _ in range(n_cameras):
            first_line(sim, r"(http://\S+)")
        relay = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            address = first_line(relay, r"runs on http://(\S+)")
            api = Api(address)
            token = first_line(relay, r"token=(\S+)")
            session = api.call("POST", "/api/v1/setup", {"token": token, "name": "bench", "password": "bench bench"})
            api.csrf = session["csrf_token"]
            for camera_idx in range(n_cameras):
                add_camera(api, f"{scene} {camera_idx}", arguments.sim_port + camera_idx)
            delays_ms = []
            threading.Thread(target=api.watch_events, args=(delays_ms,), daemon=True).start()
            time.sleep(arguments.warm_up_s)
            del delays_ms[:]
            before, began = cpu_seconds(relay.pid), time.monotonic()
            counted = counters(api)
            time.sleep(arguments.measure_s)
            took = time.monotonic() - began
            used = cpu_seconds(relay.pid) - before
            change = {name: value - counted.get(name, 0) for name, value in counters(api).items()}
            return {"cpu": used / took / n_cameras, "rss": rss_mb(relay.pid),
                    "analysed": change["relay_frames_analysed_total"], "dropped": change["relay_frames_dropped_total"],
                    "looks": change["relay_detector_looks_total"], "delays_ms": sorted(delays_ms)}
        finally:
            stop(relay)
            stop(sim)


def counters(api):
    """Sums over cameras of every counter."""
    connection = http.client.HTTPConnection(api.address, timeout=30)
    connection.request("GET", "/metrics")
    sums = {}
    for line in connection.getresponse().read().decode().splitlines():
        if found := re.match(r"(relay_\w+_total)(?:{[^}]*})? (\d+)", line):
            sums[found.group(1)] = sums.get(found.group(1), 0) + int(found.group(2))
    return sums


def percentile(values, part):
    return f"{values[min(len(values) - 1, int(len(values) * part))]:.0f}" if values else "-"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--model", help="manifest of a detector; the built-in one when left out")
    parser.add_argument("--cameras", default="1,4,8")
    parser.add_argument("--scenes", default="still,busy")
    parser.add_argument("--warm-up-s", type=float, default=12)
    parser.add_argument("--measure-s", type=float, default=30)
    parser.add_argument("--recorded", action="store_true",
                        help="show pictures recorded before, the same to all cameras: the simulator costs nothing")
    parser.add_argument("--sim-port", type=int, default=8701)
    arguments = parser.parse_args()
    print("| scene | cameras | CPU-s per camera-s | memory MB | frames analysed | dropped | looks per frame | "
          "events | delay ms median | 99 % |\n|---|---|---|---|---|---|---|---|---|---|")
    for scene in arguments.scenes.split(","):
        folder = tempfile.TemporaryDirectory() if arguments.recorded else None
        if folder:
            record(arguments, scene, folder.name)
        for n_cameras in map(int, arguments.cameras.split(",")):
            row = measure(arguments, scene, n_cameras, folder and folder.name)
            looks = row["looks"] / max(1, row["analysed"])
            print(f"| {scene} | {n_cameras} | {row['cpu']:.3f} | {row['rss']:.0f} | {row['analysed']} | "
                  f"{row['dropped']} | {looks:.2f} | {len(row['delays_ms'])} | {percentile(row['delays_ms'], 0.5)} | "
                  f"{percentile(row['delays_ms'], 0.99)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

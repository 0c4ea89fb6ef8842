#!/usr/bin/env python3
"""What viewers cost: CPU, memory and the analysed rate with and without RTSP viewers and ONVIF clients that pull events.

In:  a release binary (--bin) and optionally a detector (--model). Cameras are `airelay sim` in another process, 1080p at
     5 frames a second over loopback; viewers are sockets of this process, which read and throw away.
Out: one table row per way of watching, and what the ONVIF clients were told, compared. Asserts nothing.
"""
import argparse, asyncio, hashlib, re, subprocess, tempfile, time
from datetime import datetime, timedelta, timezone

from load import SCENES, Api, add_camera, counters, cpu_seconds, first_line, record, rss_mb, stop
from pull_points import PullPoint, compare

USER, PASSWORD = "vms", "a long password"


def digest(challenge, method, uri):
    """An Authorization header by MD5."""
    fields = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    md5 = lambda text: hashlib.md5(text.encode()).hexdigest()
    secret, request = md5(f"{USER}:{fields['realm']}:{PASSWORD}"), md5(f"{method}:{uri}")
    response = md5(f"{secret}:{fields['nonce']}:00000001:bench:auth:{request}")
    return (f'Digest username="{USER}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", uri="{uri}", qop=auth, '
            f'nc=00000001, cnonce="bench", response="{response}"')


class Sink(asyncio.DatagramProtocol):
    """Counts pictures that arrive as datagrams."""

    def __init__(self, viewer):
        self.viewer = viewer

    def datagram_received(self, data, _):
        self.viewer.take(0, data)


class Viewer:
    def __init__(self, port, camera, video, transport):
        self.port, self.transport = port, transport
        self.uri = f"rtsp://127.0.0.1:{port}/cameras/{camera}/{video}"
        self.n_pictures = self.n_documents = self.cseq = 0

    def take(self, channel, packet):
        if len(packet) > 1 and packet[1] & 0x80:
            if channel == 0:
                self.n_pictures += 1
            elif channel == 2:
                self.n_documents += 1

    async def ask(self, method, uri, **headers):
        self.cseq += 1
        lines = [f"{method} {uri} RTSP/1.0", f"CSeq: {self.cseq}", *(f"{k}: {v}" for k, v in headers.items())]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        if found := re.search(r"Content-Length: (\d+)", head):
            await self.reader.readexactly(int(found.group(1)))
        return head

    async def watch(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        refused = await self.ask("DESCRIBE", self.uri)
        challenge = next(line for line in refused.splitlines() if "algorithm=MD5" in line)
        described = await self.ask("DESCRIBE", self.uri, Authorization=digest(challenge, "DESCRIBE", self.uri))
        assert " 200 " in described, described
        session = {}
        for number, track in enumerate((1, 2)):
            if self.transport == "udp":
                protocol = Sink(self)
                protocol.datagram_received = lambda data, _, channel=2 * number: self.take(channel, data)
                loop = asyncio.get_running_loop()
                endpoint, _ = await loop.create_datagram_endpoint(lambda: protocol, local_addr=("127.0.0.1", 0))
                port = endpoint.get_extra_info("sockname")[1]
                way = f"RTP/AVP;unicast;client_port={port}-{port + 1 if port < 65535 else port - 1}"
            else:
                way = f"RTP/AVP/TCP;unicast;interleaved={2 * number}-{2 * number + 1}"
            answer = await self.ask("SETUP", f"{self.uri}/trackID={track}", Transport=way, **session)
            session = {"Session": re.search(r"Session: ([^;\r]+)", answer).group(1)}
        assert " 200 " in await self.ask("PLAY", self.uri, **session)
        if self.transport == "udp":
            while True:
                await asyncio.sleep(20)
                await self.ask("GET_PARAMETER", self.uri, **session)
        while True:
            _, channel, high, low = await self.reader.readexactly(4)
            self.take(channel, await self.reader.readexactly(high << 8 | low))


def utc(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def pull_point_row(told, n_pulls):
    parts = ", ".join(f"{count} {what}" for what, count in told.items())
    return f"{n_pulls} pulls; {parts}"


async def measure(arguments, recorded, video, transport, n_viewers, n_pull_points):
    content = ["--content", recorded] if recorded else SCENES[arguments.scene]
    sim = subprocess.Popen(
        [arguments.bin, "sim", "--port", str(arguments.sim_port), "--cameras", str(arguments.cameras),
         *content], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    with tempfile.TemporaryDirectory() as data:
        command = [arguments.bin, "serve", "--no-demo", "--listen", "0", "--data-dir", data]
        if arguments.model:
            command += ["--model", arguments.model]
        for _ in range(arguments.cameras):
            first_line(sim, r"(http://\S+)")
        relay = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            address = first_line(relay, r"runs on http://(\S+)")
            api = Api(address)
            token = first_line(relay, r"token=(\S+)")
            api.csrf = api.call("POST", "/api/v1/setup", {"token": token, "name": "bench", "password": "bench bench"})["csrf_token"]
            ids = []
            for camera_idx in range(arguments.cameras):
                ids.append(add_camera(api, f"bench {camera_idx}", arguments.sim_port + camera_idx))
            api.call("PUT", f"/api/v1/device_accounts/{USER}", {"level": "User", "password": PASSWORD})
            await asyncio.sleep(3)
            port = api.call("GET", "/api/v1/viewers")["rtsp_port"]
            viewers = [Viewer(port, ids[idx % len(ids)], video, transport) for idx in range(n_viewers)]
            tasks = [asyncio.create_task(viewer.watch()) for viewer in viewers]
            pull_points = [PullPoint(address, USER, PASSWORD) for _ in range(n_pull_points)]
            for pull_point in pull_points:
                await pull_point.subscribe()
            tasks += [asyncio.create_task(pull_point.pull()) for pull_point in pull_points]
            await asyncio.sleep(arguments.warm_up_s)
            for task in tasks:
                if task.done():
                    task.result()
            pictures = sum(viewer.n_pictures for viewer in viewers)
            documents = sum(viewer.n_documents for viewer in viewers)
            since = datetime.now(timezone.utc)
            before, began, counted = cpu_seconds(relay.pid), time.monotonic(), counters(api)
            await asyncio.sleep(arguments.measure_s)
            took, used = time.monotonic() - began, cpu_seconds(relay.pid) - before
            change = {name: value - counted.get(name, 0) for name, value in counters(api).items()}
            # What was decided by now arrives within the next pulls.
            until = datetime.now(timezone.utc)
            await asyncio.sleep(3 if pull_points else 0)
            for task in tasks:
                if task.done():
                    task.result()
                task.cancel()
            told = compare(pull_points, utc(since), utc(until)) if pull_points else {}
            return {"told": pull_point_row(told, sum(point.n_pulls for point in pull_points)),"cpu": used / took, "rss": rss_mb(relay.pid), "received": change["relay_frames_received_total"],
                    "analysed": change["relay_frames_analysed_total"], "lost": change["relay_viewer_lost_total"],
                    "pictures": sum(viewer.n_pictures for viewer in viewers) - pictures,
                    "documents": sum(viewer.n_documents for viewer in viewers) - documents}
        finally:
            stop(relay)
            stop(sim)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--model", help="manifest of a detector; the built-in one when left out")
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--pull-points", type=int, default=0, help="ONVIF clients that pull events beside the viewers")
    parser.add_argument("--recorded", action="store_true", help="cameras show pictures saved before, so that drawing takes no cores")
    parser.add_argument("--ways", default="none,jpeg/tcp,jpeg/udp,h264/tcp")
    parser.add_argument("--scene", default="busy", choices=SCENES)
    parser.add_argument("--warm-up-s", type=float, default=12)
    parser.add_argument("--measure-s", type=float, default=30)
    parser.add_argument("--sim-port", type=int, default=8721)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.recorded:
            record(arguments, arguments.scene, folder)
        recorded = folder if arguments.recorded else None
        print("| viewers | way | pull points | CPU cores | memory MB | frames received | analysed | pictures sent | documents | lost |\n"
              "|---|---|---|---|---|---|---|---|---|---|", flush=True)
        for way in arguments.ways.split(","):
            video, _, transport = way.partition("/")
            n_viewers, n_pull_points = (0, 0) if way == "none" else (arguments.viewers, arguments.pull_points)
            row = asyncio.run(measure(arguments, recorded, video, transport, n_viewers, n_pull_points))
            print(f"| {n_viewers} | {way} | {n_pull_points} | {row['cpu']:.2f} | {row['rss']:.0f} | {row['received']} | {row['analysed']} | "
                  f"{row['pictures']} | {row['documents']} | {row['lost']} |", flush=True)
            if n_pull_points:
                print(f"  {n_pull_points} pull points: {row['told']}", flush=True)


if __name__ == "__main__":
    main()

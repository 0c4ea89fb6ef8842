"""ONVIF clients that pull events, as many as wanted, in one asyncio loop; used by `viewers.py`.

Each signs in by WS-UsernameToken, makes a pull point, pulls without a pause and renews by pulling, as a VMS does.
What each was told can be compared: the same messages, in the same order, none lost and none twice.
"""
import asyncio, base64, hashlib, os, re
from datetime import datetime, timezone

ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tev="http://www.onvif.org/ver10/events/wsdl">'
    '<s:Header><w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" '
    'xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"><w:UsernameToken>'
    '<w:Username>{user}</w:Username><w:Password Type="http://docs.oasis-open.org/wss/2004/01/'
    'oasis-200401-wss-username-token-profile-1.0#PasswordDigest">{digest}</w:Password><w:Nonce>{nonce}</w:Nonce>'
    '<u:Created>{created}</u:Created></w:UsernameToken></w:Security></s:Header><s:Body>{body}</s:Body></s:Envelope>')
PULL = "<tev:PullMessages><tev:Timeout>PT10S</tev:Timeout><tev:MessageLimit>100</tev:MessageLimit></tev:PullMessages>"


def signed(user, password, body):
    nonce, created = os.urandom(16), datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    digest = hashlib.sha1(nonce + created.encode() + password.encode()).digest()
    as_text = lambda data: base64.b64encode(data).decode()
    return ENVELOPE.format(user=user, digest=as_text(digest), nonce=as_text(nonce), created=created, body=body)


def messages(answer):
    """(UtcTime, the message as one text) of each change told; states as of the beginning are left out."""
    for part in re.findall(r"<wsnt:NotificationMessage.*?</wsnt:NotificationMessage>", answer, re.S):
        at = re.search(r'UtcTime="([^"]+)"', part).group(1)
        if 'PropertyOperation="Initialized"' not in part:
            topic = re.search(r"<wsnt:Topic[^>]*>([^<]+)<", part).group(1)
            operation = re.search(r'PropertyOperation="(\w+)"', part)
            items = re.findall(r'SimpleItem Name="([^"]*)" Value="([^"]*)"', part)
            yield at, f"{at} {topic} {operation and operation.group(1)} {items}"


class PullPoint:
    """One client; `told` fills up while `pull` runs."""

    def __init__(self, address, user, password):
        self.host, _, port = address.partition(":")
        self.port, self.user, self.password = int(port), user, password
        self.told, self.n_pulls = [], 0

    async def ask(self, path, body):
        text = signed(self.user, self.password, body).encode()
        self.writer.write(
            f"POST {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nContent-Type: application/soap+xml\r\n"
            f"Content-Length: {len(text)}\r\n\r\n".encode() + text)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        length = int(re.search(r"content-length: (\d+)", head, re.I).group(1))
        answer = (await self.reader.readexactly(length)).decode()
        if " 200 " not in head.splitlines()[0]:
            raise RuntimeError(f"{body[:60]}: {head.splitlines()[0]} {answer[:400]}")
        return answer

    async def subscribe(self):
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port, limit=1 << 22)
        answer = await self.ask("/onvif/event_service", "<tev:CreatePullPointSubscription/>")
        address = re.search(r"Address>([^<]+)<", answer).group(1)
        self.path = re.sub(r"^https?://[^/]+", "", address)

    async def pull(self):
        while True:
            self.told += messages(await self.ask(self.path, PULL))
            self.n_pulls += 1


def compare(pull_points, since, until):
    """How many messages lie between the times, and how many were lost, doubled or out of order over all clients."""
    within = [[text for at, text in point.told if since <= at < until] for point in pull_points]
    sets = [set(texts) for texts in within]
    everything = set().union(*sets)
    order = max(within, key=len)
    return {
        "messages": len(everything),
        "lost": sum(len(everything - texts) for texts in sets),
        "doubled": sum(len(texts) - len(own) for texts, own in zip(within, sets)),
        "out of order": sum(texts != [text for text in order if text in own] for texts, own in zip(within, sets)),
    }

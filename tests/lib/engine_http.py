"""ClickHouse's HTTP protocol by hand, over a Unix socket or TCP: `ask` for whole exchanges, `send`
for those that are broken off."""

import base64
import http.client
import socket
import urllib.parse


class QueryError(Exception):
    """The engine refused: status, ClickHouse's code, its text."""

    def __init__(self, reply):
        super().__init__(reply.text)
        self.status = reply.status
        self.code = int(reply.headers.get("X-ClickHouse-Exception-Code", 0))


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode(errors="replace")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("engine", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class EngineHttp:
    """place: path of a Unix socket, or (host, port). Settings are parameters of the URL."""

    def __init__(self, place, user=None, password=None, **settings):
        self.place = place
        self.settings = settings
        self.headers = {}
        if user is not None:
            word = base64.b64encode(f"{user}:{password}".encode()).decode()
            self.headers["Authorization"] = "Basic " + word

    def connect(self, timeout=60):
        if isinstance(self.place, str):
            return _UnixConnection(self.place, timeout)
        return http.client.HTTPConnection(*self.place, timeout=timeout)

    def path(self, settings):
        return "/?" + urllib.parse.urlencode({**self.settings, **settings})

    def ask(self, body=b"", method="POST", headers=None, timeout=60, **settings):
        """One exchange; the Reply, whatever its status. An answer that breaks off raises."""
        body = body.encode() if isinstance(body, str) else body
        connection = self.connect(timeout)
        try:
            connection.request(method, self.path(settings), body,
                               {**self.headers, **(headers or {})})
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def query(self, sql, **settings):
        """The answer's text; QueryError when the engine refuses."""
        reply = self.ask(sql, **settings)
        if reply.status != 200:
            raise QueryError(reply)
        return reply.text

    def refused(self, sql, **settings):
        """The ClickHouse code that the statement is refused with; 0 when it is not."""
        reply = self.ask(sql, **settings)
        return 0 if reply.status == 200 else int(reply.headers["X-ClickHouse-Exception-Code"])

    def send(self, sql, content_length=None, body=b"", **settings):
        """Sends a request with that Content-Length and so much of its body; the open socket."""
        connection = self.connect()
        connection.connect()
        length = len(body) if content_length is None else content_length
        head = [f"POST {self.path({**settings, 'query': sql})} HTTP/1.1", "Host: engine",
                f"Content-Length: {length}"]
        head += [f"{name}: {value}" for name, value in self.headers.items()]
        connection.sock.sendall("\r\n".join([*head, "", ""]).encode() + body)
        return connection.sock

"""Those who ask a server: a browser that logs in and keeps its cookie, a script with a token."""

import http.cookies
import json

PASSWORD = "correct horse battery"


class Script:
    """Sends a bearer token; none for token None."""

    def __init__(self, server, token):
        self.server = server
        self.token = token

    def headers(self, method):
        del method
        return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}

    def ask(self, method, path, body=None, **headers):
        """body: what becomes JSON, or text as it is. The Answer."""
        sent = {**self.headers(method), **headers}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return self.server.request(method, path, body, sent)


class Browser(Script):
    """A person's: log_in, then ask. It bears the CSRF token with each change."""

    def __init__(self, server):
        super().__init__(server, None)
        self.cookie = None
        self.csrf = None

    def headers(self, method):
        sent = {} if self.cookie is None else {"Cookie": self.cookie}
        if self.csrf is not None and method != "GET":
            sent["X-CSRF-Token"] = self.csrf
        return sent

    def begin(self, path, **body):
        """POSTs what is to begin a session; the Answer."""
        answer = self.ask("POST", path, body)
        if answer.status in (200, 201):
            cookies = http.cookies.SimpleCookie(answer.headers["Set-Cookie"])
            name, morsel = next(iter(cookies.items()))
            self.cookie = f"{name}={morsel.value}"
            self.csrf = answer.json()["csrf_token"]
        return answer

    def log_in(self, name, password=PASSWORD):
        answer = self.begin("/v1/session", name=name, password=password)
        assert answer.status == 200, answer
        return self


def command(server, *arguments, stdin=""):
    """`minipulse arguments…`, which must succeed; what it printed."""
    done = server.run(*arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


def add_user(server, name, *flags, password=PASSWORD):
    command(server, "user", "add", name, *flags, stdin=password + "\n")


def add_token(server, app, role):
    return json.loads(command(server, "token", "add", app, "--role", role, "--label", role,
                              "--json"))

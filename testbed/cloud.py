"""The OpenStack APIs for tests and the demo: plain HTTP, standard library only.

The account comes from the environment (the usual OS_* variables).  Where that names no cloud, the rest comes from the testbed's openrc.
So the same tests run against another cloud by setting OS_AUTH_URL and the rest.  OS_COMPUTE_ENDPOINT_OVERRIDE and its like
give a service's URL in place of the catalog's, with %(project_id)s for the project.  OS_AUTH_TYPE=noauth2 is nova's mode
without keystone: a user and a project are what they call themselves, the user admin is the administrator, and the endpoints
must be given.
"""
import json
import os
import shlex
import time
import urllib.error
import urllib.request

from . import settings


class CloudError(Exception):
    """The cloud's answer was not the wanted one.  RESPONSE is the last answer, None when there was none."""

    def __init__(self, text, response=None):
        super().__init__(text)
        self.response = response


class Response:
    """An HTTP answer: STATUS, BODY (decoded JSON, else text, else None), HEADERS, and SECONDS that it took."""

    def __init__(self, status, body, headers, seconds):
        self.status, self.body, self.headers, self.seconds = status, body, headers, seconds

    def __iter__(self):
        """Unpack as (status, body, seconds)."""
        return iter((self.status, self.body, self.seconds))

    def __repr__(self):
        return "<Response %d %.500r %.2f s>" % (self.status, self.body, self.seconds)


# No proxy, whatever the environment says: a proxy cannot reach this machine's loopback.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def http(method, url, body=None, headers=None, timeout=120):
    """Send one request and return a Response, whatever its status.

    BODY is sent as JSON, bytes or an open binary file as they are.  Raises CloudError when there is no answer within TIMEOUT seconds.
    """
    headers = dict({"Accept": "application/json"}, **(headers or {}))
    if body is not None and not hasattr(body, "read") and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    began = time.monotonic()
    try:
        with _OPENER.open(urllib.request.Request(url, body, headers, method=method), timeout=timeout) as answer:
            status, data, received = answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        status, data, received = error.code, error.read(), error.headers
    except OSError as error:
        raise CloudError("%s %s: %s" % (method, url, error)) from None
    text = data.decode(errors="replace")
    try:
        decoded = json.loads(text) if text else None
    except ValueError:
        decoded = text
    return Response(status, decoded, received, time.monotonic() - began)


def openrc(path=settings.OPENRC):
    """Return the OS_* variables that the file PATH exports; empty when there is no such file."""
    try:
        lines = open(path).read().splitlines()
    except OSError:
        return {}
    words = [word for line in lines if line.startswith("export ") for word in shlex.split(line)[1:]]
    return dict(word.split("=", 1) for word in words if word.startswith("OS_") and "=" in word)


def _account():
    """Return the OS_* variables that say which cloud, and who."""
    given = {key: value for key, value in os.environ.items() if key.startswith("OS_") and value}
    return given if "OS_AUTH_URL" in given or "OS_AUTH_TYPE" in given else dict(openrc(), **given)


# The compute microversion that is asked for where the cloud has it; what nova can do from a certain one on.
WANTED_VERSION = "2.90"
NO_NETWORKS, FORCED_DOWN_BY_ID = "2.37", "2.53"


def _number(version):
    return tuple(int(part) for part in version.split("."))


class Cloud:
    """A session of one user in one project.

    Without arguments: the account of the environment, or the testbed's admin.  With AUTH_URL the environment is left aside.  VERSION is
    the compute microversion sent: by default 2.90, or the newest that the cloud announces where it is older than that.  ENDPOINTS are
    URLs by service, in place of the catalog's.
    """

    def __init__(self, username=None, password=None, project=None, auth_url=None, region=None, version=None, endpoints=None):
        known = {} if auth_url else _account()
        self.username = username or known.get("OS_USERNAME", "admin")
        self.password = password or known.get("OS_PASSWORD", settings.PASSWORD)
        self.project = project or known.get("OS_PROJECT_NAME", self.username)
        self.auth_url = (auth_url or known.get("OS_AUTH_URL", settings.AUTH_URL)).rstrip("/")
        self.region = region or known.get("OS_REGION_NAME", settings.REGION)
        self._version = version or known.get("OS_COMPUTE_API_VERSION")
        self.noauth = known.get("OS_AUTH_TYPE") == "noauth2"
        self._overrides = endpoints or {service: known.get("OS_%s_ENDPOINT_OVERRIDE" % service.upper())
                                        for service in ("compute", "image")}
        self.user_domain = known.get("OS_USER_DOMAIN_NAME", "Default")
        self.project_domain = known.get("OS_PROJECT_DOMAIN_NAME", "Default")
        self._token, self._renew, self._catalog, self.project_id, self.user_id = None, 0, [], None, None

    @classmethod
    def of(cls, tenant, **more):
        """Return a session of the testbed's user TENANT in the project of that name; the rest as for Cloud()."""
        return cls(username=tenant, project=tenant, **more)

    def token(self):
        """Return a valid token, a new one when the last is half an hour old.  Raises CloudError when keystone refuses."""
        if self.noauth:
            self.user_id, self.project_id = self.username, self.project
            return "%s:%s" % (self.user_id, self.project_id)
        if self._token is None or time.monotonic() >= self._renew:
            user = {"name": self.username, "password": self.password, "domain": {"name": self.user_domain}}
            answer = http("POST", self.auth_url + "/auth/tokens", {"auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": self.project, "domain": {"name": self.project_domain}}}}})
            if answer.status != 201:
                raise CloudError("keystone: %d for user %s: %.300r" % (answer.status, self.username, answer.body), answer)
            self._token, self._renew = answer.headers["X-Subject-Token"], time.monotonic() + 1800
            body = answer.body["token"]
            self._catalog = body.get("catalog", [])
            self.project_id, self.user_id = body["project"]["id"], body["user"]["id"]
        return self._token

    def renew(self):
        """Ask keystone for a new token with the next call: the catalog that came with the last one is not today's."""
        self._token = None

    def endpoint(self, service):
        """Return the public URL of the service type SERVICE.  Raises CloudError when the catalog has none."""
        self.token()
        if self._overrides.get(service):
            return self._overrides[service].rstrip("/") % {"project_id": self.project_id}
        for entry in self._catalog:
            if entry["type"] == service:
                for one in entry["endpoints"]:
                    if one["interface"] == "public" and one.get("region") in (self.region, None):
                        return one["url"].rstrip("/")
        raise CloudError("no %s endpoint in the catalog" % service)

    @property
    def version(self):
        """The compute microversion that calls send.  Raises CloudError when the cloud does not say which it has."""
        if self._version is None:
            root = self.endpoint("compute").partition("/v2")[0] + "/"
            known = http("GET", root, headers={"X-Auth-Token": self.token()})
            found = [one["version"] for one in (known.body or {}).get("versions", ()) if one["id"] == "v2.1"]
            if not found:
                raise CloudError("GET %s names no version v2.1" % root, known)
            self._version = min(found[0], WANTED_VERSION, key=_number)
        return self._version

    def has(self, version):
        """Return whether calls send the compute microversion VERSION or a newer one."""
        return _number(self.version) >= _number(version)

    def call(self, service, method, path, body=None, version=None, headers=None, timeout=120):
        """Send a request to SERVICE ("compute", "image", "identity" ...) and return its Response, whatever the status.

        PATH follows the endpoint's URL.  VERSION overrides the session's compute microversion; an empty one sends none.
        """
        sent = {"X-Auth-Token": self.token()}
        if service == "compute" and version is None:
            version = self.version
        if service == "compute" and version:
            sent.update({"OpenStack-API-Version": "compute " + version, "X-OpenStack-Nova-API-Version": version})
        url = self.auth_url if service == "identity" else self.endpoint(service)
        return http(method, url + path, body, dict(sent, **(headers or {})), timeout)

    def must(self, service, method, path, body=None, **more):
        """Like call(), but return the body, and raise CloudError unless the status is 2xx."""
        answer = self.call(service, method, path, body, **more)
        if not 200 <= answer.status < 300:
            raise CloudError("%s %s %s: %d %.500r" % (method, service, path, answer.status, answer.body), answer)
        return answer.body

    # --- servers

    def flavor_id(self, name):
        """Return the id of the flavor NAME.  Raises CloudError when there is none."""
        for one in self.must("compute", "GET", "/flavors")["flavors"]:
            if one["name"] == name:
                return one["id"]
        raise CloudError("no flavor %s" % name)

    def image_id(self, name):
        """Return the id of the image NAME.  Raises CloudError when there is none."""
        images = self.must("image", "GET", "/v2/images?status=active&name=" + name)["images"]
        if not images:
            raise CloudError("no image %s" % name)
        return images[0]["id"]

    def create_server(self, name, flavor="m1.tiny", image=settings.IMAGE, wait=True, timeout=120, **more):
        """Create a server, without network where the cloud lets one ask for that; return its id.

        MORE goes into the request's server object.

        With WAIT it is ACTIVE on return.  Raises CloudError when the request is refused, or the server fails or takes over TIMEOUT
        seconds.
        """
        server = dict({"name": name, "flavorRef": self.flavor_id(flavor), "imageRef": self.image_id(image)}, **more)
        if self.has(NO_NETWORKS):
            server.setdefault("networks", "none")
        uuid = self.must("compute", "POST", "/servers", {"server": server})["server"]["id"]
        if wait:
            self.wait_server(uuid, "ACTIVE", timeout=timeout)
        return uuid

    def server(self, uuid, **more):
        """Return the server's details.  Raises CloudError when it does not exist."""
        return self.must("compute", "GET", "/servers/" + uuid, **more)["server"]

    def servers(self, everybody=False):
        """Return the details of the project's servers; with EVERYBODY (an administrator's right), of all projects'."""
        return self.must("compute", "GET", "/servers/detail" + ("?all_tenants=1" if everybody else ""))["servers"]

    def wait_server(self, uuid, status, task_state=None, timeout=120, pause=0.2):
        """Wait until the server has STATUS (a name or several) and TASK_STATE (None: nothing under way); return its details.

        Raises CloudError when TIMEOUT seconds are over, or at once when it goes into ERROR unasked.
        """
        wanted = (status,) if isinstance(status, str) else tuple(status)
        deadline = time.monotonic() + timeout
        while True:
            server = self.server(uuid)
            now = server["status"], server.get("OS-EXT-STS:task_state")
            if now[0] in wanted and now[1] == task_state:
                return server
            if now[0] == "ERROR" and now[1] is None and "ERROR" not in wanted:
                raise CloudError("server %s is in ERROR: %r" % (uuid, server.get("fault")))
            if time.monotonic() >= deadline:
                raise CloudError("server %s is %s/%s after %d s, not %s/%s" % ((uuid,) + now + (timeout, "|".join(wanted), task_state)))
            time.sleep(pause)

    def action(self, uuid, body, **more):
        """POST the server action BODY and return the Response, whatever the status."""
        return self.call("compute", "POST", "/servers/%s/action" % uuid, body, **more)

    def act(self, uuid, body, status="ACTIVE", timeout=180, **more):
        """POST the server action BODY, wait for STATUS with nothing under way, and return the seconds that both took.

        Raises CloudError when it is refused or takes too long.
        """
        began = time.monotonic()
        answer = self.action(uuid, body, **more)
        if not 200 <= answer.status < 300:
            raise CloudError("%r: %d %.500r" % (body, answer.status, answer.body), answer)
        self.wait_server(uuid, status, timeout=timeout)
        return time.monotonic() - began

    def delete_server(self, uuid, timeout=120):
        """Delete the server and wait until it is gone; one that is not there is fine.  Raises CloudError after TIMEOUT seconds."""
        answer = self.call("compute", "DELETE", "/servers/" + uuid)
        if answer.status not in (204, 404):
            raise CloudError("delete of %s: %d %.300r" % (uuid, answer.status, answer.body), answer)
        deadline = time.monotonic() + timeout
        while self.call("compute", "GET", "/servers/" + uuid).status != 404:
            if time.monotonic() >= deadline:
                raise CloudError("server %s is still there after %d s" % (uuid, timeout))
            time.sleep(0.2)

    def console(self, uuid, lines=None):
        """Return the server's console log as nova gives it, the last LINES only if given."""
        body = {"os-getConsoleOutput": {} if lines is None else {"length": lines}}
        return self.must("compute", "POST", "/servers/%s/action" % uuid, body)["output"]

    def compute_services(self):
        """Return nova's services as {(binary, host): details}.  Needs an administrator."""
        services = self.must("compute", "GET", "/os-services")["services"]
        return {(one["binary"], one["host"]): one for one in services}

    def force_down(self, host, down):
        """Have nova take the compute service of HOST for dead, or no longer.  Needs an administrator."""
        if self.has(FORCED_DOWN_BY_ID):
            path = "/os-services/%s" % self.compute_services()["nova-compute", host]["id"]
            self.must("compute", "PUT", path, {"forced_down": down})
        else:
            self.must("compute", "PUT", "/os-services/force-down", {"host": host, "binary": "nova-compute", "forced_down": down})

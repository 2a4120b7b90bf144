"""Keystone's users, projects and endpoints, nova's flavors."""
from . import cloud, databases, settings


def admin():
    """Return a session of the testbed's administrator, whatever OS_* variables the caller has set."""
    return cloud.Cloud("admin", settings.PASSWORD, "admin", settings.AUTH_URL, settings.REGION)


def _password_is_right(name):
    user = {"name": name, "password": settings.PASSWORD, "domain": {"id": "default"}}
    answer = cloud.http("POST", settings.AUTH_URL + "/auth/tokens", {"auth": {
        "identity": {"methods": ["password"], "password": {"user": user}}, "scope": "unscoped"}})
    return answer.status == 201


class _Identity:
    """The parts of keystone that the testbed needs, each made only if it is not there."""

    def __init__(self, session):
        self.session = session
        self.roles = {one["name"]: one["id"] for one in self._list("roles")}

    def _list(self, kind):
        return self.session.must("identity", "GET", "/" + kind)[kind]

    def make(self, kind, **fields):
        """Make one of KIND and return its id."""
        return self.session.must("identity", "POST", "/" + kind, {kind[:-1]: fields})[kind[:-1]]["id"]

    def names(self, kind):
        """Return {name: id} of everything of KIND ("users", "projects")."""
        return {one["name"]: one["id"] for one in self._list(kind)}

    def role(self, name):
        """Return the id of the role NAME, made if it is not there."""
        if name not in self.roles:
            self.roles[name] = self.make("roles", name=name)
        return self.roles[name]

    def user(self, users, name):
        """Make the user NAME, or give the one there today's password when it has another."""
        if name not in users:
            users[name] = self.make("users", name=name, domain_id="default", password=settings.PASSWORD)
        elif not _password_is_right(name):
            # Only then: a changed password, the same one too, makes keystone revoke the tokens that the services hold.
            self.session.must("identity", "PATCH", "/users/" + users[name], {"user": {"password": settings.PASSWORD}})
        return users[name]

    def grant(self, project, user, role):
        """Give USER the role named ROLE in PROJECT (ids); once more does no harm."""
        self.session.must("identity", "PUT", "/projects/%s/users/%s/roles/%s" % (project, user, self.role(role)))

    def endpoints(self, wanted):
        """Make the services and endpoints WANTED, or set right the addresses of those that are there."""
        have = {(one["service_id"], one["interface"]): one for one in self._list("endpoints")}
        services = {one["type"]: one["id"] for one in self._list("services")}
        for kind, (name, url) in wanted.items():
            service = services.get(kind) or self.make("services", name=name, type=kind)
            for interface in ("public", "internal", "admin"):
                one = have.get((service, interface))
                if one is None:
                    self.make("endpoints", service_id=service, interface=interface, url=url, region_id=settings.REGION)
                elif one["url"] != url:
                    self.session.must("identity", "PATCH", "/endpoints/" + one["id"], {"endpoint": {"url": url}})


def fill():
    """Make the projects, users, roles and endpoints.  Raises CloudError."""
    session = admin()
    try:
        session.token()
    except cloud.CloudError as error:
        if error.response is None or error.response.status != 401:
            raise
        databases.bootstrap()
    identity = _Identity(session)
    projects, users = identity.names("projects"), identity.names("users")
    for name in ("service",) + tuple(settings.TENANTS):
        if name not in projects:
            projects[name] = identity.make("projects", name=name, domain_id="default")
    for name in settings.SERVICE_USERS:
        user = identity.user(users, name)
        for role in ("admin", "service"):
            identity.grant(projects["service"], user, role)
    for name, roles in settings.TENANTS.items():
        user = identity.user(users, name)
        for role in roles:
            identity.grant(projects[name], user, role)
    identity.endpoints(settings.ENDPOINTS)


def offer(kind, name, url):
    """Have the service KIND, called NAME, in the catalog at URL."""
    _Identity(admin()).endpoints({kind: (name, url)})


def withdraw(kind):
    """Have no service KIND in the catalog."""
    session = admin()
    for one in session.must("identity", "GET", "/services?type=" + kind)["services"]:
        session.must("identity", "DELETE", "/services/" + one["id"])


def flavors(session=None):
    """Make the flavors, by SESSION on another cloud than the testbed's.  Raises CloudError."""
    session = session or admin()
    have = {one["name"] for one in session.must("compute", "GET", "/flavors?is_public=None")["flavors"]}
    for name, (ram, disk, vcpus) in settings.FLAVORS.items():
        if name not in have:
            session.must("compute", "POST", "/flavors", {"flavor": {"name": name, "ram": ram, "disk": disk, "vcpus": vcpus}})

"""A real OAuth 2 server that was not written here, django-oauth-toolkit, with rotation and reuse protection switched on.

    django_provider.py FOLDER

Prints one line of JSON ({"url", "client_id", "client_secret", "refresh_token"}) and serves until it is killed. Each request of
its token endpoint is a line in FOLDER/dials: the status that was answered."""

import datetime
import json
import os
import secrets
import sys
import wsgiref.simple_server

import django
from django.conf import settings

folder = sys.argv[1]
settings.configure(
    SECRET_KEY=secrets.token_hex(32), ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF="django_provider", USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(folder, "provider.sqlite3")}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    OAUTH2_PROVIDER={
        "ROTATE_REFRESH_TOKEN": True, "REFRESH_TOKEN_REUSE_PROTECTION": True, "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,
        "ACCESS_TOKEN_EXPIRE_SECONDS": 3, "SCOPES": {"read": "read"},
    })
sys.modules["django_provider"] = sys.modules["__main__"]
django.setup()

from django.core.management import call_command  # noqa: E402
from django.urls import include, path  # noqa: E402

urlpatterns = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]


def grant():
    from django.contrib.auth.models import User
    from django.utils import timezone
    from oauth2_provider.models import AccessToken, Application, RefreshToken
    secret = secrets.token_urlsafe(32)
    user = User.objects.create(username="alice")
    application = Application.objects.create(
        name="coffer", user=user, client_type="confidential", authorization_grant_type="authorization-code",
        redirect_uris="http://127.0.0.1/cb", client_secret=secret)
    access = AccessToken.objects.create(
        user=user, application=application, token=secrets.token_urlsafe(24), scope="read",
        expires=timezone.now() + datetime.timedelta(seconds=3))
    refresh = RefreshToken.objects.create(
        user=user, application=application, token=secrets.token_urlsafe(24), access_token=access,
        **({"token_family": __import__("uuid").uuid4()} if hasattr(RefreshToken, "token_family") else {}))
    return application.client_id, secret, refresh.token


def counted(application):
    def serve(environ, start):
        def begin(status, headers, *rest):
            if environ["PATH_INFO"] == "/o/token/":
                with open(os.path.join(folder, "dials"), "a") as file:
                    file.write(status + "\n")
            return start(status, headers, *rest)
        return application(environ, begin)
    return serve


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass


if __name__ == "__main__":
    from django.core.wsgi import get_wsgi_application
    call_command("migrate", verbosity=0)
    client, secret, refresh = grant()
    server = wsgiref.simple_server.make_server("127.0.0.1", 0, counted(get_wsgi_application()), handler_class=Quiet)
    print(json.dumps({
        "url": "http://127.0.0.1:%d/o/token/" % server.server_address[1], "client_id": client, "client_secret": secret,
        "refresh_token": refresh}), flush=True)
    server.serve_forever()

"""The addresses of accounts, below `/api/v1/`."""

from django.urls import path, re_path

from taskflow.interfaces.api import auth, me, users

USER = r"users/(?P<username>[\w.\-]{1,64})"

urlpatterns = [
    path("auth/register", auth.Registration.as_view(), name="register"),
    path("auth/tokens", auth.TokenList.as_view(), name="tokens"),
    path("auth/tokens/current", auth.CurrentToken.as_view(), name="current-token"),
    path("auth/tokens/<uuid:token>", auth.TokenDetail.as_view(), name="token"),
    path("auth/password", auth.PasswordChange.as_view(), name="password"),
    path("me", me.Me.as_view(), name="me"),
    path("users", users.UserList.as_view(), name="users"),
    re_path(rf"^{USER}$", users.UserDetail.as_view(), name="user"),
    re_path(rf"^{USER}/second-factor$", users.UserSecondFactor.as_view(), name="user-second-factor"),
]

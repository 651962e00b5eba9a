"""The addresses of the sign-in pages. They come before the admin's, whose own sign-in page they replace."""

from django.urls import include, path

from taskflow.interfaces.web import invitations, views

urlpatterns = [
    path("", views.lead_home, name="home"),
    path("accounts/", views.show_account, name="account"),
    path("accounts/sessions/", views.manage_sessions, name="usersessions_list"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("sign-in/<str:token>/", views.open_link, name="sign-in-link"),
    path("invitations/<str:token>/", invitations.open_invitation, name="invitation-page"),
    path("admin/login/", views.enter_admin, name="admin-sign-in"),
]

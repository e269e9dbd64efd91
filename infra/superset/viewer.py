"""What a viewer may do: see the dashboards, choose in them, export. Nothing else."""

from typing import Final

NAME: Final = "Viewer"
DATABASE: Final = "Tapewatch"

_MAY: Final = {
    # What a dashboard is made of.
    ("can_read", "Dashboard"),
    ("can_read", "Chart"),
    ("can_read", "Dataset"),
    ("can_read", "Theme"),
    ("can_read", "CssTemplate"),
    ("can_dashboard", "Superset"),
    ("can_slice", "Superset"),
    ("can_explore_json", "Superset"),
    ("can_log", "Superset"),  # of which nothing is kept
    ("can_time_range", "Api"),
    ("can_query", "Api"),
    ("can_query_form_data", "Api"),
    ("can_get", "Datasource"),
    # What was chosen in it, as a link.
    ("can_read", "DashboardFilterStateRestApi"),
    ("can_write", "DashboardFilterStateRestApi"),
    ("can_read", "DashboardPermalinkRestApi"),
    ("can_write", "DashboardPermalinkRestApi"),
    ("can_dashboard_permalink", "Superset"),
    # Its rows, as a file.
    ("can_csv", "Superset"),
    ("can_view_chart_as_table", "Dashboard"),
    ("can_drill", "Dashboard"),
    ("can_get_drill_info", "Dataset"),
    # A chart by itself, from where its rows can be had as JSON; it cannot be saved.
    ("can_explore", "Superset"),
    ("can_read", "Explore"),
    ("can_read", "ExploreFormDataRestApi"),
    ("can_write", "ExploreFormDataRestApi"),
    ("can_read", "ExplorePermalinkRestApi"),
    # The list of dashboards, and who one is.
    ("menu_access", "Dashboards"),
    ("menu_access", "Home"),
    ("can_recent_activity", "Log"),
    ("can_read", "CurrentUserRestApi"),
    ("can_read", "SecurityRestApi"),  # what a change by its own hand is signed with
    ("can_userinfo", "UserDBModelView"),
    ("resetmypassword", "UserDBModelView"),
    ("can_this_form_get", "ResetMyPasswordView"),
    ("can_this_form_post", "ResetMyPasswordView"),
}


def allowed(permission: str, on: str) -> bool:
    """Return whether a viewer has a permission of Superset.

    Args:
        permission: As Superset names it.
        on: What it is about: a part of Superset, or a database.
    """
    if permission == "database_access":
        return on.startswith(f"[{DATABASE}].")
    return (permission, on) in _MAY

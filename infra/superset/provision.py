"""Set Superset up, in one process of its own environment: what is there stays.

    python -m infra.superset.provision BUNDLE

Tables of the metadata, permissions and roles, the two users, and the dashboards of the
bundle, which take the place of those with the same ids. Others are left alone.
"""

import os
import sys
from pathlib import Path
from typing import Any, Final

from infra.superset import keys
from infra.superset.viewer import NAME as VIEWER
from infra.superset.viewer import allowed

_SAYS: Final = "==> "


def provision(bundle: Path) -> None:
    """Do all of it, and say each step."""
    from superset.app import create_app

    home = Path(os.environ["TAPEWATCH_SUPERSET_HOME"])
    with create_app().app_context():
        _say("tables")
        _migrate()
        _say("permissions")
        _permit()
        _user(home, "admin", keys.ADMIN, "Admin")
        _say("dashboards")
        _import(bundle)
        _user(home, "viewer", keys.VIEWER, _viewers())


def _say(step: str) -> None:
    print(f"{_SAYS}{step}", flush=True)


def _migrate() -> None:
    from flask_migrate import upgrade

    upgrade()


def _permit() -> None:
    from superset import appbuilder, security_manager

    appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()


def _import(bundle: Path) -> None:
    """Import the bundle, as the administrator."""
    from superset import security_manager as security
    from superset.commands.importers.v1 import assets
    from superset.utils.core import override_user

    texts = {
        str(file.relative_to(bundle)): file.read_text(encoding="utf-8")
        for file in sorted(bundle.rglob("*.yaml"))
    }
    with override_user(security.find_user("admin")):
        assets.ImportAssetsCommand(texts).run()


def _viewers() -> str:
    """Make the role of those who may look and export; return its name."""
    from superset import db
    from superset import security_manager as security

    role = security.add_role(VIEWER)
    everything = security._get_all_pvms()
    role.permissions = [
        each
        for each in everything
        if allowed(each.permission.name, each.view_menu.name)
    ]
    db.session.commit()
    return VIEWER


def _user(home: Path, name: str, secret: str, role: str) -> None:
    """Make a user, or give it the password that the environment tells.

    A password that was made here is set once only, so that its user may change it.
    """
    from superset import security_manager as security

    password = keys.known(home, secret)
    user: Any = security.find_user(name)
    if user is None:
        told = name.capitalize(), "Tapewatch", f"{name}@tapewatch.invalid"
        found = security.find_role(role)
        user = security.add_user(name, *told, found, password=password.value)
        if not user:
            sys.exit(f"Superset does not take the user {name}")
    elif password.is_told:
        security.reset_password(user.id, password.value)


if __name__ == "__main__":
    provision(Path(sys.argv[1]))

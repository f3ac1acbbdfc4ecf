"""What Alembic runs: the connection comes from `sql.migrate`, which also keeps the list of what was applied."""

from typing import Any

from alembic import context
from sqlalchemy import Connection, text


def _note(*, ctx: Any, step: Any, heads: Any, run_args: Any, **_: Any) -> None:
    """Write down what was applied; a first migration makes the table itself."""
    for revision in step.up_revisions:
        ctx.connection.execute(
            text("INSERT INTO migration (version, description) VALUES (:version, :description)"),
            {"version": revision.revision, "description": revision.doc},
        )


connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, on_version_apply=_note)
context.run_migrations()

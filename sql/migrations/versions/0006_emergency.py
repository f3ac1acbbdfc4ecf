"""Alerts, social posts, incidents and their clock, the activity log, approved answers, lifelines, and the watcher's own alerts."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Run the SQL file beside this one."""
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text().replace("%", "%%"))


def downgrade() -> None:
    """Alerts and logs that nobody can write again would be lost."""
    raise NotImplementedError("restore a backup instead")

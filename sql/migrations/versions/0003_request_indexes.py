"""Indexes that keep the questions about requests as fast after many years as in the first month."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run the SQL file beside this one."""
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text().replace("%", "%%"))


def downgrade() -> None:
    """Nothing is lost by staying."""
    raise NotImplementedError("nothing has to be undone: version 0002 runs with these indexes too")

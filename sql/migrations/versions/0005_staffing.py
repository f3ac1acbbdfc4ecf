"""Demand forecasts as they were issued, volumes from elsewhere, schedules, overrides and scenarios."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Run the SQL file beside this one."""
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text().replace("%", "%%"))


def downgrade() -> None:
    """Forecasts that nobody can issue again would be lost."""
    raise NotImplementedError("restore a backup instead")

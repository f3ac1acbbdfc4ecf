"""What people tell of queues by hand while their feed is lost."""

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0006"


def upgrade() -> None:
    """Run the SQL file beside this one."""
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text().replace("%", "%%"))


def downgrade() -> None:
    """What people told would be lost."""
    raise NotImplementedError("restore a backup instead")

"""How far back what was told is still there, and leave to delete the oldest changes of the audit."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Run the SQL file beside this one."""
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text().replace("%", "%%"))


def downgrade() -> None:
    """What was deleted does not come back."""
    raise NotImplementedError("restore a backup instead")

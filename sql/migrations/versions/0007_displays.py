"""Displays that open the pages of a wall with a token of their own."""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Run the SQL file beside this one."""
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text().replace("%", "%%"))


def downgrade() -> None:
    """Tokens that nobody can make again would be lost."""
    raise NotImplementedError("restore a backup instead")

"""Webhooks: endpoints, and the log of what was sent to them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Text(), primary_key=True, comment="webhook_ + ULID"),
        sa.Column("owner", sa.Text(), nullable=False, comment="the credential of whose jobs it is told"),
        sa.Column("url", sa.Text(), comment="NULL: each job names its own"),
        sa.Column("events", sa.ARRAY(sa.Text()), nullable=False, comment="what it is told of"),
        sa.Column("description", sa.Text()),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), comment="why the gateway disabled it"),
        sa.Column("secret", sa.Text(), nullable=False, comment="whsec_ + base64; it signs, so a digest would not do"),
        sa.Column("old_secret", sa.Text(), comment="the one before"),
        sa.Column("old_secret_until", sa.DateTime(timezone=True), comment="until when that one signs too"),
        sa.Column(
            "base_url", sa.Text(), nullable=False, comment="where the owner reached the gateway; what links begin with"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        comment="the endpoints that are told when a job has ended",
    )
    op.create_index("webhooks_by_owner", "webhooks", ["owner", "id"])
    op.create_index("webhooks_without_url", "webhooks", ["owner"], unique=True, postgresql_where=sa.text("url IS NULL"))
    op.create_table(
        "webhook_deliveries",
        sa.Column(
            "id",
            sa.Text(),
            primary_key=True,
            comment="msg_ + ULID: webhook-id in every attempt; sorts by creation time",
        ),
        sa.Column("webhook_id", sa.Text(), sa.ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("video_id", sa.Text(), comment="NULL: a test"),
        sa.Column("url", sa.Text(), comment="the job's webhook_url; NULL: that of the endpoint"),
        sa.Column("payload", sa.Text(), nullable=False, comment="the body as it is signed"),
        sa.Column("status", sa.Text(), nullable=False, comment="pending, delivered, failed or cancelled"),
        sa.Column(
            "attempts",
            postgresql.JSONB(),
            nullable=False,
            server_default=sa.text("'[]'"),
            comment="[{at, status_code or error, milliseconds}]",
        ),
        sa.Column(
            "tries", sa.Integer(), nullable=False, comment="attempts since it was begun, for the first time or again"
        ),
        sa.Column("next_at", sa.DateTime(timezone=True), comment="when it is due, while it is pending"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(status = 'pending') = (next_at IS NOT NULL)", name="webhook_deliveries_pending_are_due"),
        sa.CheckConstraint(
            "status IN ('pending', 'delivered', 'failed', 'cancelled')", name="webhook_deliveries_status_known"
        ),
        comment="the messages to endpoints, and every attempt to deliver them",
    )
    op.create_index("webhook_deliveries_by_webhook", "webhook_deliveries", ["webhook_id", "id"])
    for name, columns in (
        ("webhook_deliveries_due", ["next_at", "webhook_id"]),
        ("webhook_deliveries_due_by_webhook", ["webhook_id", "next_at"]),
    ):
        op.create_index(name, "webhook_deliveries", columns, postgresql_where=sa.text("next_at IS NOT NULL"))


def downgrade() -> None:
    raise NotImplementedError("reelgate migrates forwards only: restore a backup instead")

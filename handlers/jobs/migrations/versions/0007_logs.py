"""The logs of requests and jobs, partitioned by the time that their ids say"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INDEXES = {
    "logs_by_owner": ("owner", None),
    "logs_by_provider": ("provider", None),
    "logs_by_model": ("model", None),
    "logs_by_key": ("key", None),
    "logs_by_object": ("object", None),
    "logs_by_status": ("status", None),
    "logs_by_error_code": ("error_code", "error_code IS NOT NULL"),
    "logs_by_video": ("video_id", "video_id IS NOT NULL"),
    "logs_by_request": ("request_id", "request_id IS NOT NULL"),
    "logs_by_latency": ("latency_ms", None),
    "logs_by_cost": ("cost_usd", "cost_usd IS NOT NULL"),
}
"""Name -> what comes before the id, and for which rows."""


def upgrade() -> None:
    op.create_table(
        "logs",
        sa.Column(
            "id",
            sa.Text(collation="C"),
            nullable=False,
            comment="log_ + ULID of `at`: a range of ids is one of time",
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="when the request came, or the job ended"),
        sa.Column("kind", sa.Text(), nullable=False, comment="request or job"),
        sa.Column("object", sa.Text(), comment="the operation; NULL: the contract has none like it"),
        sa.Column("status", sa.Text(), nullable=False, comment="success, error or processing"),
        sa.Column("status_code", sa.Integer(), comment="of the answer; NULL: there was none"),
        sa.Column("error_code", sa.Text()),
        sa.Column("error", sa.Text(), comment="for people"),
        sa.Column("owner", sa.Text(), comment="the credential; NULL: none, or none that is known"),
        sa.Column("virtual_key_name", sa.Text()),
        sa.Column("team_id", sa.Text()),
        sa.Column("customer_id", sa.Text()),
        sa.Column("provider", sa.Text()),
        sa.Column("model", sa.Text(), comment="the provider's own name of the model"),
        sa.Column("key", sa.Text(), comment="name of the provider key"),
        sa.Column("video_id", sa.Text(), comment="joins the request that made a job with the job"),
        sa.Column("request_id", sa.Text()),
        sa.Column(
            "latency_ms",
            sa.Float(),
            nullable=False,
            comment="of the request until its last byte, or of the job's whole life",
        ),
        sa.Column("upstream_latency_ms", sa.Float(), comment="of it, while the provider was asked to take the job"),
        sa.Column("attempts", sa.JSON()),
        sa.Column("cost_usd", sa.Numeric(18, 6), comment="of a job; NULL: it is not known, which is not zero"),
        sa.Column("seconds", sa.Float(), comment="of video"),
        sa.Column("content", sa.Text(), comment="the prompt; NULL: it is none of the log's business"),
        sa.Column("dims", sa.JSON(), comment="{name: value} of the caller's x-bf-dim- headers"),
        sa.CheckConstraint("kind IN ('request', 'job')", name="logs_kind_known"),
        sa.CheckConstraint("status IN ('success', 'error', 'processing')", name="logs_status_known"),
        sa.PrimaryKeyConstraint("id"),
        postgresql_partition_by="RANGE (id)",
        comment="who asked for what, and what came of it",
    )
    for name, (column, condition) in INDEXES.items():
        where = sa.text(condition) if condition is not None else None
        op.create_index(name, "logs", [column, "id"], postgresql_where=where)
    op.create_index("logs_without_cost", "logs", ["id"], postgresql_where=sa.text("kind = 'job' AND cost_usd IS NULL"))
    op.create_index(
        "logs_by_words",
        "logs",
        [sa.text("to_tsvector('simple', content)")],
        postgresql_using="gin",
        postgresql_where=sa.text("content IS NOT NULL"),
    )
    op.execute("CREATE TABLE logs_default PARTITION OF logs DEFAULT")


def downgrade() -> None:
    raise NotImplementedError("reelgate migrates forwards only: restore a backup instead")

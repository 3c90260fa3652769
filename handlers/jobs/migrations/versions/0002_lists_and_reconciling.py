"""Filters of the list, reconciling, and placing a job again"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATUS = """CASE WHEN state IN ('submitting', 'queued') OR (state = 'unknown' AND reconcile_at IS NOT NULL) THEN 'queued'
    WHEN state = 'unknown' THEN 'failed' ELSE state END"""


def upgrade() -> None:
    op.add_column(
        "jobs",
        sa.Column(
            "reconcile_at",
            sa.DateTime(timezone=True),
            comment="when the provider is asked next what became of it after all; never if NULL",
        ),
    )
    op.add_column(
        "jobs", sa.Column("status", sa.Text(), sa.Computed(STATUS, persisted=True), comment="what callers see")
    )
    op.drop_index("jobs_by_owner", "jobs")
    op.drop_index("jobs_by_owner_and_provider", "jobs")
    for name, columns in (
        ("jobs_by_owner", ["owner"]),
        ("jobs_by_owner_and_provider", ["owner", "provider"]),
        ("jobs_by_owner_and_model", ["owner", "provider", "model"]),
        ("jobs_by_owner_and_status", ["owner", "status"]),
    ):
        op.create_index(
            name, "jobs", [*columns, sa.text('id COLLATE "C"')], postgresql_where=sa.text("deleted_at IS NULL")
        )
    op.drop_index("jobs_unfinished", "jobs")
    op.create_index(
        "jobs_unfinished",
        "jobs",
        ["state", "updated_at"],
        postgresql_where=sa.text("state IN ('submitting', 'queued', 'in_progress', 'unknown')"),
    )
    op.create_index("jobs_to_reconcile", "jobs", ["reconcile_at"], postgresql_where=sa.text("reconcile_at IS NOT NULL"))
    op.create_table(
        "job_tags",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
        comment="the metadata of jobs, for the list to be filtered by",
    )
    op.create_index(
        "job_tags_by_value", "job_tags", ["owner", "name", "value", sa.text('job_id COLLATE "C"')], unique=True
    )
    op.create_table(
        "job_plans",
        sa.Column("job_id", sa.Text(), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("request", sa.JSON(), nullable=False, comment="the whole request, images and all"),
        sa.Column("wishes", sa.JSON(), nullable=False, comment="how it wants to be served"),
        comment="what is needed to place a job again that fails after it was accepted; gone once the job has ended",
    )


def downgrade() -> None:
    raise NotImplementedError("reelgate migrates forwards only: restore a backup instead")

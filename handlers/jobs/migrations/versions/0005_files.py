"""The files of finished jobs, and the state of a job whose file is being fetched"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATUS = """CASE WHEN state IN ('submitting', 'queued') OR (state = 'unknown' AND reconcile_at IS NOT NULL) THEN 'queued'
    WHEN state = 'unknown' THEN 'failed' WHEN state = 'storing' THEN 'in_progress' ELSE state END"""
STATES = "'submitting', 'queued', 'in_progress', 'storing', 'unknown', 'completed', 'failed'"


def upgrade() -> None:
    op.create_table(
        "files",
        sa.Column("job_id", sa.Text(), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("variant", sa.Text(), primary_key=True, comment="video, thumbnail or spritesheet"),
        sa.Column("key", sa.Text(), nullable=False, comment="its name where it is kept"),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes"),
        sa.Column("sha256", sa.Text(), nullable=False, comment="of its bytes, in hexadecimal; its ETag"),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column(
            "store",
            sa.Text(),
            comment="the URL of the archive that has it; NULL: none, at most the caches of machines",
        ),
        sa.Column("delete_at", sa.DateTime(timezone=True), comment="when it has been kept for long enough"),
        sa.Column("deleted_at", sa.DateTime(timezone=True), comment="when it was deleted; what it was stays known"),
        sa.CheckConstraint("variant IN ('video', 'thumbnail', 'spritesheet')", name="files_variant_known"),
        comment="the files of finished jobs, by what is known of their bytes",
    )
    op.create_index(
        "files_to_delete",
        "files",
        ["delete_at"],
        postgresql_where=sa.text("delete_at IS NOT NULL AND deleted_at IS NULL"),
    )
    op.drop_constraint("jobs_state_known", "jobs")
    op.create_check_constraint("jobs_state_known", "jobs", f"state IN ({STATES})")
    # What a computed column says can be changed in place from PostgreSQL 17 on only.
    op.drop_index("jobs_by_owner_and_status", "jobs")
    op.drop_column("jobs", "status")
    op.add_column(
        "jobs", sa.Column("status", sa.Text(), sa.Computed(STATUS, persisted=True), comment="what callers see")
    )
    op.create_index(
        "jobs_by_owner_and_status",
        "jobs",
        ["owner", "status", sa.text('id COLLATE "C"')],
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("jobs_to_follow", "jobs")
    op.create_index(
        "jobs_to_follow",
        "jobs",
        ["id"],
        postgresql_where=sa.text(
            "worker IS NULL AND deleted_at IS NULL AND state IN ('queued', 'in_progress', 'storing')"
        ),
    )


def downgrade() -> None:
    raise NotImplementedError("reelgate migrates forwards only: restore a backup instead")

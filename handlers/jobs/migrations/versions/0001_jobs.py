"""The ledger, and the trigger that tells of its changes"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text(), primary_key=True, comment="video_ + ULID: sorts by creation time"),
        sa.Column("owner", sa.Text(), nullable=False, comment="the credential that made the job"),
        sa.Column("kind", sa.Text(), nullable=False, comment="generation or remix"),
        sa.Column("state", sa.Text(), nullable=False, comment="see states.py"),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False, comment="the provider's own name of the model"),
        sa.Column("deployment", sa.Text(), comment="the name under which the key has the model, where that is another"),
        sa.Column("key", sa.Text(), comment="name of the provider key that made the job; every later call uses it"),
        sa.Column("base_url", sa.Text(), comment="where that key made it"),
        sa.Column("native_id", sa.Text(), comment="the provider's own id"),
        sa.Column("source_id", sa.Text(), comment="the job this one remixes"),
        sa.Column(
            "request",
            sa.JSON(),
            nullable=False,
            comment="the request as it came, images replaced by their digest",
        ),
        sa.Column("attempts", sa.JSON(), nullable=False, server_default=sa.text("'[]'")),
        sa.Column("progress", sa.Float(), comment="percent, as the provider reports it"),
        sa.Column("provider_status", sa.Text(), comment="the provider's word, when it is not one we know"),
        sa.Column("seconds", sa.Text()),
        sa.Column("size", sa.Text()),
        sa.Column("outputs", sa.JSON(), nullable=False, server_default=sa.text("'[]'")),
        sa.Column("error", sa.JSON(), comment="{code, message}"),
        sa.Column("content_filter", sa.JSON(), comment="{filtered_count, reasons}"),
        sa.Column("cost_usd", sa.Float(), comment="the provider's own figure"),
        sa.Column("idempotency_key", sa.Text(), comment="the caller's word for this create"),
        sa.Column("fingerprint", sa.Text(), comment="what was asked for with that key"),
        sa.Column("answer", sa.JSON(), comment="how it was answered, for those who ask again with that key"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "deadline_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when a job that does not end is given up",
        ),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.Column("expires_at", sa.DateTime(timezone=True), comment="when the provider drops the file"),
        sa.Column("deleted_at", sa.DateTime(timezone=True), comment="the row stays for the accounts"),
        sa.CheckConstraint(
            "state IN ('submitting', 'queued', 'in_progress', 'unknown', 'completed', 'failed')",
            name="jobs_state_known",
        ),
    )
    op.create_index("jobs_by_owner", "jobs", ["owner", "id"])
    op.create_index("jobs_by_owner_and_provider", "jobs", ["owner", "provider", "id"])
    op.create_index(
        "jobs_by_idempotency_key",
        "jobs",
        ["owner", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_index("jobs_by_native_id", "jobs", ["native_id", "provider"])
    op.create_index(
        "jobs_unfinished",
        "jobs",
        ["state", "updated_at"],
        postgresql_where=sa.text("state IN ('submitting', 'queued', 'in_progress')"),
    )
    op.execute("""
        CREATE FUNCTION reelgate_tell_job_changed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('reelgate_jobs', NEW.id);
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER jobs_changed AFTER UPDATE ON jobs
        FOR EACH ROW EXECUTE FUNCTION reelgate_tell_job_changed()
    """)


def downgrade() -> None:
    raise NotImplementedError("reelgate migrates forwards only: restore a backup instead")

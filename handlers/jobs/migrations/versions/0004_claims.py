"""Which process works on what. Procrastinate's tables, which said so before, go"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WORKER = "the process that works on it; nobody if NULL"


def upgrade() -> None:
    op.execute("""
        DO $$ DECLARE ours text; BEGIN
            FOR ours IN SELECT format('TABLE %I', tablename) FROM pg_tables
                    WHERE schemaname = current_schema AND starts_with(tablename, 'procrastinate_')
                UNION ALL SELECT format('FUNCTION %s', p.oid::regprocedure) FROM pg_proc p
                    WHERE p.pronamespace = current_schema::regnamespace AND starts_with(p.proname, 'procrastinate_')
                UNION ALL SELECT format('TYPE %I', t.typname) FROM pg_type t
                    WHERE t.typnamespace = current_schema::regnamespace AND t.typtype = 'e'
                    AND starts_with(t.typname, 'procrastinate_')
            LOOP
                EXECUTE format('DROP %s CASCADE', ours);
            END LOOP;
        END $$
    """)
    op.create_table(
        "workers",
        sa.Column("id", sa.Text(), primary_key=True, comment="a ULID for each life of a process"),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False, comment="by the clock of the database"),
        comment="the processes that work on jobs",
    )
    for table in ("jobs", "webhooks"):
        op.add_column(
            table,
            sa.Column("worker", sa.Text(), sa.ForeignKey("workers.id", ondelete="SET NULL"), comment=WORKER),
        )
        op.create_index(f"{table}_by_worker", table, ["worker"], postgresql_where=sa.text("worker IS NOT NULL"))
    op.create_index(
        "jobs_to_follow",
        "jobs",
        ["id"],
        postgresql_where=sa.text("worker IS NULL AND deleted_at IS NULL AND state IN ('queued', 'in_progress')"),
    )
    # To claim a job, or to put off when to ask about it, is no change that anybody has to hear of; one by hand is.
    op.execute("DROP TRIGGER jobs_changed ON jobs")
    op.execute("""
        CREATE TRIGGER jobs_changed AFTER UPDATE ON jobs
        FOR EACH ROW WHEN (
            OLD.updated_at <> NEW.updated_at
            OR (OLD.worker IS NOT DISTINCT FROM NEW.worker AND OLD.reconcile_at IS NOT DISTINCT FROM NEW.reconcile_at)
        )
        EXECUTE FUNCTION reelgate_tell_job_changed()
    """)


def downgrade() -> None:
    raise NotImplementedError("reelgate migrates forwards only: restore a backup instead")

"""The ledger's table. The migrations in `migrations/` make it; `alembic check` compares the two."""

from __future__ import annotations

from sqlalchemy import JSON, CheckConstraint, Column, DateTime, Float, Index, MetaData, Table, Text, text

from .states import NEXT

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True, comment="video_ + ULID: sorts by creation time"),
    Column("owner", Text, nullable=False, comment="the credential that made the job"),
    Column("kind", Text, nullable=False, comment="generation or remix"),
    Column("state", Text, nullable=False, comment="see states.py"),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False, comment="the provider's own name of the model"),
    Column("deployment", Text, comment="the name under which the key has the model, where that is another"),
    Column("key", Text, comment="name of the provider key that made the job; every later call uses it"),
    Column("base_url", Text, comment="where that key made it"),
    Column("native_id", Text, comment="the provider's own id"),
    Column("source_id", Text, comment="the job this one remixes"),
    # JSON and not JSONB: text may hold U+0000, which JSONB refuses.
    Column("request", JSON, nullable=False, comment="the request as it came, images replaced by their digest"),
    Column("attempts", JSON, nullable=False, server_default=text("'[]'")),
    Column("progress", Float, comment="percent, as the provider reports it"),
    Column("provider_status", Text, comment="the provider's word, when it is not one we know"),
    Column("seconds", Text),
    Column("size", Text),
    Column("outputs", JSON, nullable=False, server_default=text("'[]'")),
    Column("error", JSON, comment="{code, message}"),
    Column("content_filter", JSON, comment="{filtered_count, reasons}"),
    Column("cost_usd", Float, comment="the provider's own figure"),
    Column("idempotency_key", Text, comment="the caller's word for this create"),
    Column("fingerprint", Text, comment="what was asked for with that key"),
    Column("answer", JSON, comment="how it was answered, for those who ask again with that key"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column(
        "deadline_at",
        DateTime(timezone=True),
        nullable=False,
        comment="when a job that does not end is given up",
    ),
    Column("completed_at", DateTime(timezone=True)),
    Column("expires_at", DateTime(timezone=True), comment="when the provider drops the file"),
    Column("deleted_at", DateTime(timezone=True), comment="the row stays for the accounts"),
    CheckConstraint(f"state IN ({', '.join(repr(state) for state in NEXT)})", name="jobs_state_known"),
    Index("jobs_by_owner", "owner", "id"),
    Index("jobs_by_owner_and_provider", "owner", "provider", "id"),
    Index(
        "jobs_by_idempotency_key",
        "owner",
        "idempotency_key",
        unique=True,
        postgresql_where=text("idempotency_key IS NOT NULL"),
    ),
    Index("jobs_by_native_id", "native_id", "provider"),
    Index(
        "jobs_unfinished",
        "state",
        "updated_at",
        postgresql_where=text("state IN ('submitting', 'queued', 'in_progress')"),
    ),
)

CHANGED = "reelgate_jobs"
"""The NOTIFY channel on which a trigger tells every process the id of a job that changed."""

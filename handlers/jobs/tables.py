"""The ledger's tables. The migrations in `migrations/` make it; `alembic check` compares the two."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from .states import NEXT

metadata = MetaData()

STATUS = """CASE WHEN state IN ('submitting', 'queued') OR (state = 'unknown' AND reconcile_at IS NOT NULL) THEN 'queued'
    WHEN state = 'unknown' THEN 'failed' WHEN state = 'storing' THEN 'in_progress' ELSE state END"""
"""What `Job.status` says, in SQL."""

LISTED = text("deleted_at IS NULL")

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True, comment="a ULID for each life of a process"),
    Column("seen_at", DateTime(timezone=True), nullable=False, comment="by the clock of the database"),
    comment="the processes that work on jobs",
)

WORKER = "the process that works on it; nobody if NULL"

BYTEWISE = "C"
"""The collation in which lists are ordered, whatever that of the database is.

It is not that of the primary key, so that PostgreSQL cannot take that for a list: it would, where it thinks that most jobs fit,
and then read all that do not, which are a million if it is mistaken.
"""

PLACE = text('id COLLATE "C"')

PLACE_OF_ALL = text('substr(id, 7) COLLATE "C"')
"""The place in the list of everybody's jobs: the id without what all ids begin with, so that no other list is taken for it."""

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
    Column(
        "estimate_usd",
        Numeric(18, 6),
        comment="what it was expected to cost when it was placed; NULL: no price is known",
    ),
    Column("cost_usd", Numeric(18, 6), comment="the provider's own figure; once it is settled, what it cost"),
    Column("tokens", JSON, comment="{of what: how many} that are charged, as the provider has counted them"),
    Column("price", JSON, comment="by which it is priced, as pricing.py writes it"),
    Column("holds", JSON, comment="{id of a meter: how much of it}: what is reserved, or was until it was settled"),
    Column("settled_at", DateTime(timezone=True), comment="when `holds` became what it cost; NULL: they still are"),
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
    Column(
        "reconcile_at",
        DateTime(timezone=True),
        comment="when the provider is asked next what became of it after all; never if NULL",
    ),
    Column("status", Text, Computed(STATUS, persisted=True), comment="what callers see"),
    Column("worker", Text, ForeignKey("workers.id", ondelete="SET NULL"), comment=WORKER),
    CheckConstraint(f"state IN ({', '.join(repr(state) for state in NEXT)})", name="jobs_state_known"),
    # One for each way to page through the list. Deleted jobs are in none of them, so they cost a page nothing.
    Index("jobs_by_owner", "owner", PLACE, postgresql_where=LISTED),
    Index("jobs_by_owner_and_provider", "owner", "provider", PLACE, postgresql_where=LISTED),
    Index("jobs_by_owner_and_model", "owner", "provider", "model", PLACE, postgresql_where=LISTED),
    Index("jobs_by_owner_and_status", "owner", "status", PLACE, postgresql_where=LISTED),
    Index(
        "jobs_by_idempotency_key",
        "owner",
        "idempotency_key",
        unique=True,
        postgresql_where=text("idempotency_key IS NOT NULL"),
    ),
    Index("jobs_by_native_id", "native_id", "provider"),
    Index("jobs_of_all", PLACE_OF_ALL, postgresql_where=LISTED),
    Index("jobs_to_settle", "updated_at", postgresql_where=text("holds IS NOT NULL AND settled_at IS NULL")),
    Index(
        "jobs_unfinished",
        "state",
        "updated_at",
        postgresql_where=text("state IN ('submitting', 'queued', 'in_progress', 'unknown')"),
    ),
    Index(
        "jobs_to_follow",
        "id",
        postgresql_where=text(
            "worker IS NULL AND deleted_at IS NULL AND state IN ('queued', 'in_progress', 'storing')"
        ),
    ),
    Index("jobs_by_worker", "worker", postgresql_where=text("worker IS NOT NULL")),
    Index("jobs_to_reconcile", "reconcile_at", postgresql_where=text("reconcile_at IS NOT NULL")),
)

tags = Table(
    "job_tags",
    metadata,
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Index("job_tags_by_value", "owner", "name", "value", text('job_id COLLATE "C"'), unique=True),
    comment="the metadata of jobs, for the list to be filtered by",
)

files = Table(
    "files",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id"), primary_key=True),
    Column("variant", Text, primary_key=True, comment="video, thumbnail or spritesheet"),
    Column("key", Text, nullable=False, comment="its name where it is kept"),
    Column("size", BigInteger, nullable=False, comment="bytes"),
    Column("sha256", Text, nullable=False, comment="of its bytes, in hexadecimal; its ETag"),
    Column("media_type", Text, nullable=False),
    Column("store", Text, comment="the URL of the archive that has it; NULL: none, at most the caches of machines"),
    Column("delete_at", DateTime(timezone=True), comment="when it has been kept for long enough"),
    Column("deleted_at", DateTime(timezone=True), comment="when it was deleted; what it was stays known"),
    Index("files_to_delete", "delete_at", postgresql_where=text("delete_at IS NOT NULL AND deleted_at IS NULL")),
    CheckConstraint("variant IN ('video', 'thumbnail', 'spritesheet')", name="files_variant_known"),
    comment="the files of finished jobs, by what is known of their bytes",
)

plans = Table(
    "job_plans",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("request", JSON, nullable=False, comment="the whole request, images and all"),
    Column("wishes", JSON, nullable=False, comment="how it wants to be served"),
    comment="what is needed to place a job again that fails after it was accepted; gone once the job has ended",
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Text, primary_key=True, comment="webhook_ + ULID"),
    Column("owner", Text, nullable=False, comment="the credential of whose jobs it is told"),
    Column("url", Text, comment="NULL: each job names its own"),
    Column("events", ARRAY(Text), nullable=False, comment="what it is told of"),
    Column("description", Text),
    Column("enabled", Boolean, nullable=False),
    Column("disabled_reason", Text, comment="why the gateway disabled it"),
    Column("secret", Text, nullable=False, comment="whsec_ + base64; it signs, so a digest would not do"),
    Column("old_secret", Text, comment="the one before"),
    Column("old_secret_until", DateTime(timezone=True), comment="until when that one signs too"),
    Column("base_url", Text, nullable=False, comment="where the owner reached the gateway; what links begin with"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("worker", Text, ForeignKey("workers.id", ondelete="SET NULL"), comment=WORKER),
    Index("webhooks_by_owner", "owner", "id"),
    Index("webhooks_without_url", "owner", unique=True, postgresql_where=text("url IS NULL")),
    Index("webhooks_by_worker", "worker", postgresql_where=text("worker IS NOT NULL")),
    comment="the endpoints that are told when a job has ended",
)

deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", Text, primary_key=True, comment="msg_ + ULID: webhook-id in every attempt; sorts by creation time"),
    Column("webhook_id", Text, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("event", Text, nullable=False),
    Column("video_id", Text, comment="NULL: a test"),
    Column("url", Text, comment="the job's webhook_url; NULL: that of the endpoint"),
    Column("payload", Text, nullable=False, comment="the body as it is signed"),
    Column("status", Text, nullable=False, comment="pending, delivered, failed or cancelled"),
    Column(
        "attempts",
        JSONB,
        nullable=False,
        server_default=text("'[]'"),
        comment="[{at, status_code or error, milliseconds}]",
    ),
    Column("tries", Integer, nullable=False, comment="attempts since it was begun, for the first time or again"),
    Column("next_at", DateTime(timezone=True), comment="when it is due, while it is pending"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("(status = 'pending') = (next_at IS NOT NULL)", name="webhook_deliveries_pending_are_due"),
    CheckConstraint(
        "status IN ('pending', 'delivered', 'failed', 'cancelled')", name="webhook_deliveries_status_known"
    ),
    Index("webhook_deliveries_by_webhook", "webhook_id", "id"),
    # The one is for those who look for endpoints to serve, the other for those who serve one.
    Index("webhook_deliveries_due", "next_at", "webhook_id", postgresql_where=text("next_at IS NOT NULL")),
    Index("webhook_deliveries_due_by_webhook", "webhook_id", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    comment="the messages to endpoints, and every attempt to deliver them",
)

CHANGED = "reelgate_jobs"
"""The NOTIFY channel on which a trigger tells every process the id of a job that changed."""

WOKEN = "reelgate_wakes"
"""The NOTIFY channel on which the process that follows a job is told its id when it is to ask about it at once."""
